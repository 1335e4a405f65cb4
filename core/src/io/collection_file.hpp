// SPDX-License-Identifier: MIT
// A collection as a .skep file: what the collection hands over to be written, and what it gets
// back.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/graph_contents.hpp"
#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

// That an ef_search was found to reach a recall at k, when there were so many rows.
struct Calibration {
    std::uint64_t k = 0;
    std::uint32_t recall_millionths = 0;
    std::uint32_t ef_search = 0;
    std::uint64_t num_rows = 0;

    bool operator==(const Calibration&) const = default;
};
inline constexpr std::size_t kMaxCalibrations = 64;

// Everything of a collection that survives a restart, alive rows only, in slot order.
struct CollectionContents {
    std::uint32_t dim = 0;
    skep_metric metric = SKEP_METRIC_L2;
    skep_dtype dtype = SKEP_DTYPE_F32;
    skep_index_kind index = SKEP_INDEX_FLAT;
    skep_key_kind key_kind = SKEP_KEY_U64;
    std::uint32_t m = 0;
    std::uint32_t ef_construction = 0;
    std::uint64_t seed = 0;
    std::uint64_t next_u64_key = 0;  // the number that a row without a key would get
    std::uint64_t num_rows = 0;
    std::vector<Calibration> calibrations;  // at most kMaxCalibrations

    std::span<const std::uint64_t> u64_keys;     // [num_rows], key_kind SKEP_KEY_U64
    std::span<const std::uint64_t> key_offsets;  // [num_rows + 1], key_kind SKEP_KEY_STRING
    std::span<const std::byte> key_bytes;
    std::span<const std::uint64_t> payload_offsets;  // [num_rows + 1], or empty: no payloads at all
    std::span<const std::byte> payload_bytes;

    GraphContents graph;  // hnsw: of the first rows, as many as were linked
};

// Copies rows first_row .. first_row + count - 1 into `out`, dense, in the collection's dtype.
using RowSource =
    std::function<Result<void>(std::uint64_t first_row, std::uint64_t count, void* out)>;

// Writes beside `path`, syncs, renames. On failure `path` is what it was and nothing is left beside
// it.
Result<void> write_collection_file(const std::string& path, const CollectionContents& contents,
                                   const RowSource& rows, CallControl& control);

// An opened file. Spans and rows point into memory that `owner` keeps: a mapping, or a buffer.
struct LoadedCollection {
    CollectionContents contents;
    skep_matrix rows{};  // host memory, dense
    std::shared_ptr<const void> owner;
    bool is_mapped = false;
};

// `flags`: SKEP_OPEN_ bits. Every length, offset, checksum, key and component is checked before
// this returns.
Result<LoadedCollection> read_collection_file(const std::string& path, std::uint32_t flags,
                                              CallControl& control);

// Header and metadata as JSON text.
Result<std::string> describe_collection_file(const std::string& path);

}  // namespace skep
