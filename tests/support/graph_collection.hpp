// SPDX-License-Identifier: MIT
// Collections with a graph on the processor, driven through skep.h.
#pragma once

#include <gtest/gtest.h>
#include <skep/skep.hpp>

#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "skep/common/distance.hpp"
#include "support/sift_sample.hpp"

namespace skep::testing {

inline Runtime builtin_runtime(std::uint32_t num_threads = 2) {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    options.num_threads = num_threads;
    return Runtime::create(&options).value();
}

struct GraphShape {
    std::uint32_t dim = 128;
    skep_dtype dtype = SKEP_DTYPE_U8;
    std::uint32_t m = 16;
    std::uint32_t ef_construction = 100;
    skep_index_kind index = SKEP_INDEX_HNSW;
};

inline Collection make_collection(const Runtime& runtime, const GraphShape& shape = {}) {
    CollectionOptions options;
    options.dim = shape.dim;
    options.dtype = shape.dtype;
    options.index = shape.index;
    options.m = shape.m;
    options.ef_construction = shape.ef_construction;
    options.device = "cpu";
    return Collection::create(runtime, options).value();
}

inline std::vector<std::uint64_t> keys_from(std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> keys(count);
    std::iota(keys.begin(), keys.end(), first);
    return keys;
}

inline skep_keys view_of(const std::vector<std::uint64_t>& keys) {
    return SKEP_U64_KEYS(keys.data(), keys.size());
}

inline Hits search(const Collection& collection, const skep_matrix& queries, std::uint64_t k,
                   std::uint32_t ef_search, skep_filter* filter = nullptr) {
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = k;
    options.ef_search = ef_search;
    options.filter = filter;
    return collection.search(queries, options).value();
}

// What a flat collection of the same rows and keys answers.
inline Hits exact_hits(const Runtime& runtime, const Collection& collection,
                       const skep_matrix& queries, std::uint64_t k) {
    const skep_collection_info info = collection.info().value();
    const Collection flat = make_collection(runtime, {info.dim, info.dtype, 0, 0, SKEP_INDEX_FLAT});
    std::uint64_t num_keys = 0;
    skep_collection_list_keys(collection.get(), nullptr, 0, &num_keys, nullptr, nullptr);
    std::vector<std::uint64_t> keys(num_keys);
    skep_collection_list_keys(collection.get(), keys.data(), num_keys, &num_keys, nullptr, nullptr);
    std::vector<std::uint8_t> bytes(num_keys * info.dim * (info.dtype == SKEP_DTYPE_U8 ? 1U : 4U));
    const skep_mutable_matrix target =
        SKEP_HOST_MATRIX(skep_mutable_matrix, info.dtype, bytes.data(), num_keys, info.dim);
    const skep_matrix rows =
        SKEP_HOST_MATRIX(skep_matrix, info.dtype, bytes.data(), num_keys, info.dim);
    const skep_keys view = view_of(keys);
    EXPECT_EQ(skep_collection_get(collection.get(), &view, &target, nullptr, nullptr, nullptr),
              SKEP_OK);
    EXPECT_EQ(skep_collection_add(flat.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
              SKEP_OK);
    return search(flat, queries, k, 0);
}

inline double recall(const Hits& found, const Hits& truth) {
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < found.distances.size(); ++i)
        hits += found.distances[i] <= truth.distances[(i / truth.k + 1) * truth.k - 1] ? 1U : 0U;
    return static_cast<double>(hits) / static_cast<double>(found.distances.size());
}

// Rows first to first + count - 1 of the SIFT sample.
inline skep_matrix sift_rows(std::uint64_t first, std::uint64_t count) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8,
                            sift_sample().base.values.data() + first * 128, count, 128);
}
inline skep_matrix sift_queries() {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, sift_sample().queries.values.data(), 100,
                            128);
}

}  // namespace skep::testing
