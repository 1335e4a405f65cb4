// SPDX-License-Identifier: MIT
// The rows of a vector file in the element type that they shall have.
#pragma once

#include <optional>
#include <skep/skep.hpp>
#include <string>

#include "support/matrix.hpp"
#include "support/vector_file.hpp"

namespace skep::cli {

class BaseRows {
  public:
    // dtype_name: as skep_dtype_from_name takes it; empty for the file's own type, whose rows are
    // used in place. Throws where the file cannot be read or a component is out of range.
    BaseRows(const std::string& path, const std::string& dtype_name);

    [[nodiscard]] skep_matrix view() const { return rounded_ ? rounded_->view() : file_.rows(); }

  private:
    VectorFile file_;
    std::optional<DenseMatrix> rounded_;
};

}  // namespace skep::cli
