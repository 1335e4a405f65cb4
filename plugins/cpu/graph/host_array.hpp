// SPDX-License-Identifier: MIT
// Scratch arrays in host memory that are kept from one use to the next.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "host_memory.hpp"

namespace skep::cpu {

// Elements of a trivial type; contents undefined after growing.
template <typename Element>
class HostArray {
    static_assert(std::is_trivially_copyable_v<Element>);

  public:
    // Room for `count` elements. Throws Error(SKEP_OUT_OF_HOST_MEMORY).
    void require(const skep_host_services& host, std::uint64_t count, const char* operation) {
        if (count <= size_) return;
        buffer_ = HostBuffer();  // before the new one: neither is needed twice
        size_ = 0;
        buffer_ = HostBuffer(host, count * sizeof(Element), operation);
        size_ = count;
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t bytes() const { return buffer_.bytes(); }
    [[nodiscard]] Element* data() const { return reinterpret_cast<Element*>(buffer_.data()); }
    [[nodiscard]] Element& operator[](std::uint64_t i) const { return data()[i]; }

  private:
    HostBuffer buffer_;
    std::uint64_t size_ = 0;
};

}  // namespace skep::cpu
