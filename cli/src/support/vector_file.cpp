// SPDX-License-Identifier: MIT
#include "support/vector_file.hpp"

#include "support/library.hpp"

namespace skep::cli {

VectorFile::VectorFile(const std::string& path) {
    skep_vectors* handle = nullptr;
    call(skep_vectors_open, path.c_str(), &handle);
    handle_.reset(handle);
    rows_.struct_size = sizeof rows_;
    call(skep_vectors_view, handle, &rows_);
}

}  // namespace skep::cli
