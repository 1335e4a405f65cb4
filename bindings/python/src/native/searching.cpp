// SPDX-License-Identifier: MIT
// search and range_search of _native.Collection. The short search is what this extension exists
// for: one call from Python to the library without a Python frame between.
#include "collection.hpp"
#include "numpy_arrays.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace skep::python {
namespace {

PyTypeObject* hits_type = nullptr;
PyTypeObject* range_hits_type = nullptr;

// Components that a search compares in the time of which a thread of its own is one part in a
// hundred: 5 ms for batches of bytes with AVX-512 (2e11 a second), a second for scalar code.
constexpr double kComponentsOfLongSearch = 1 << 30;

Duration duration_of(const CollectionState& state, const skep_matrix& queries) {
    uint64_t count = 0;
    const skep_status status = skep_collection_count(state.handle.get(), &count, nullptr);
    const double components = static_cast<double>(queries.num_rows) * static_cast<double>(count) *
                              static_cast<double>(queries.dim);
    return status != SKEP_OK || components > kComponentsOfLongSearch ? Duration::kMaybeLong
                                                                     : Duration::kShort;
}

struct SearchArguments {
    PyObject* queries = nullptr;
    Py_ssize_t k = 10;
    PyObject* filter = nullptr;
    Py_ssize_t ef_search = 0;
    double recall = 0.0;
    int wants_payloads = 0;
    CallKeywords call;
};

SearchArguments parse_search(PyObject* arguments, PyObject* keywords) {
    static const char* const kNames[] = {"queries",  "k",       "filter", "ef_search", "recall",
                                         "payloads", "timeout", "cancel", "progress",  nullptr};
    SearchArguments parsed;
    if (PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O|n$OndpOOO:search", const_cast<char**>(kNames), &parsed.queries,
            &parsed.k, &parsed.filter, &parsed.ef_search, &parsed.recall, &parsed.wants_payloads,
            &parsed.call.timeout, &parsed.call.cancel, &parsed.call.progress) == 0) {
        throw PythonError();
    }
    if (parsed.k < 1) {
        raise_status(SKEP_INVALID_K,
                     "search: k is " + std::to_string(parsed.k) + "; wanted is 1 or more");
    }
    if (parsed.ef_search < 0 || parsed.ef_search > std::numeric_limits<uint32_t>::max()) {
        raise_status(SKEP_INVALID_ARGUMENT,
                     "search: ef_search is " + std::to_string(parsed.ef_search) +
                         "; wanted is 1 or more, or 0 for one chosen from k");
    }
    return parsed;
}

// A numpy object array of a list, in the shape of the answer.
Ref object_array(Ref list, const Py_ssize_t* shape, int dims) {
    const Ref arguments =
        checked(dims == 1 ? Py_BuildValue("(O(n))", list.get(), shape[0])
                          : Py_BuildValue("(O(nn))", list.get(), shape[0], shape[1]));
    return call_helper("skep._arrays", "object_array", arguments.get());
}

// keys, distances and, hidden in the sequence, payloads.
Ref make_hits(Ref keys, Ref distances, Ref payloads) {
    Ref hits = checked(PyStructSequence_New(hits_type));
    PyStructSequence_SetItem(hits.get(), 0, keys.release());
    PyStructSequence_SetItem(hits.get(), 1, distances.release());
    PyStructSequence_SetItem(hits.get(), 2, payloads.release());
    return hits;
}

template <typename Element>
NewArray<Element> copy_to_array(ArrayType type, const Element* data, uint64_t count) {
    const auto shape = static_cast<Py_ssize_t>(count);
    NewArray<Element> array = typed<Element>(new_array(type, &shape, 1));
    if (count > 0) std::memcpy(array.data, data, count * sizeof(Element));
    return array;
}

PyStructSequence_Field hits_fields[] = {
    {"keys",
     "uint64 [num_queries, k], or str | None objects; a missing answer is 2**64 - 1 or None"},
    {"distances", "float32 [num_queries, k], ascending; a missing answer is +inf"},
    {"payloads", "bytes objects [num_queries, k] if payloads=True was asked for, else None"},
    {nullptr, nullptr}};
PyStructSequence_Desc hits_description = {
    "skep.Hits", "What search answers: unpacks as keys, distances. One query [dim] gives [k].",
    hits_fields, 2};

PyStructSequence_Field range_hits_fields[] = {
    {"offsets", "uint64 [num_queries + 1]: answers of query q are at offsets[q] to offsets[q + 1]"},
    {"keys", "uint64 or str objects [offsets[-1]]"},
    {"distances", "float32 [offsets[-1]], ascending within a query"},
    {nullptr, nullptr}};
PyStructSequence_Desc range_hits_description = {
    "skep.RangeHits", "What range_search answers: unpacks as offsets, keys, distances.",
    range_hits_fields, 3};

struct DestroyRangeResult {
    void operator()(skep_range_result* result) const noexcept { skep_range_result_destroy(result); }
};

}  // namespace

