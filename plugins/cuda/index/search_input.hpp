// SPDX-License-Identifier: MIT
// What every search of a store begins with: the rows and the row filter as kernels see them, the
// bitmap of allowed rows on the device, queries in pinned memory.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>

#include "index/flat_store.hpp"

namespace skep::cuda {

// Scratch memory is laid out in pieces of this alignment.
inline constexpr std::uint64_t kScratchAlignment = 256;

// Takes pieces of scratch memory one behind the other.
class ScratchLayout {
  public:
    // Offset of the piece.
    std::uint64_t take(std::uint64_t bytes) {
        const std::uint64_t begin = end_;
        end_ = (end_ + bytes + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
        return begin;
    }
    [[nodiscard]] std::uint64_t end() const { return end_; }

  private:
    std::uint64_t end_ = 0;
};

class SearchInput {
  public:
    SearchInput(const FlatStore& store, const skep_matrix& queries,
                const skep_search_request& request, const Mask* mask);

    [[nodiscard]] const RowsView& view() const { return view_; }
    // Complete once send_allowed was called.
    [[nodiscard]] const RowFilter& filter() const { return filter_; }

    // Bytes of the bitmap of allowed rows; 0 without one.
    [[nodiscard]] std::uint64_t allowed_bytes() const { return allowed_bytes_; }
    // Copies that bitmap to the device, through the lane's pinned memory. `target` stays the
    // filter's for the rest of the search.
    void send_allowed(Lane& lane, CUdeviceptr target);

    // Bytes of one query, in its own type.
    [[nodiscard]] std::uint64_t query_bytes() const;
    // Queries [first_query, first_query + count), densely: [count, dim] in their own type, or as
    // floats.
    void stage_queries(std::byte* target, std::uint64_t first_query, std::uint64_t count) const;
    void stage_floats(float* target, std::uint64_t first_query, std::uint64_t count) const;

  private:
    const skep_matrix& queries_;
    const skep_search_request& request_;
    // Rows may move meanwhile; this search keeps the memory that it began with.
    std::shared_ptr<FlatStore::Memory> memory_;
    std::uint64_t allowed_bytes_;
    RowsView view_{};
    RowFilter filter_{};
};

}  // namespace skep::cuda
