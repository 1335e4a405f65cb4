// SPDX-License-Identifier: MIT
#include "support/base_rows.hpp"

#include "support/library.hpp"

namespace skep::cli {

BaseRows::BaseRows(const std::string& path, const std::string& dtype_name) : file_(path) {
    if (dtype_name.empty()) return;
    skep_dtype dtype = SKEP_DTYPE_F32;
    call(skep_dtype_from_name, dtype_name.c_str(), &dtype);
    if (dtype != file_.rows().dtype) rounded_.emplace(rounded(file_.rows(), dtype));
}

}  // namespace skep::cli
