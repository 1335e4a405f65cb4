// SPDX-License-Identifier: MIT
// What every search of a store begins with: the rows and the row filter as kernels see them, the
// bitmap of allowed rows on the device, queries in pinned memory.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>

#include "index/flat_store.hpp"
#include "index/scratch_layout.hpp"
#include "kernels/encode_params.h"

namespace skep::cuda {

// Sums of products of unsigned bytes, and half the squares of rows, stay below 2^31. Products with
// a signed side do so in every dimension.
inline constexpr std::uint32_t kMaxUnsignedDim = 32768;

// What queries in pinned memory are, and what becomes of them.
struct StagedQueries {
    bool has_bytes;           // [count, dim] bytes; floats otherwise
    std::int32_t codes_are;   // k...Codes that they shall get
    std::uint32_t source_is;  // k...Source
};

class SearchInput {
  public:
    SearchInput(const FlatStore& store, const skep_matrix& queries,
                const skep_search_request& request, const Mask* mask);

    [[nodiscard]] const RowsView& view() const { return rows_.view; }
    // k...Codes: what the view's codes are.
    [[nodiscard]] std::int32_t codes_are() const { return rows_.codes_are; }
    // Rows that the view holds.
    [[nodiscard]] std::uint64_t num_slots() const { return rows_.num_slots; }
    // Complete once send_allowed was called.
    [[nodiscard]] const RowFilter& filter() const { return filter_; }

    // Bytes of the bitmap of allowed rows; 0 without one.
    [[nodiscard]] std::uint64_t allowed_bytes() const { return allowed_bytes_; }
    // Copies that bitmap to the device, through the lane's pinned memory. `target` stays the
    // filter's for the rest of the search.
    void send_allowed(Lane& lane, CUdeviceptr target);

    // Bytes of one staged query: bytes as they are, all others as floats.
    [[nodiscard]] std::uint64_t query_bytes() const;
    // Puts queries [first_query, first_query + count) into pinned memory, as bytes where those say
    // all. takes_unsigned: there are kernels for unsigned codes.
    [[nodiscard]] StagedQueries stage(std::byte* target, std::uint64_t first_query,
                                      std::uint64_t count, bool takes_unsigned) const;
    // As floats, densely.
    void stage_floats(float* target, std::uint64_t first_query, std::uint64_t count) const;

  private:
    // Densely: [count, dim] as query_bytes says.
    void stage_queries(std::byte* target, std::uint64_t first_query, std::uint64_t count) const;
    // As bytes, signed for a store of i8; false, and target in any state, where an element is not a
    // whole number of their range.
    bool stage_bytes(std::byte* target, std::uint64_t first_query, std::uint64_t count) const;
    // Whether an element of these queries is below 0.
    [[nodiscard]] bool has_negative(std::uint64_t first_query, std::uint64_t count) const;
    [[nodiscard]] bool is_signed_store() const { return rows_.view.element_type == SKEP_DTYPE_I8; }
    // Bytes of one query as the caller has it, and from one to the next; the first of those from
    // first_query on.
    [[nodiscard]] std::uint64_t source_bytes() const;
    [[nodiscard]] std::uint64_t stride_bytes() const;
    [[nodiscard]] const std::byte* queries_from(std::uint64_t first_query) const;
    // Whether visit(source, first, length) holds for every stretch of these queries' elements:
    // source is element `first` of [count, dim]. Several at once.
    template <typename Visit>
    [[nodiscard]] bool holds_for_stretches(std::uint64_t first_query, std::uint64_t count,
                                           Visit&& visit) const;

    const HostWorkers& workers_;
    const skep_matrix& queries_;
    const skep_search_request& request_;
    // Rows may move meanwhile; this search keeps the memory that it began with.
    FlatStore::Snapshot rows_;
    std::uint64_t allowed_bytes_;
    RowFilter filter_{};
};

}  // namespace skep::cuda
