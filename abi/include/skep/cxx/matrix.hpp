// SPDX-License-Identifier: MIT
// Rows: borrowed from the caller (skep_matrix, made by rows()) or owned (Matrix).
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace skep {
inline namespace cxx {

// Elements that C++17 has no type for, as their bits.
struct F16 {
    std::uint16_t bits;
};
struct BF16 {
    std::uint16_t bits;
};

// The skep_dtype of a C++ type.
template <typename Element>
constexpr skep_dtype dtype_of() noexcept {
    if constexpr (std::is_same_v<Element, float>) {
        return SKEP_DTYPE_F32;
    } else if constexpr (std::is_same_v<Element, F16>) {
        return SKEP_DTYPE_F16;
    } else if constexpr (std::is_same_v<Element, BF16>) {
        return SKEP_DTYPE_BF16;
    } else if constexpr (std::is_same_v<Element, std::int8_t>) {
        return SKEP_DTYPE_I8;
    } else if constexpr (std::is_same_v<Element, std::uint8_t>) {
        return SKEP_DTYPE_U8;
    } else {
        static_assert(std::is_same_v<Element, std::int32_t>,
                      "rows are of float, F16, BF16, int8_t, uint8_t or int32_t");
        return SKEP_DTYPE_I32;
    }
}

// Bytes of one element; 0 for an unknown type.
constexpr std::size_t element_size(skep_dtype dtype) noexcept {
    switch (dtype) {
        case SKEP_DTYPE_F32:
        case SKEP_DTYPE_I32:
            return 4;
        case SKEP_DTYPE_F16:
        case SKEP_DTYPE_BF16:
            return 2;
        case SKEP_DTYPE_I8:
        case SKEP_DTYPE_U8:
            return 1;
        default:
            return 0;
    }
}

// A borrowed row-major matrix in host memory, [num_rows, dim].
template <typename Element>
skep_matrix rows(const Element *data, std::uint64_t num_rows, std::uint32_t dim) noexcept {
    return SKEP_HOST_MATRIX(skep_matrix, dtype_of<Element>(), data, num_rows, dim);
}

// A pointer and a length: what std::span is in C++20. Borrows.
template <typename Element>
class Span {
  public:
    constexpr Span() = default;
    constexpr Span(Element *data, std::size_t size) noexcept : data_(data), size_(size) {}

    // Of anything contiguous: an array, std::array, std::vector, std::span.
    template <std::size_t Size>
    constexpr Span(Element (&array)[Size]) noexcept : data_(array), size_(Size) {}
    template <typename Container,
              typename = std::enable_if_t<
                  !std::is_same_v<std::decay_t<Container>, Span> &&
                  std::is_convertible_v<
                      std::remove_pointer_t<decltype(std::declval<Container &>().data())> (*)[],
                      Element (*)[]>>>
    constexpr Span(Container &&container) noexcept
        : data_(container.data()), size_(container.size()) {}

    [[nodiscard]] constexpr Element *data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr Element *begin() const noexcept { return data_; }
    [[nodiscard]] constexpr Element *end() const noexcept { return data_ + size_; }
    constexpr Element &operator[](std::size_t index) const noexcept { return data_[index]; }

  private:
    Element *data_ = nullptr;
    std::size_t size_ = 0;
};

// Rows that Skep has written: dense, [num_rows, dim] of any element type.
class Matrix {
  public:
    Matrix() = default;
    // Zeros. The product must fit in memory; std::bad_alloc otherwise.
    Matrix(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim)
        : dtype_(dtype),
          num_rows_(num_rows),
          dim_(dim),
          bytes_(static_cast<std::size_t>(num_rows) * dim * element_size(dtype)) {}

    [[nodiscard]] skep_dtype dtype() const noexcept { return dtype_; }
    [[nodiscard]] std::uint64_t num_rows() const noexcept { return num_rows_; }
    [[nodiscard]] std::uint32_t dim() const noexcept { return dim_; }

    // One row; empty when Element is not the matrix's own type or the row is not there.
    template <typename Element>
    [[nodiscard]] Span<const Element> row(std::uint64_t index) const noexcept {
        if (dtype_of<Element>() != dtype_ || index >= num_rows_) return {};
        const std::size_t start = static_cast<std::size_t>(index) * dim_ * sizeof(Element);
        return {reinterpret_cast<const Element *>(bytes_.data() + start), dim_};
    }

    [[nodiscard]] skep_matrix view() const noexcept {
        return SKEP_HOST_MATRIX(skep_matrix, dtype_, bytes_.data(), num_rows_, dim_);
    }
    [[nodiscard]] skep_mutable_matrix mutable_view() noexcept {
        return SKEP_HOST_MATRIX(skep_mutable_matrix, dtype_, bytes_.data(), num_rows_, dim_);
    }

  private:
    skep_dtype dtype_ = SKEP_DTYPE_F32;
    std::uint64_t num_rows_ = 0;
    std::uint32_t dim_ = 0;
    std::vector<std::byte> bytes_;  // as new gives it: aligned for every element type
};

}  // namespace cxx
}  // namespace skep
