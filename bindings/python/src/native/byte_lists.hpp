// SPDX-License-Identifier: MIT
// Lists of byte strings between Python and the library: keys, payloads, reports.
#pragma once

#include "numpy_arrays.hpp"
#include "python_support.hpp"

namespace skep::python {

// A list that the library hands out.
class ByteList {
  public:
    ByteList() = default;
    ~ByteList() { skep_byte_list_destroy(list_); }
    ByteList(const ByteList&) = delete;
    ByteList& operator=(const ByteList&) = delete;

    // Where a call of the library puts its list.
    skep_byte_list** out() noexcept { return &list_; }
    [[nodiscard]] Ref text_at(uint64_t index) const;
    // list[bytes]
    [[nodiscard]] Ref as_bytes() const;
    // list[str]; see the function of the same name
    [[nodiscard]] Ref as_keys() const;

  private:
    skep_byte_list* list_ = nullptr;
};

// list[str | None]: no key is empty, so an empty one stands for a missing answer and becomes None.
Ref keys_of(const skep_byte_list* list);

// What skep._arrays packs: numpy uint64 [count + 1] offsets and one bytes object.
struct PackedBytes {
    ArrayInterface offsets;
    uint64_t count = 0;
    const char* bytes = nullptr;

    [[nodiscard]] const uint64_t* offset_data() const {
        return static_cast<const uint64_t*>(offsets->data);
    }
    [[nodiscard]] skep_byte_list_view view() const {
        return {sizeof(skep_byte_list_view), 0, count, offset_data(), bytes};
    }
};
// pair: (offsets, bytes), which stay the caller's.
PackedBytes packed_bytes(PyObject* pair);

// Keys as skep._arrays prepares them: a dense numpy uint64 array, or a pair as above. Borrowed.
struct BorrowedKeys {
    skep_keys view{};
    ArrayInterface u64;
    PackedBytes strings;
};
BorrowedKeys borrow_keys(PyObject* prepared);

}  // namespace skep::python
