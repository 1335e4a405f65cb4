// SPDX-License-Identifier: MIT
// What _native.Collection does with rows: add, upsert, remove, get, contains, keys. Keys and
// payloads come prepared by skep._arrays.
#include "collection.hpp"
#include "numpy_arrays.hpp"

namespace skep::python {
namespace {

// What is copied, or linked into a graph, in some milliseconds.
constexpr uint64_t kComponentsOfLongAdd = 1 << 22;
constexpr uint64_t kComponentsOfLongLinking = 1 << 14;

Duration duration_of(const CollectionState& state, const skep_matrix& rows) {
    const uint64_t limit =
        state.info.index == SKEP_INDEX_HNSW ? kComponentsOfLongLinking : kComponentsOfLongAdd;
    return rows.num_rows * rows.dim > limit ? Duration::kMaybeLong : Duration::kShort;
}

}  // namespace

// (rows, keys | None, payloads | None, is_upsert, timeout, cancel, progress) -> (first_key,
// num_rows)
PyObject* collection_add(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* row_object = nullptr;
        PyObject* key_object = nullptr;
        PyObject* payload_object = nullptr;
        int is_upsert = 0;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OOOpOOO", &row_object, &key_object, &payload_object,
                             &is_upsert, &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        const char* operation = is_upsert != 0 ? "upsert" : "add";
        const SharedState state = state_of(self, operation);
        const BorrowedMatrix rows = borrow_rows(row_object, operation, "vectors", *state);
        BorrowedKeys keys;
        const skep_keys* key_view = nullptr;
        if (key_object != Py_None) {
            keys = borrow_keys(key_object);
            key_view = &keys.view;
        }
        PackedBytes payloads;
        skep_byte_list_view payload_view{};
        const skep_byte_list_view* payload_pointer = nullptr;
        if (payload_object != Py_None) {
            payloads = packed_bytes(payload_object);
            payload_view = payloads.view();
            payload_pointer = &payload_view;
        }
        uint64_t first_key = 0;
        run_call(keywords, duration_of(*state, rows.view),
                 [&](const skep_call_options* call, skep_error* error) {
                     return is_upsert != 0
                                ? skep_collection_upsert(state->handle.get(), &rows.view, key_view,
                                                         payload_pointer, call, error)
                                : skep_collection_add(state->handle.get(), &rows.view, key_view,
                                                      payload_pointer, call, &first_key, error);
                 });
        return checked(Py_BuildValue("KK", static_cast<unsigned long long>(first_key),
                                     static_cast<unsigned long long>(rows.view.num_rows)));
    });
}

PyObject* collection_remove(PyObject* self, PyObject* prepared) {
    return guarded([&] {
        const SharedState state = state_of(self, "remove");
        const BorrowedKeys keys = borrow_keys(prepared);
        run_call([&](skep_error* error) {
            return skep_collection_remove(state->handle.get(), &keys.view, error);
        });
        return none();
    });
}

// (keys, wants_rows, wants_payloads, may_miss) -> (rows | None, list[bytes] | None, found | None)
PyObject* collection_get(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* prepared = nullptr;
        int wants_rows = 0;
        int wants_payloads = 0;
        int may_miss = 0;
        if (PyArg_ParseTuple(arguments, "Oppp", &prepared, &wants_rows, &wants_payloads,
                             &may_miss) == 0) {
            throw PythonError();
        }
        const SharedState state = state_of(self, "get");
        const BorrowedKeys keys = borrow_keys(prepared);
        const Py_ssize_t shape[2] = {static_cast<Py_ssize_t>(keys.view.count),
                                     static_cast<Py_ssize_t>(state->info.dim)};
        NewArray<void> rows;
        skep_mutable_matrix matrix{};
        if (wants_rows != 0) {
            rows = new_array(array_type_of(state->info.dtype), shape, 2);
            matrix = SKEP_HOST_MATRIX(skep_mutable_matrix, state->info.dtype, rows.data,
                                      keys.view.count, state->info.dim);
        }
        NewArray<uint8_t> found;
        if (may_miss != 0) found = typed<uint8_t>(new_array(ArrayType::kBool, shape, 1));
        ByteList payloads;
        run_call([&](skep_error* error) {
            return skep_collection_get(
                state->handle.get(), &keys.view, wants_rows != 0 ? &matrix : nullptr,
                wants_payloads != 0 ? payloads.out() : nullptr, found.data, error);
        });
        const Ref row_answer = rows.object == nullptr ? none() : std::move(rows.object);
        const Ref payload_answer = wants_payloads != 0 ? payloads.as_bytes() : none();
        const Ref found_answer = found.object == nullptr ? none() : std::move(found.object);
        return checked(PyTuple_Pack(3, row_answer.get(), payload_answer.get(), found_answer.get()));
    });
}

PyObject* collection_contains(PyObject* self, PyObject* prepared) {
    return guarded([&] {
        const SharedState state = state_of(self, "contains");
        const BorrowedKeys keys = borrow_keys(prepared);
        const auto shape = static_cast<Py_ssize_t>(keys.view.count);
        NewArray<uint8_t> found = typed<uint8_t>(new_array(ArrayType::kBool, &shape, 1));
        run_call([&](skep_error* error) {
            return skep_collection_contains(state->handle.get(), &keys.view, found.data, error);
        });
        return std::move(found.object);
    });
}

// uint64 array or list[str]; rows added by another thread meanwhile may or may not be among them.
PyObject* collection_keys(PyObject* self, PyObject*) {
    return guarded([&]() -> Ref {
        const SharedState state = state_of(self, "keys");
        if (state->info.key_kind == SKEP_KEY_STRING) {
            ByteList strings;
            uint64_t count = 0;
            run_call([&](skep_error* error) {
                return skep_collection_list_keys(state->handle.get(), nullptr, 0, &count,
                                                 strings.out(), error);
            });
            return strings.as_keys();
        }
        uint64_t capacity = 0;
        uint64_t count = 0;
        NewArray<uint64_t> keys;
        do {  // until the array was large enough
            capacity = count;
            const auto shape = static_cast<Py_ssize_t>(capacity);
            keys = typed<uint64_t>(new_array(ArrayType::kU64, &shape, 1));
            run_call([&](skep_error* error) {
                return skep_collection_list_keys(state->handle.get(), keys.data, capacity, &count,
                                                 nullptr, error);
            });
        } while (count > capacity);
        if (count == capacity) return std::move(keys.object);
        const Ref end = checked(PyLong_FromUnsignedLongLong(count));
        const Ref range = checked(PySlice_New(nullptr, end.get(), nullptr));
        return checked(PyObject_GetItem(keys.object.get(), range.get()));
    });
}

}  // namespace skep::python
