// SPDX-License-Identifier: MIT
// skep_vectors_*: files of vectors, and vectors of other element types.
#include <fmt/format.h>
#include <skep/evaluation.h>

#include <memory>

#include "api/arguments.hpp"
#include "collection/validation.hpp"
#include "io/matrix_conversion.hpp"
#include "io/vector_file.hpp"
#include "skep/common/guard.hpp"

// The C handle.
struct skep_vectors {
    std::unique_ptr<skep::VectorFile> file;
};

namespace skep {
namespace {

// `name`: "rows" or "out".
void check_rows(const Arguments& arguments, const skep_matrix& rows, const char* name) {
    if (element_bytes(rows.dtype) == 0) {
        throw arguments.error(
            SKEP_UNSUPPORTED_TYPE,
            fmt::format("{}.dtype is {}; expected a skep_dtype", name, rows.dtype));
    }
    if (rows.dim == 0 || rows.dim > SKEP_MAX_DIM) {
        throw arguments.error(SKEP_INVALID_DIMENSION, fmt::format("{}.dim is {}; expected 1 to {}",
                                                                  name, rows.dim, SKEP_MAX_DIM));
    }
    check_matrix(arguments.function(), name, rows, rows.dim, {}).value();
}

// The shape of a matrix to write to.
skep_matrix shape_of(const skep_mutable_matrix& matrix) {
    skep_matrix shape =
        SKEP_HOST_MATRIX(skep_matrix, matrix.dtype, matrix.data, matrix.num_rows, matrix.dim);
    shape.row_stride_bytes = matrix.row_stride_bytes;
    shape.memory_kind = matrix.memory_kind;
    shape.memory_device_id = matrix.memory_device_id;
    shape.reserved = matrix.reserved;
    return shape;
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
        skep::check_rows(arguments, matrix, "rows");
        const auto control = skep::CallControl::create(call);
        return skep::write_vector_file(path, matrix, *control.value());
    });
}

skep_status skep_vectors_convert(const skep_matrix* rows, const skep_mutable_matrix* out,
                                 skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_vectors_convert");
        const skep_matrix source =
            arguments.read(rows, SKEP_SIZE_THROUGH(skep_matrix, data), "rows");
        const skep_mutable_matrix target =
            arguments.read(out, SKEP_SIZE_THROUGH(skep_mutable_matrix, data), "out");
        skep::check_rows(arguments, source, "rows");
        skep::check_rows(arguments, skep::shape_of(target), "out");
        if (target.num_rows != source.num_rows || target.dim != source.dim) {
            throw arguments.error(
                SKEP_DIMENSION_MISMATCH,
                fmt::format("out is {} x {}; expected {} x {}, as rows", target.num_rows,
                            target.dim, source.num_rows, source.dim));
        }
        return skep::convert_matrix(arguments.function(), source, target);
    });
}
