// SPDX-License-Identifier: MIT
// What every search of a store begins with: the rows and the row filter as kernels see them, the
// bitmap of allowed rows on the device, queries in pinned memory.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>

#include "index/flat_store.hpp"
#include "index/scratch_layout.hpp"

namespace skep::cuda {

class SearchInput {
  public:
    SearchInput(const FlatStore& store, const skep_matrix& queries,
                const skep_search_request& request, const Mask* mask);

    [[nodiscard]] const RowsView& view() const { return view_; }
    // k...Codes: what the view's codes are.
    [[nodiscard]] std::int32_t codes_are() const { return codes_are_; }
    // Complete once send_allowed was called.
    [[nodiscard]] const RowFilter& filter() const { return filter_; }

    // Bytes of the bitmap of allowed rows; 0 without one.
    [[nodiscard]] std::uint64_t allowed_bytes() const { return allowed_bytes_; }
    // Copies that bitmap to the device, through the lane's pinned memory. `target` stays the
    // filter's for the rest of the search.
    void send_allowed(Lane& lane, CUdeviceptr target);

    // Bytes of one staged query: bytes as they are, all others as floats.
    [[nodiscard]] std::uint64_t query_bytes() const;
    // Queries [first_query, first_query + count), densely: [count, dim] as query_bytes says, or as
    // floats.
    void stage_queries(std::byte* target, std::uint64_t first_query, std::uint64_t count) const;
    void stage_floats(float* target, std::uint64_t first_query, std::uint64_t count) const;
    // As bytes, signed for a store of i8; false, and target in any state, where an element is not a
    // whole number of their range.
    bool stage_bytes(std::byte* target, std::uint64_t first_query, std::uint64_t count) const;
    // Whether an element of these queries is below 0.
    [[nodiscard]] bool has_negative(std::uint64_t first_query, std::uint64_t count) const;

  private:
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
    std::shared_ptr<FlatStore::Memory> memory_;
    std::uint64_t allowed_bytes_;
    std::int32_t codes_are_;
    bool is_signed_store_;  // of i8
    RowsView view_{};
    RowFilter filter_{};
};

}  // namespace skep::cuda
