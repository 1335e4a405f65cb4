// SPDX-License-Identifier: MIT
// Files of vectors: opened in place, written whole.
#pragma once

#include <skep/types.h>

#include <memory>
#include <string>

#include "io/mapped_file.hpp"
#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

// A mapped vector file whose header was found true.
class VectorFile {
  public:
    static Result<std::unique_ptr<VectorFile>> open(const std::string& path);

    // In place, so that data may be unaligned and rows may have a gap between them.
    [[nodiscard]] const skep_matrix& rows() const { return rows_; }

  private:
    explicit VectorFile(const File& file);

    MappedFile mapping_;
    skep_matrix rows_{};
};

// `rows`: host memory, valid. Converts to the format's element type where that loses nothing; the
// first component that it would change fails the call. Appears whole or not at all.
Result<void> write_vector_file(const std::string& path, const skep_matrix& rows,
                               CallControl& control);

}  // namespace skep
