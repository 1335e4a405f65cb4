// SPDX-License-Identifier: MIT
// Vectors of a .u8bin file: two little-endian u32, rows and columns, then the rows.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace skep::bench {

struct ByteVectors {
    std::uint32_t num_rows = 0;
    std::uint32_t dim = 0;
    std::vector<std::uint8_t> values;

    [[nodiscard]] std::vector<float> as_floats() const { return {values.begin(), values.end()}; }
};

// At most max_rows rows. Throws std::runtime_error on a file that is not one.
inline ByteVectors read_u8bin(const std::string& path, std::uint32_t max_rows = UINT32_MAX) {
    std::ifstream file(path, std::ios::binary);
    ByteVectors vectors;
    char header[8];
    if (!file.read(header, sizeof header)) throw std::runtime_error("read " + path + ": no header");
    std::memcpy(&vectors.num_rows, header, 4);
    std::memcpy(&vectors.dim, header + 4, 4);
    if (vectors.num_rows > max_rows) vectors.num_rows = max_rows;
    if (vectors.dim == 0 || vectors.dim > 65536)
        throw std::runtime_error("read " + path + ": impossible dim");
    vectors.values.resize(std::size_t{vectors.num_rows} * vectors.dim);
    if (!file.read(reinterpret_cast<char*>(vectors.values.data()),
                   static_cast<std::streamsize>(vectors.values.size()))) {
        throw std::runtime_error("read " + path + ": truncated");
    }
    return vectors;
}

}  // namespace skep::bench
