// SPDX-License-Identifier: MIT
#include "byte_lists.hpp"

namespace skep::python {
namespace {

// A list whose items `item(bytes, size)` makes.
template <typename Item>
Ref list_of(const skep_byte_list* list, Item item) {
    const uint64_t count = skep_byte_list_count(list);
    Ref result = checked(PyList_New(static_cast<Py_ssize_t>(count)));
    for (uint64_t at = 0; at < count; ++at) {
        uint64_t size = 0;
        const char* bytes = skep_byte_list_at(list, at, &size);
        Ref made = item(bytes, static_cast<Py_ssize_t>(size));
        checked(PyList_SetItem(result.get(), static_cast<Py_ssize_t>(at), made.release()));
    }
    return result;
}

}  // namespace

Ref ByteList::text_at(uint64_t index) const {
    uint64_t size = 0;
    const char* bytes = skep_byte_list_at(list_, index, &size);
    return checked(PyUnicode_FromStringAndSize(bytes, static_cast<Py_ssize_t>(size)));
}

Ref ByteList::as_bytes() const {
    return list_of(list_, [](const char* bytes, Py_ssize_t size) {
        return checked(PyBytes_FromStringAndSize(bytes, size));
    });
}

Ref ByteList::as_keys() const {
    return keys_of(list_);
}

Ref keys_of(const skep_byte_list* list) {
    return list_of(list, [](const char* bytes, Py_ssize_t size) {
        return size == 0 ? none() : checked(PyUnicode_FromStringAndSize(bytes, size));
    });
}

PackedBytes packed_bytes(PyObject* pair) {
    PyObject* offsets = nullptr;
    PyObject* joined = nullptr;
    if (PyArg_ParseTuple(pair, "OS", &offsets, &joined) == 0) throw PythonError();
    PackedBytes packed;
    packed.offsets = interface_of(offsets);
    packed.count = static_cast<uint64_t>(packed.offsets->shape[0]) - 1;
    char* bytes = nullptr;
    Py_ssize_t size = 0;
    checked(PyBytes_AsStringAndSize(joined, &bytes, &size));
    packed.bytes = bytes;
    return packed;
}

BorrowedKeys borrow_keys(PyObject* prepared) {
    BorrowedKeys keys;
    if (PyTuple_Check(prepared)) {
        keys.strings = packed_bytes(prepared);
        keys.view =
            SKEP_STRING_KEYS(keys.strings.offset_data(), keys.strings.bytes, keys.strings.count);
    } else {
        keys.u64 = interface_of(prepared);
        keys.view = SKEP_U64_KEYS(static_cast<const uint64_t*>(keys.u64->data),
                                  static_cast<uint64_t>(keys.u64->shape[0]));
    }
    return keys;
}

}  // namespace skep::python