PyObject* collection_search(PyObject* self, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        const SearchArguments parsed = parse_search(arguments, keywords);
        const SharedState state = state_of(self, "search");
        const std::shared_ptr<skep_filter> filter = filter_of(parsed.filter);
        const BorrowedMatrix queries = borrow_rows(parsed.queries, "search", "queries", *state);

        const Py_ssize_t pair[2] = {static_cast<Py_ssize_t>(queries.view.num_rows), parsed.k};
        const Py_ssize_t* shape = queries.is_one_vector ? pair + 1 : pair;
        const int dims = queries.is_one_vector ? 1 : 2;
        const bool has_strings = state->info.key_kind == SKEP_KEY_STRING;
        NewArray<float> distances = typed<float>(new_array(ArrayType::kF32, shape, dims));
        NewArray<uint64_t> keys;
        ByteList strings;
        ByteList payloads;
        skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
        output.distances = distances.data;
        if (has_strings) {
            output.strings = strings.out();
        } else {
            keys = typed<uint64_t>(new_array(ArrayType::kU64, shape, dims));
            output.keys = keys.data;
        }
        if (parsed.wants_payloads != 0) output.payloads = payloads.out();

        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = static_cast<uint64_t>(parsed.k);
        options.ef_search = static_cast<uint32_t>(parsed.ef_search);
        options.recall = parsed.recall;
        options.filter = filter.get();
        // A recall that nobody has measured is measured first.
        const Duration duration =
            parsed.recall > 0 ? Duration::kMaybeLong : duration_of(*state, queries.view);
        run_call(parsed.call, duration, [&](const skep_call_options* call, skep_error* error) {
            return skep_collection_search(state->handle.get(), &queries.view, &options, &output,
                                          call, error);
        });
        if (has_strings) keys.object = object_array(strings.as_keys(), shape, dims);
        return make_hits(
            std::move(keys.object), std::move(distances.object),
            parsed.wants_payloads != 0 ? object_array(payloads.as_bytes(), shape, dims) : none());
    });
}

PyObject* collection_range_search(PyObject* self, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        static const char* const kNames[] = {"queries", "radius",   "filter", "timeout",
                                             "cancel",  "progress", nullptr};
        PyObject* query_object = nullptr;
        PyObject* filter_object = nullptr;
        float radius = 0;
        CallKeywords keyword_values;
        if (PyArg_ParseTupleAndKeywords(arguments, keywords, "Of|$OOOO:range_search",
                                        const_cast<char**>(kNames), &query_object, &radius,
                                        &filter_object, &keyword_values.timeout,
                                        &keyword_values.cancel, &keyword_values.progress) == 0) {
            throw PythonError();
        }
        const SharedState state = state_of(self, "range_search");
        const std::shared_ptr<skep_filter> filter = filter_of(filter_object);
        const BorrowedMatrix queries = borrow_rows(query_object, "range_search", "queries", *state);
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.filter = filter.get();
        skep_range_result* made = nullptr;
        run_call(keyword_values, duration_of(*state, queries.view),
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_collection_range_search(state->handle.get(), &queries.view, radius,
                                                         &options, call, &made, error);
                 });
        const std::unique_ptr<skep_range_result, DestroyRangeResult> result(made);
        skep_range_view view{};
        view.struct_size = sizeof(view);
        skep_error error = SKEP_ERROR_INIT;
        check_status(skep_range_result_view(result.get(), &view, &error), error);

        const uint64_t total = view.offsets[view.num_queries];
        const auto shape = static_cast<Py_ssize_t>(total);
        Ref keys = view.strings != nullptr
                       ? object_array(keys_of(view.strings), &shape, 1)
                       : std::move(copy_to_array(ArrayType::kU64, view.keys, total).object);
        Ref distances = std::move(copy_to_array(ArrayType::kF32, view.distances, total).object);
        Ref offsets =
            std::move(copy_to_array(ArrayType::kU64, view.offsets, view.num_queries + 1).object);
        Ref hits = checked(PyStructSequence_New(range_hits_type));
        PyStructSequence_SetItem(hits.get(), 0, offsets.release());
        PyStructSequence_SetItem(hits.get(), 1, keys.release());
        PyStructSequence_SetItem(hits.get(), 2, distances.release());
        return hits;
    });
}

// (k, recall, queries | None, timeout, cancel, progress) -> ef_search
PyObject* collection_calibrate(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        Py_ssize_t k = 0;
        double recall = 0;
        PyObject* query_object = nullptr;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "ndOOOO", &k, &recall, &query_object, &keywords.timeout,
                             &keywords.cancel, &keywords.progress) == 0) {
            throw PythonError();
        }
        if (k < 1) {
            raise_status(SKEP_INVALID_K,
                         "calibrate: k is " + std::to_string(k) + "; wanted is 1 or more");
        }
        const SharedState state = state_of(self, "calibrate");
        BorrowedMatrix queries{};
        if (query_object != Py_None) {
            queries = borrow_rows(query_object, "calibrate", "queries", *state);
        }
        uint32_t ef_search = 0;
        run_call(
            keywords, Duration::kMaybeLong, [&](const skep_call_options* call, skep_error* error) {
                return skep_collection_calibrate(
                    state->handle.get(), static_cast<uint64_t>(k), recall,
                    query_object != Py_None ? &queries.view : nullptr, call, &ef_search, error);
            });
        return checked(PyLong_FromUnsignedLong(ef_search));
    });
}

PyObject* make_hits_type() {
    hits_type = PyStructSequence_NewType(&hits_description);
    return checked(reinterpret_cast<PyObject*>(hits_type)).release();
}

PyObject* make_range_hits_type() {
    range_hits_type = PyStructSequence_NewType(&range_hits_description);
    return checked(reinterpret_cast<PyObject*>(range_hits_type)).release();
}

}  // namespace skep::python
