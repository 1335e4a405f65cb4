// SPDX-License-Identifier: MIT
#include "collection.hpp"

#include "object.hpp"
#include "runtime.hpp"

#include <string>

namespace skep::python {
namespace {

struct CollectionObject {
    PyObject_HEAD SharedState* state;  // NULL until made and after close()
};

PyObject* collection_type = nullptr;

SharedState*& state_slot(PyObject* self) {
    return reinterpret_cast<CollectionObject*>(self)->state;
}

// --- making and closing ---

PyObject* collection_new(PyTypeObject* type, PyObject*, PyObject*) {
    return guarded([&] { return allocate(type); });
}

// Drops one share with the interpreter lock released: the last one may free gigabytes.
void drop_state(PyObject* self) {
    SharedState* state = state_slot(self);
    state_slot(self) = nullptr;
    if (state == nullptr) return;
    const WithoutInterpreterLock unlocked;
    delete state;
}

void collection_dealloc(PyObject* self) {
    drop_state(self);
    deallocate(self);
}

PyObject* collection_close(PyObject* self, PyObject*) {
    drop_state(self);
    return none().release();
}

// Adopts a collection that a call of the library made.
void adopt(PyObject* self, skep_collection* made) {
    std::unique_ptr<skep_collection, DestroyCollection> handle(made);
    auto state = std::make_shared<CollectionState>();
    state->handle = std::move(handle);
    state->info.struct_size = sizeof(state->info);
    state->device.struct_size = sizeof(state->device);
    skep_error error = SKEP_ERROR_INIT;
    check_status(skep_collection_get_info(made, &state->info, &error), error);
    check_status(skep_collection_get_device(made, &state->device, &error), error);
    drop_state(self);
    state_slot(self) = new SharedState(std::move(state));
}

// (runtime, dim, metric, dtype, index, key_kind, device | None, reserve, m, ef_construction, seed)
PyObject* collection_create(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* runtime_object = nullptr;
        skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
        unsigned long long reserve_rows = 0;
        unsigned long long seed = 0;
        if (PyArg_ParseTuple(arguments, "OIiiiizKIIK", &runtime_object, &options.dim,
                             &options.metric, &options.dtype, &options.index, &options.key_kind,
                             &options.device, &reserve_rows, &options.m, &options.ef_construction,
                             &seed) == 0) {
            throw PythonError();
        }
        options.reserve_rows = reserve_rows;
        options.seed = seed;
        const RuntimeHandle runtime = runtime_of(runtime_object);
        skep_collection* made = nullptr;
        run_call([&](skep_error* error) {
            return skep_collection_create(runtime.get(), &options, &made, error);
        });
        adopt(self, made);
        return none();
    });
}

// --- files ---

// (runtime, path, device | None, flags, timeout, cancel, progress)
PyObject* collection_open(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* runtime_object = nullptr;
        const char* path = nullptr;
        skep_open_options options = SKEP_OPEN_OPTIONS_INIT;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OyzIOOO", &runtime_object, &path, &options.device,
                             &options.flags, &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        const RuntimeHandle runtime = runtime_of(runtime_object);
        skep_collection* made = nullptr;
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_collection_open(runtime.get(), path, &options, call, &made, error);
                 });
        adopt(self, made);
        return none();
    });
}

// (runtime, path, metric, dtype, device | None, timeout, cancel, progress)
PyObject* collection_import_hnswlib(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* runtime_object = nullptr;
        const char* path = nullptr;
        skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OyiizOOO", &runtime_object, &path, &options.metric,
                             &options.dtype, &options.device, &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        const RuntimeHandle runtime = runtime_of(runtime_object);
        skep_collection* made = nullptr;
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_collection_import_hnswlib(runtime.get(), path, &options, call,
                                                           &made, error);
                 });
        adopt(self, made);
        return none();
    });
}

using WriteFile = skep_status (*)(skep_collection*, const char*, const skep_call_options*,
                                  skep_error*);

// (path, timeout, cancel, progress)
PyObject* write_file(PyObject* self, PyObject* arguments, const char* operation, WriteFile write) {
    return guarded([&] {
        const char* path = nullptr;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "yOOO", &path, &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        const SharedState state = state_of(self, operation);
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return write(state->handle.get(), path, call, error);
                 });
        return none();
    });
}

PyObject* collection_save(PyObject* self, PyObject* arguments) {
    return write_file(self, arguments, "save", skep_collection_save);
}

PyObject* collection_export_hnswlib(PyObject* self, PyObject* arguments) {
    return write_file(self, arguments, "export_hnswlib", skep_collection_export_hnswlib);
}

// --- the whole collection ---

PyObject* collection_clear(PyObject* self, PyObject*) {
    return guarded([&] {
        const SharedState state = state_of(self, "clear");
        run_call(
            [&](skep_error* error) { return skep_collection_clear(state->handle.get(), error); });
        return none();
    });
}

