// SPDX-License-Identifier: MIT
// An opened file of vectors.
#pragma once

#include <memory>
#include <skep/skep.hpp>
#include <string>

namespace skep::cli {

class VectorFile {
  public:
    // Throws: not there, no format of ours, damaged.
    explicit VectorFile(const std::string& path);

    // In place: valid while this object is.
    [[nodiscard]] const skep_matrix& rows() const noexcept { return rows_; }

  private:
    struct Close {
        void operator()(skep_vectors* vectors) const noexcept { skep_vectors_close(vectors); }
    };
    std::unique_ptr<skep_vectors, Close> handle_;
    skep_matrix rows_{};
};

}  // namespace skep::cli
