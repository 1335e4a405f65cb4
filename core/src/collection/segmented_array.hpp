// SPDX-License-Identifier: MIT
// An array that grows without moving what it holds, so that readers need no lock while one writer
// extends it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace skep {

// Segment s holds kFirstSegment << s elements. Elements are uninitialised until written. A reader
// may look at an element once the writer has published, through other means, that it is there.
template <typename Element>
class SegmentedArray {
    static_assert(std::is_trivially_copyable_v<Element> &&
                  std::is_trivially_default_constructible_v<Element>);

  public:
    // Makes room for elements [0, count). On std::bad_alloc everything that was there stays.
    void reserve(std::uint64_t count) {
        while (capacity_ < count) {
            segments_[num_segments_] =
                std::make_unique_for_overwrite<Element[]>(kFirstSegment << num_segments_);
            capacity_ += kFirstSegment << num_segments_;
            ++num_segments_;
        }
    }

    [[nodiscard]] Element& operator[](std::uint64_t position) noexcept {
        const Place place = locate(position);
        return segments_[place.segment][place.offset];
    }
    [[nodiscard]] const Element& operator[](std::uint64_t position) const noexcept {
        const Place place = locate(position);
        return segments_[place.segment][place.offset];
    }

    [[nodiscard]] std::uint64_t allocated_bytes() const { return capacity_ * sizeof(Element); }

  private:
    static constexpr std::uint64_t kFirstSegment = 64;
    // Enough for 2^32 elements: 64 * (2^27 - 1) exceeds it.
    static constexpr std::size_t kMaxSegments = 27;

    struct Place {
        std::size_t segment;
        std::uint64_t offset;
    };

    [[nodiscard]] static Place locate(std::uint64_t position) noexcept {
        const std::uint64_t shifted = position + kFirstSegment;
        const auto segment =
            static_cast<std::size_t>(std::bit_width(shifted) - std::bit_width(kFirstSegment));
        return {segment, shifted - (kFirstSegment << segment)};
    }

    std::array<std::unique_ptr<Element[]>, kMaxSegments> segments_{};
    std::size_t num_segments_ = 0;
    std::uint64_t capacity_ = 0;
};

}  // namespace skep
