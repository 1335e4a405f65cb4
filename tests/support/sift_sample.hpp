// SPDX-License-Identifier: MIT
// The real vectors in data/: 10 000 SIFT descriptors of 128 bytes, and 100 queries with their
// truth.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace skep::testing {

template <typename Element>
struct BinMatrix {
    std::uint32_t num_rows = 0;
    std::uint32_t dim = 0;
    std::vector<Element> values;
};

// A .u8bin, .ibin or .fbin file. Throws std::runtime_error.
template <typename Element>
BinMatrix<Element> read_bin(const std::string& name,
                            const std::string& folder = SKEP_TEST_DATA_DIR) {
    std::ifstream file(folder + "/" + name, std::ios::binary);
    BinMatrix<Element> matrix;
    file.read(reinterpret_cast<char*>(&matrix.num_rows), sizeof matrix.num_rows);
    file.read(reinterpret_cast<char*>(&matrix.dim), sizeof matrix.dim);
    matrix.values.resize(std::size_t{matrix.num_rows} * matrix.dim);
    file.read(reinterpret_cast<char*>(matrix.values.data()),
              static_cast<std::streamsize>(matrix.values.size() * sizeof(Element)));
    if (!file) throw std::runtime_error("cannot read " + name);
    return matrix;
}

struct SiftSample {
    BinMatrix<std::uint8_t> base = read_bin<std::uint8_t>("sift10k_base.u8bin");
    BinMatrix<std::uint8_t> queries = read_bin<std::uint8_t>("sift10k_query.u8bin");
    BinMatrix<float> true_distances = read_bin<float>("sift10k_gtdist_100x100.fbin");

    // Share of answers [num_queries, k] that are no farther than the true k-th neighbour.
    [[nodiscard]] double recall(const std::vector<float>& distances, std::uint64_t k) const {
        std::uint64_t hits = 0;
        for (std::size_t i = 0; i < distances.size(); ++i) {
            const float limit = true_distances.values[i / k * true_distances.dim + k - 1];
            hits += distances[i] <= limit ? 1U : 0U;
        }
        return static_cast<double>(hits) / static_cast<double>(distances.size());
    }
};

inline const SiftSample& sift_sample() {
    static const SiftSample sample;
    return sample;
}

}  // namespace skep::testing
