// SPDX-License-Identifier: MIT
// The nearest rows seen so far, at most a fixed number of them, in memory that is lent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace skep {

struct NearRow {
    double distance;
    std::uint32_t row;
};

// Nearer first; ties by row.
inline bool is_nearer(const NearRow& a, const NearRow& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
}

// A heap with the farthest row on top. `capacity` is at least 1.
class NearestRows {
  public:
    NearestRows() = default;
    NearestRows(NearRow* rows, std::size_t capacity) : rows_(rows), capacity_(capacity) {}

    void offer(NearRow candidate) {
        if (size_ < capacity_) {
            rows_[size_++] = candidate;
            std::push_heap(rows_, rows_ + size_, is_nearer);
        } else if (is_nearer(candidate, rows_[0])) {
            std::pop_heap(rows_, rows_ + size_, is_nearer);
            rows_[size_ - 1] = candidate;
            std::push_heap(rows_, rows_ + size_, is_nearer);
        }
    }

    // In no order.
    [[nodiscard]] std::span<const NearRow> rows() const { return {rows_, size_}; }

  private:
    NearRow* rows_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

}  // namespace skep