PyObject* collection_reserve(PyObject* self, PyObject* num_rows) {
    return guarded([&] {
        const SharedState state = state_of(self, "reserve");
        const unsigned long long wanted = PyLong_AsUnsignedLongLong(num_rows);
        if (PyErr_Occurred() != nullptr) throw PythonError();
        run_call([&](skep_error* error) {
            return skep_collection_reserve(state->handle.get(), wanted, error);
        });
        return none();
    });
}

// (timeout, cancel, progress)
PyObject* collection_compact(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OOO", &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        const SharedState state = state_of(self, "compact");
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_collection_compact(state->handle.get(), call, error);
                 });
        return none();
    });
}

Py_ssize_t collection_length(PyObject* self) {
    Py_ssize_t length = -1;
    PyObject* answer = guarded([&] {
        const SharedState state = state_of(self, "len");
        uint64_t count = 0;
        run_call([&](skep_error* error) {
            return skep_collection_count(state->handle.get(), &count, error);
        });
        length = static_cast<Py_ssize_t>(count);
        return none();
    });
    Py_XDECREF(answer);
    return length;
}

// --- figures ---

PyObject* collection_is_open(PyObject* self, PyObject*) {
    return PyBool_FromLong(state_slot(self) != nullptr ? 1 : 0);
}

PyObject* collection_info(PyObject* self, PyObject*) {
    return guarded([&] {
        const SharedState state = state_of(self, "info");
        const skep_collection_info& info = state->info;
        return checked(Py_BuildValue(
            "{sI,ss,ss,ss,ss,sI,sI,sK}", "dim", info.dim, "metric", skep_metric_name(info.metric),
            "dtype", skep_dtype_name(info.dtype), "index", skep_index_kind_name(info.index), "keys",
            info.key_kind == SKEP_KEY_STRING ? "string" : "u64", "m", info.m, "ef_construction",
            info.ef_construction, "seed", static_cast<unsigned long long>(info.seed)));
    });
}

PyObject* collection_device(PyObject* self, PyObject*) {
    return guarded([&] {
        const SharedState state = state_of(self, "device");
        skep_device_info info{};
        info.struct_size = sizeof(info);
        run_call([&](skep_error* error) {
            return skep_collection_get_device(state->handle.get(), &info, error);
        });
        return dict_of(info);
    });
}

PyObject* collection_stats(PyObject* self, PyObject*) {
    return guarded([&] {
        const SharedState state = state_of(self, "stats");
        skep_collection_stats stats{};
        stats.struct_size = sizeof(stats);
        run_call([&](skep_error* error) {
            return skep_collection_get_stats(state->handle.get(), &stats, error);
        });
        const Ref figures = checked(PyDict_New());
        const auto tell = [&](const char* name, uint64_t value) {
            checked(PyDict_SetItemString(figures.get(), name,
                                         checked(PyLong_FromUnsignedLongLong(value)).get()));
        };
        tell("num_rows", stats.num_rows);
        tell("num_removed", stats.num_removed);
        tell("capacity_rows", stats.capacity_rows);
        tell("row_bytes", stats.row_bytes);
        tell("reserved_bytes", stats.reserved_bytes);
        tell("key_bytes", stats.key_bytes);
        tell("payload_bytes", stats.payload_bytes);
        tell("num_searches", stats.num_searches);
        tell("num_exact_retries", stats.num_exact_retries);
        tell("num_linked", stats.num_linked);
        tell("num_links", stats.num_links);
        tell("num_levels", stats.num_levels);
        tell("graph_bytes", stats.graph_bytes);
        tell("graph_reserved_bytes", stats.graph_reserved_bytes);
        return share(figures.get());
    });
}

