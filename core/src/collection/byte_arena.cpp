// SPDX-License-Identifier: MIT
#include "collection/byte_arena.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace skep {
namespace {

// A block doubles what there is, between these limits: little waste for few keys, few blocks for
// many.
constexpr std::uint64_t kSmallestBlock = 1024;
constexpr std::uint64_t kLargestBlock = 4 << 20;

}  // namespace

std::string_view ByteArena::append(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (blocks_.empty() || blocks_.back().size - used_in_last_ < bytes.size()) {
        const std::uint64_t wanted = std::clamp(allocated_bytes_, kSmallestBlock, kLargestBlock);
        const std::uint64_t size = std::max<std::uint64_t>(wanted, bytes.size());
        blocks_.reserve(blocks_.size() + 1);
        blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
        allocated_bytes_ += size;
        used_in_last_ = 0;
    }
    char* const target = blocks_.back().bytes.get() + used_in_last_;
    std::memcpy(target, bytes.data(), bytes.size());
    used_in_last_ += bytes.size();
    used_bytes_ += bytes.size();
    return {target, bytes.size()};
}

ByteArena::Mark ByteArena::mark() const {
    return {blocks_.size(), used_in_last_, used_bytes_};
}

void ByteArena::roll_back(const Mark& mark) noexcept {
    while (blocks_.size() > mark.num_blocks) {
        allocated_bytes_ -= blocks_.back().size;
        blocks_.pop_back();
    }
    used_in_last_ = mark.used_in_last;
    used_bytes_ = mark.used_bytes;
}

void ByteArena::clear() noexcept {
    if (blocks_.empty()) return;
    const auto largest =
        std::max_element(blocks_.begin(), blocks_.end(),
                         [](const Block& a, const Block& b) { return a.size < b.size; });
    std::swap(blocks_.front(), *largest);
    while (blocks_.size() > 1)
        blocks_.pop_back();
    allocated_bytes_ = blocks_.front().size;
    used_in_last_ = 0;
    used_bytes_ = 0;
}

}  // namespace skep
