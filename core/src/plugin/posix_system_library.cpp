// SPDX-License-Identifier: MIT
#include <dlfcn.h>

#include "plugin/system_library.hpp"

namespace skep {

Result<void> find_system_library(const std::string& soname) {
    // Already there: nothing needs to be opened.
    void* handle = ::dlopen(soname.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (handle == nullptr) handle = ::dlopen(soname.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const text = ::dlerror();
        return Error(
            SKEP_REQUIREMENT_NOT_MET,
            "requires driver library '" + soname + "': " + (text == nullptr ? "not found" : text),
            SKEP_LAYER_LOADER);
    }
    ::dlclose(handle);
    return {};
}

}  // namespace skep
