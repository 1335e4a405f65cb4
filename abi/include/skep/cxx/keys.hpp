// SPDX-License-Identifier: MIT
// Keys and payloads as arguments (Keys, Texts), and the lists that Skep hands out (ByteList).
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "skep/cxx/call.hpp"
#include "skep/cxx/matrix.hpp"

namespace skep {
inline namespace cxx {

// Byte strings laid out as skep.h takes them: string keys or payloads. Owns a copy of the bytes.
class Texts {
  public:
    Texts() : offsets_{0} {}
    Texts(std::initializer_list<std::string_view> items) : Texts() {
        for (const std::string_view item : items)
            push_back(item);
    }
    // Of any range whose items convert to std::string_view.
    template <typename Range>
    static Texts of(const Range &items) {
        Texts texts;
        for (const auto &item : items)
            texts.push_back(item);
        return texts;
    }

    void push_back(std::string_view item) {
        bytes_.append(item);
        offsets_.push_back(bytes_.size());
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return offsets_.size() - 1; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    [[nodiscard]] skep_byte_list_view view() const noexcept {
        return {static_cast<std::uint32_t>(sizeof(skep_byte_list_view)), 0, size(), offsets_.data(),
                bytes_.data()};
    }
    [[nodiscard]] skep_keys keys() const noexcept {
        return SKEP_STRING_KEYS(offsets_.data(), bytes_.data(), size());
    }

  private:
    std::vector<std::uint64_t> offsets_;  // [size + 1]
    std::string bytes_;
};

// Keys of one call, as an argument: numbers or texts. Borrows what it is made from, so let it end
// with the call:
//     collection.remove({1, 2});   collection.remove(numbers);   collection.remove(texts);
class Keys {
  public:
    Keys(Span<const std::uint64_t> numbers) noexcept
        : plain_ SKEP_U64_KEYS(numbers.data(), numbers.size()) {}
    Keys(const std::vector<std::uint64_t> &numbers) noexcept
        : Keys(Span<const std::uint64_t>(numbers)) {}
    Keys(std::initializer_list<std::uint64_t> numbers) noexcept
        : plain_ SKEP_U64_KEYS(numbers.begin(), numbers.size()) {}
    Keys(const Texts &texts) noexcept : plain_(texts.keys()) {}
    Keys(const skep_keys &plain) noexcept : plain_(plain) {}

    [[nodiscard]] const skep_keys *get() const noexcept { return &plain_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return plain_.count; }

  private:
    skep_keys plain_;
};

// An owned list of byte strings: keys, payloads, reports. Views live as long as the list.
class ByteList {
  public:
    ByteList() = default;
    explicit ByteList(skep_byte_list *adopted) : handle_(adopted) {}

    [[nodiscard]] std::uint64_t size() const noexcept {
        return skep_byte_list_count(handle_.get());
    }
    // Empty when there is no such item.
    [[nodiscard]] std::string_view operator[](std::uint64_t index) const noexcept {
        return at(handle_.get(), index);
    }

    static std::string_view at(const skep_byte_list *list, std::uint64_t index) noexcept {
        std::uint64_t length = 0;
        const char *text = skep_byte_list_at(list, index, &length);
        return text == nullptr ? std::string_view()
                               : std::string_view(text, static_cast<std::size_t>(length));
    }

  private:
    detail::Owned<skep_byte_list, skep_byte_list_destroy> handle_;
};

}  // namespace cxx
}  // namespace skep
