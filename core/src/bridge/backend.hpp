// SPDX-License-Identifier: MIT
// A loaded backend as a C++ object: its complete operation table, its handle, and the library that
// must stay open.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <string>

#include "skep/result.hpp"

namespace skep {

class Backend : public std::enable_shared_from_this<Backend> {
  public:
    // `operations` is complete: absent optional entries are stubs (plugin/operation_table.hpp).
    // `host` outlives the Backend. `library` keeps the code mapped; empty for the built-in backend.
    static Result<std::shared_ptr<Backend>> create(std::string name,
                                                   const skep_backend_operations& operations,
                                                   const skep_host_services& host,
                                                   std::shared_ptr<const void> library);
    ~Backend();
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const skep_backend_operations& operations() const { return operations_; }
    [[nodiscard]] skep_backend* handle() const { return handle_; }
    [[nodiscard]] const skep_host_services& host() const { return host_; }

    Result<void> probe() const;
    Result<std::uint32_t> device_count() const;
    // Fills in id and backend name where the plugin left them empty. Free memory may be missing.
    Result<skep_device_info> device_info(std::uint32_t ordinal) const;
    // The same with the memory of this moment: tens of milliseconds where that takes a library.
    Result<skep_device_info> device_info_with_memory(std::uint32_t ordinal) const;

  private:
    Backend(std::string name, const skep_backend_operations& operations,
            const skep_host_services& host, std::shared_ptr<const void> library);

    std::string name_;
    skep_backend_operations operations_;
    const skep_host_services& host_;
    std::shared_ptr<const void> library_;
    skep_backend* handle_ = nullptr;
};

}  // namespace skep
