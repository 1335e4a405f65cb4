// SPDX-License-Identifier: MIT
// The contents of a collection without a collection: what the file code is tested and fuzzed with.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/collection_file.hpp"
#include "skep/common/element_type.hpp"

namespace skep::testing {

// Owns what CollectionContents only points to.
struct CollectionSample {
    CollectionContents contents;
    std::vector<std::byte> rows;
    std::vector<std::uint64_t> u64_keys;
    std::vector<std::uint64_t> key_offsets;
    std::string key_bytes;
    std::vector<std::uint64_t> payload_offsets;
    std::string payload_bytes;
    GraphArrays graph;

    // Points contents to the vectors; call after changing them.
    void bind() {
        contents.u64_keys = u64_keys;
        contents.key_offsets = key_offsets;
        contents.key_bytes = std::as_bytes(std::span(key_bytes));
        contents.payload_offsets = payload_offsets;
        contents.payload_bytes = std::as_bytes(std::span(payload_bytes));
        contents.graph = graph.contents();
    }

    [[nodiscard]] RowSource row_source() const {
        return [this](std::uint64_t first, std::uint64_t count, void* out) -> Result<void> {
            const std::size_t row_bytes = contents.dim * element_bytes(contents.dtype);
            std::memcpy(out, rows.data() + first * row_bytes, count * row_bytes);
            return {};
        };
    }
};

struct SampleShape {
    skep_dtype dtype = SKEP_DTYPE_F32;
    std::uint32_t dim = 4;
    std::uint64_t num_rows = 5;
    skep_key_kind key_kind = SKEP_KEY_U64;
    bool has_payloads = false;
    std::uint64_t seed = 1;
    // Of the first rows, with m 2: each links to the next one, every second one on level 1 too.
    std::uint64_t num_linked = 0;
};

inline GraphArrays make_ring(std::uint32_t num_linked, std::uint32_t m) {
    GraphArrays graph;
    graph.base_links.assign(std::size_t{num_linked} * 2 * m, SKEP_NO_SLOT);
    for (std::uint32_t slot = 0; slot < num_linked; ++slot) {
        graph.base_links[std::size_t{slot} * 2 * m] = (slot + 1) % num_linked;
        graph.levels.push_back(slot % 2 == 0 ? 1 : 0);
        if (slot % 2 != 0) continue;
        graph.upper_links.push_back(slot == 0 ? 2 : 0);
        graph.upper_links.insert(graph.upper_links.end(), m - 1, SKEP_NO_SLOT);
    }
    return graph;
}

// Finite rows, distinct keys that do not ascend, payloads of 0 to 19 bytes.
inline std::unique_ptr<CollectionSample> make_sample(const SampleShape& shape) {
    auto sample = std::make_unique<CollectionSample>();
    std::mt19937_64 engine(shape.seed);
    CollectionContents& contents = sample->contents;
    contents.dim = shape.dim;
    contents.metric = SKEP_METRIC_INNER_PRODUCT;
    contents.dtype = shape.dtype;
    contents.key_kind = shape.key_kind;
    contents.seed = shape.seed;
    contents.num_rows = shape.num_rows;

    const std::size_t num_components = shape.num_rows * shape.dim;
    sample->rows.resize(num_components * element_bytes(shape.dtype));
    if (shape.dtype == SKEP_DTYPE_F32) {
        std::uniform_real_distribution<float> draw(-1.0F, 1.0F);
        for (std::size_t i = 0; i < num_components; ++i) {
            const float value = draw(engine);
            std::memcpy(sample->rows.data() + i * sizeof value, &value, sizeof value);
        }
    } else {
        // Bytes below 0x40 are finite in every other type.
        for (std::byte& byte : sample->rows)
            byte = static_cast<std::byte>(engine() & 0x3FU);
    }

    if (shape.key_kind == SKEP_KEY_STRING) {
        sample->key_offsets.push_back(0);
        for (std::uint64_t row = 0; row < shape.num_rows; ++row) {
            sample->key_bytes += "k\xC3\xA4y-" + std::to_string(shape.num_rows - row);
            sample->key_offsets.push_back(sample->key_bytes.size());
        }
    } else {
        for (std::uint64_t row = 0; row < shape.num_rows; ++row) {
            sample->u64_keys.push_back((shape.num_rows - row) * 3);
        }
        contents.next_u64_key = shape.num_rows * 3 + 1;
    }
    if (shape.has_payloads) {
        sample->payload_offsets.push_back(0);
        for (std::uint64_t row = 0; row < shape.num_rows; ++row) {
            sample->payload_bytes.append(engine() % 20, static_cast<char>(engine() & 0xFFU));
            sample->payload_offsets.push_back(sample->payload_bytes.size());
        }
    }
    if (shape.num_linked != 0) {
        contents.index = SKEP_INDEX_HNSW;
        contents.m = 2;
        contents.ef_construction = 10;
        sample->graph = make_ring(static_cast<std::uint32_t>(shape.num_linked), contents.m);
    }
    sample->bind();
    return sample;
}

// A call that nothing stops.
inline std::unique_ptr<CallControl> no_control() {
    return CallControl::create(nullptr).value();
}

}  // namespace skep::testing
