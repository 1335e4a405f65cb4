// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/component_conversion.hpp"
#include "io/npy_header.hpp"
#include "io/vector_file.hpp"
#include "io/vector_format.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

constexpr const char* kOperation = "write vectors";
constexpr std::size_t kBlockBytes = std::size_t{1} << 20U;

// The element type that the file will have.
skep_dtype choose_dtype(const VectorFormat& format, skep_dtype source) {
    if (format.layout != VectorLayout::kNpy) return format.dtype;
    // NumPy has no bf16; every one is an f32.
    return source == SKEP_DTYPE_BF16 ? SKEP_DTYPE_F32 : source;
}

// What stands before the rows; empty where each row has its own header.
std::string make_header(const VectorFormat& format, skep_dtype dtype, const skep_matrix& rows,
                        const std::string& path) {
    switch (format.layout) {
        case VectorLayout::kRowHeaders:
            if (rows.num_rows == 0) {
                throw file_error(SKEP_INVALID_ARGUMENT, kOperation, path,
                                 fmt::format("0 rows; expected at least 1, since {} keeps the dim "
                                             "in each row",
                                             format.extension));
            }
            return {};
        case VectorLayout::kMatrixHeader: {
            constexpr std::uint64_t kMaxRows = std::numeric_limits<std::uint32_t>::max();
            if (rows.num_rows > kMaxRows) {
                throw file_error(SKEP_LIMIT_EXCEEDED, kOperation, path,
                                 fmt::format("{} rows; {} can count {}", rows.num_rows,
                                             format.extension, kMaxRows));
            }
            const std::uint32_t shape[2] = {static_cast<std::uint32_t>(rows.num_rows), rows.dim};
            return {reinterpret_cast<const char*>(shape), sizeof shape};
        }
        case VectorLayout::kNpy:
            break;
    }
    return make_npy_header(dtype, rows.num_rows, rows.dim);
}

class RowEncoder {
  public:
    RowEncoder(const VectorFormat& format, skep_dtype dtype, const skep_matrix& rows,
               const std::string& path)
        : path_(path),
          rows_(rows),
          dtype_(dtype),
          header_bytes_(format.layout == VectorLayout::kRowHeaders ? kRowHeaderBytes : 0),
          dense_row_bytes_(rows.dim * element_bytes(rows.dtype)),
          stride_(rows.row_stride_bytes == 0 ? dense_row_bytes_ : rows.row_stride_bytes) {}

    // Bytes of one row in the file.
    [[nodiscard]] std::size_t row_bytes() const {
        return header_bytes_ + rows_.dim * element_bytes(dtype_);
    }

    void encode(std::uint64_t row, std::byte* out) const {
        if (header_bytes_ != 0) std::memcpy(out, &rows_.dim, header_bytes_);
        const std::byte* source = static_cast<const std::byte*>(rows_.data) + row * stride_;
        const std::size_t converted =
            convert_components(rows_.dtype, source, dtype_, out + header_bytes_, rows_.dim);
        if (converted == rows_.dim) return;
        const std::byte* component = source + converted * element_bytes(rows_.dtype);
        throw file_error(
            SKEP_INVALID_ARGUMENT, kOperation, path_,
            fmt::format("row {} component {} is {}; expected {}, which are all that the file holds",
                        row, converted, component_text(rows_.dtype, component),
                        range_text(dtype_)));
    }

  private:
    const std::string& path_;
    const skep_matrix& rows_;
    skep_dtype dtype_;
    std::size_t header_bytes_;
    std::uint64_t dense_row_bytes_;
    std::uint64_t stride_;
};

void write_file(const std::string& path, const skep_matrix& rows, CallControl& control) {
    const VectorFormat& format = vector_format_of(path, kOperation);
    const skep_dtype dtype = choose_dtype(format, rows.dtype);
    const std::string header = make_header(format, dtype, rows, path);
    const RowEncoder encoder(format, dtype, rows, path);

    AtomicFile target(path, kOperation);
    target.file().write(0, header.data(), header.size());
    const std::uint64_t block_rows =
        std::clamp<std::uint64_t>(kBlockBytes / encoder.row_bytes(), 1, rows.num_rows + 1);
    std::vector<std::byte> block(block_rows * encoder.row_bytes());
    std::uint64_t position = header.size();
    for (std::uint64_t first = 0; first < rows.num_rows; first += block_rows) {
        control.check(kOperation, first, rows.num_rows).value();
        const std::uint64_t count = std::min(block_rows, rows.num_rows - first);
        for (std::uint64_t row = 0; row < count; ++row) {
            encoder.encode(first + row, block.data() + row * encoder.row_bytes());
        }
        target.file().write(position, block.data(), count * encoder.row_bytes());
        position += count * encoder.row_bytes();
    }
    control.check(kOperation, rows.num_rows, rows.num_rows).value();
    target.commit();
}

}  // namespace

Result<void> write_vector_file(const std::string& path, const skep_matrix& rows,
                               CallControl& control) {
    try {
        write_file(path, rows, control);
        return {};
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
