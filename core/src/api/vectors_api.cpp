// SPDX-License-Identifier: MIT
// skep_vectors_*: files of vectors.
#include <fmt/format.h>
#include <skep/evaluation.h>

#include <memory>

#include "api/arguments.hpp"
#include "collection/validation.hpp"
#include "io/vector_file.hpp"
#include "skep/common/guard.hpp"

// The C handle.
struct skep_vectors {
    std::unique_ptr<skep::VectorFile> file;
};

namespace skep {
namespace {

void check_rows(const Arguments& arguments, const skep_matrix& rows) {
    if (element_bytes(rows.dtype) == 0) {
        throw arguments.error(SKEP_UNSUPPORTED_TYPE,
                              fmt::format("rows.dtype is {}; expected a skep_dtype", rows.dtype));
    }
    if (rows.dim == 0 || rows.dim > SKEP_MAX_DIM) {
        throw arguments.error(
            SKEP_INVALID_DIMENSION,
            fmt::format("rows.dim is {}; expected 1 to {}", rows.dim, SKEP_MAX_DIM));
    }
    check_matrix(arguments.function(), "rows", rows, rows.dim, {}).value();
}

}  // namespace
}  // namespace skep

skep_status skep_vectors_open(const char* path, skep_vectors** out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_vectors_open");
        arguments.require(path, "path");
        arguments.require(out, "out");
        auto vectors = std::make_unique<skep_vectors>();
        vectors->file = skep::VectorFile::open(path).value();
        *out = vectors.release();
        return {};
    });
}

skep_status skep_vectors_view(const skep_vectors* vectors, skep_matrix* out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_vectors_view");
        arguments.require(vectors, "vectors");
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_matrix, data), "out");
        skep::write_struct(out, vectors->file->rows());
        return {};
    });
}

void skep_vectors_close(skep_vectors* vectors) {
    delete vectors;
}

skep_status skep_vectors_write(const char* path, const skep_matrix* rows,
                               const skep_call_options* call, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_vectors_write");
        arguments.require(path, "path");
        const skep_matrix matrix =
            arguments.read(rows, SKEP_SIZE_THROUGH(skep_matrix, data), "rows");
        skep::check_rows(arguments, matrix);
        const auto control = skep::CallControl::create(call);
        return skep::write_vector_file(path, matrix, *control.value());
    });
}
