// SPDX-License-Identifier: MIT
// A vector file of any content: the first byte picks the extension, the rest is the file.
#include "io/vector_file.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "fuzz/fuzz_target.hpp"
#include "fuzz/scratch_file.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

constexpr std::array<const char*, 8> kExtensions = {".fvecs", ".bvecs", ".ivecs", ".fbin",
                                                    ".u8bin", ".i8bin", ".ibin",  ".npy"};

// Touches every component. Aborts on a shape that no caller could trust.
void use(const skep_matrix& rows) {
    if (rows.dim == 0 || rows.dim > SKEP_MAX_DIM) std::abort();
    const std::size_t row_bytes = rows.dim * element_bytes(rows.dtype);
    const std::size_t stride = rows.row_stride_bytes != 0 ? rows.row_stride_bytes : row_bytes;
    unsigned sum = 0;
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        const auto* bytes = static_cast<const std::uint8_t*>(rows.data) + row * stride;
        for (std::size_t at = 0; at < row_bytes; ++at)
            sum += bytes[at];
    }
    volatile unsigned kept = sum;
    static_cast<void>(kept);
}

}  // namespace
}  // namespace skep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string path = skep::fuzz::write_scratch_file(
        skep::kExtensions[data[0] % skep::kExtensions.size()], data + 1, size - 1);
    {
        const auto file = skep::VectorFile::open(path);
        if (file) skep::use((*file)->rows());
    }
    std::filesystem::remove(path);
    return 0;
}
