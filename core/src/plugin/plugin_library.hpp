// SPDX-License-Identifier: MIT
// An opened library of a backend. Resolved at once, symbols local, once per process whatever names
// lead to it, never closed: code may be on the stack of any thread, and thread-locals of it may
// outlive every handle (HOST-10).
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <string>

#include "plugin/file_trust.hpp"
#include "skep/result.hpp"

namespace skep {

class PluginLibrary {
  public:
    // `path` is absolute: a bare name would send the dynamic linker searching. `identity` is what
    // was trusted. SKEP_LIBRARY_NOT_LOADABLE carries the linker's text, SKEP_ENTRY_SYMBOL_MISSING
    // the path.
    static Result<std::shared_ptr<const PluginLibrary>> open(const std::string& path,
                                                             const FileIdentity& identity);
    ~PluginLibrary();
    PluginLibrary(const PluginLibrary&) = delete;
    PluginLibrary& operator=(const PluginLibrary&) = delete;

    [[nodiscard]] skep_backend_entry_fn entry() const { return entry_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    // How many libraries this process has opened through open(), repeats not counted.
    static std::size_t num_opened();

  private:
    struct Handle;
    PluginLibrary(std::string path, std::unique_ptr<Handle> handle);

    std::string path_;
    std::unique_ptr<Handle> handle_;
    skep_backend_entry_fn entry_ = nullptr;
};

}  // namespace skep
