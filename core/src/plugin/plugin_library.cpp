// SPDX-License-Identifier: MIT
#define BOOST_DLL_USE_STD_FS
#include "plugin/plugin_library.hpp"

#include <boost/dll/shared_library.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "plugin/elf_image.hpp"

namespace skep {
namespace {

using FileNumber = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

// Never destroyed: nothing may be closed while the process exits.
struct OpenedLibraries {
    std::mutex mutex;
    std::map<FileNumber, std::shared_ptr<const PluginLibrary>> by_file;
};
OpenedLibraries& opened_libraries() {
    static OpenedLibraries* const libraries = new OpenedLibraries();
    return *libraries;
}

}  // namespace

struct PluginLibrary::Handle {
    boost::dll::shared_library library;
};

PluginLibrary::PluginLibrary(std::string path, std::unique_ptr<Handle> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {
}

PluginLibrary::~PluginLibrary() = default;

std::size_t PluginLibrary::num_opened() {
    OpenedLibraries& opened = opened_libraries();
    const std::lock_guard lock(opened.mutex);
    return opened.by_file.size();
}

Result<std::shared_ptr<const PluginLibrary>> PluginLibrary::open(const std::string& path,
                                                                 const FileIdentity& identity) {
    if (path.empty() || path[0] != '/') {
        return Error(SKEP_PATH_NOT_TRUSTED,
                     "open library: '" + path +
                         "' is no absolute path; a bare name would be looked up along the system's "
                         "search path",
                     SKEP_LAYER_LOADER);
    }
    OpenedLibraries& opened = opened_libraries();
    const std::lock_guard lock(opened.mutex);
    const FileNumber number{identity.device, identity.inode};
    const auto known = opened.by_file.find(number);
    if (known != opened.by_file.end()) return known->second;

    if (const Result<void> whole = check_elf_image(path); !whole) return whole.error();
    auto handle = std::make_unique<Handle>();
    try {
        handle->library.load(path,
                             boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    } catch (const boost::dll::fs::system_error& error) {
        return Error(SKEP_LIBRARY_NOT_LOADABLE, "open library: '" + path + "': " + error.what(),
                     SKEP_LAYER_LOADER, error.code().value());
    }
    std::shared_ptr<PluginLibrary> library(new PluginLibrary(path, std::move(handle)));
    boost::dll::shared_library& loaded = library->handle_->library;
    if (!loaded.has(SKEP_BACKEND_ENTRY_SYMBOL)) {
        // Destroying it here closes it again: a refused library leaves nothing behind.
        return Error(SKEP_ENTRY_SYMBOL_MISSING,
                     "open library: '" + path + "' exports no " SKEP_BACKEND_ENTRY_SYMBOL,
                     SKEP_LAYER_LOADER);
    }
    library->entry_ =
        &loaded.get<skep_status(const skep_backend_request*, skep_backend_answer*, skep_error*)>(
            SKEP_BACKEND_ENTRY_SYMBOL);
    opened.by_file.emplace(number, library);
    return std::shared_ptr<const PluginLibrary>(std::move(library));
}

}  // namespace skep