template <typename Function>
PyCFunction method(Function function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

constexpr const char* kSearchDoc =
    "search($self, queries, k=10, *, filter=None, ef_search=0, recall=0.0, payloads=False, "
    "timeout=None, "
    "cancel=None, "
    "progress=None)\n--\n\n"
    "The k nearest rows of each query.\n\n"
    "queries: [num_queries, dim], or [dim] for one; float32 or the collection's dtype; used in\n"
    "place. Returns Hits, which unpacks as keys, distances: [num_queries, k], or [k] for one "
    "query,\n"
    "nearest first. Where there are fewer than k rows, the rest is key 2**64 - 1 (None in a\n"
    "collection of string keys) and distance +inf.\n\n"
    "filter: allow(keys) or deny(keys) of this collection. ef_search: beam of an hnsw search; 0\n"
    "chooses it from k. recall: in its place, the share of true neighbours wanted; see calibrate.\n"
    "payloads: also fetch them, as Hits.payloads. timeout: seconds. cancel: a Cancel. progress:\n"
    "callable of (done, total), or a tqdm bar; False or an exception from it stops the call; it\n"
    "must not use the collection.";
constexpr const char* kRangeSearchDoc =
    "range_search($self, queries, radius, *, filter=None, timeout=None, cancel=None, "
    "progress=None)\n--\n\n"
    "Every row whose distance is at most radius, nearest first.\n\n"
    "queries as in search. Returns RangeHits, which unpacks as offsets, keys, distances: the "
    "answers\n"
    "of query q are at offsets[q] to offsets[q + 1].";

PyMethodDef collection_methods[] = {
    {"_create", collection_create, METH_VARARGS, nullptr},
    {"_open", collection_open, METH_VARARGS, nullptr},
    {"_import_hnswlib", collection_import_hnswlib, METH_VARARGS, nullptr},
    {"_save", collection_save, METH_VARARGS, nullptr},
    {"_export_hnswlib", collection_export_hnswlib, METH_VARARGS, nullptr},
    {"_add", collection_add, METH_VARARGS, nullptr},
    {"_remove", collection_remove, METH_O, nullptr},
    {"_get", collection_get, METH_VARARGS, nullptr},
    {"_contains", collection_contains, METH_O, nullptr},
    {"_keys", collection_keys, METH_NOARGS, nullptr},
    {"_calibrate", collection_calibrate, METH_VARARGS, nullptr},
    {"_compact", collection_compact, METH_VARARGS, nullptr},
    {"_is_open", collection_is_open, METH_NOARGS, nullptr},
    {"_info", collection_info, METH_NOARGS, nullptr},
    {"_device", collection_device, METH_NOARGS, nullptr},
    {"_stats", collection_stats, METH_NOARGS, nullptr},
    {"search", method(collection_search), METH_VARARGS | METH_KEYWORDS, kSearchDoc},
    {"range_search", method(collection_range_search), METH_VARARGS | METH_KEYWORDS,
     kRangeSearchDoc},
    {"clear", collection_clear, METH_NOARGS,
     "Removes everything; memory is kept for refilling, and numbering of rows without keys starts "
     "at "
     "0 again."},
    {"reserve", collection_reserve, METH_O,
     "Makes room for num_rows rows in all; a hint of what will be added."},
    {"close", collection_close, METH_NOARGS,
     "Gives the memory back. Calls that run go on to their end; later ones raise. Legal twice."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot collection_slots[] = {{Py_tp_new, reinterpret_cast<void*>(collection_new)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(collection_dealloc)},
                                  {Py_sq_length, reinterpret_cast<void*>(collection_length)},
                                  {Py_tp_methods, collection_methods},
                                  {0, nullptr}};

PyType_Spec collection_spec = {"skep._native.Collection", sizeof(CollectionObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, collection_slots};

}  // namespace

PyObject* make_collection_type() {
    collection_type = checked(PyType_FromSpec(&collection_spec)).release();
    return collection_type;
}

SharedState state_of(PyObject* self, const char* operation) {
    if (const SharedState* state = state_slot(self); state != nullptr) return *state;
    raise_status(SKEP_INVALID_ARGUMENT, std::string(operation) + ": the collection is closed");
}

SharedState collection_state_of(PyObject* object, const char* operation) {
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(collection_type)) == 0) {
        PyErr_Format(PyExc_TypeError, "%s: %R is no skep.Collection", operation, object);
        throw PythonError();
    }
    return state_of(object, operation);
}

BorrowedMatrix borrow_rows(PyObject* object, const char* operation, const char* role,
                           const CollectionState& state) {
    BorrowedMatrix matrix = borrow_matrix(object, {operation, role, state.info.dtype});
    const skep_memory_kind kind = matrix.view.memory_kind;
    const bool is_of_host = kind == SKEP_MEMORY_HOST || kind == SKEP_MEMORY_CUDA_HOST;
    const bool is_of_device = (state.device.capabilities & SKEP_CAPABILITY_DEVICE_MATRICES) != 0 &&
                              kind == state.device.memory_kind &&
                              matrix.view.memory_device_id == state.device.memory_device_id;
    if (is_of_host || is_of_device) return matrix;
    raise_status(SKEP_WRONG_MEMORY,
                 std::string(operation) + ": " + role + " lie in memory of DLPack device (" +
                     std::to_string(kind) + ", " + std::to_string(matrix.view.memory_device_id) +
                     "); the collection on " + state.device.id + " takes host memory" +
                     ((state.device.capabilities & SKEP_CAPABILITY_DEVICE_MATRICES) != 0
                          ? " or its own device's"
                          : "") +
                     ": move them first, as by vectors.cpu() or cupy.asnumpy(vectors)");
}

}  // namespace skep::python
