// SPDX-License-Identifier: MIT
#include "evaluation.hpp"

#include "byte_lists.hpp"
#include "calls.hpp"
#include "matrices.hpp"
#include "numpy_arrays.hpp"
#include "runtime.hpp"

#include <cstring>
#include <memory>

namespace skep::python {
namespace {

struct CloseVectors {
    void operator()(skep_vectors* vectors) const noexcept { skep_vectors_close(vectors); }
};

std::string path_of(PyObject* bytes) {
    char* data = nullptr;
    checked(PyBytes_AsStringAndSize(bytes, &data, nullptr));
    return data;
}

}  // namespace

// (vectors, from dtype, to dtype) -> array; from: what 16-bit integers are taken for
PyObject* convert(PyObject*, PyObject* arguments) {
    return guarded([&] {
        PyObject* object = nullptr;
        int from = 0;
        int to = 0;
        if (PyArg_ParseTuple(arguments, "Oii", &object, &from, &to) == 0) throw PythonError();
        const BorrowedMatrix rows = borrow_matrix(object, {"convert", "vectors", from});
        const Py_ssize_t pair[2] = {static_cast<Py_ssize_t>(rows.view.num_rows),
                                    static_cast<Py_ssize_t>(rows.view.dim)};
        const int dims = rows.is_one_vector ? 1 : 2;
        NewArray<void> result =
            new_array(array_type_of(to), rows.is_one_vector ? pair + 1 : pair, dims);
        const skep_mutable_matrix out = SKEP_HOST_MATRIX(skep_mutable_matrix, to, result.data,
                                                         rows.view.num_rows, rows.view.dim);
        run_call([&](skep_error* error) { return skep_vectors_convert(&rows.view, &out, error); });
        return std::move(result.object);
    });
}

// (runtime, base, queries, metric, k, timeout, cancel, progress) -> (rows u32, distances)
PyObject* ground_truth(PyObject*, PyObject* arguments) {
    return guarded([&] {
        PyObject* runtime_object = nullptr;
        PyObject* base_object = nullptr;
        PyObject* query_object = nullptr;
        int metric = 0;
        Py_ssize_t k = 0;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OOOinOOO", &runtime_object, &base_object, &query_object,
                             &metric, &k, &keywords.timeout, &keywords.cancel,
                             &keywords.progress) == 0) {
            throw PythonError();
        }
        if (k < 1) {
            raise_status(SKEP_INVALID_K,
                         "ground_truth: k is " + std::to_string(k) + "; wanted is 1 or more");
        }
        const RuntimeHandle runtime = runtime_of(runtime_object);
        const BorrowedMatrix base =
            borrow_matrix(base_object, {"ground_truth", "base", SKEP_DTYPE_F32});
        const BorrowedMatrix queries =
            borrow_matrix(query_object, {"ground_truth", "queries", SKEP_DTYPE_F32});
        const Py_ssize_t shape[2] = {static_cast<Py_ssize_t>(queries.view.num_rows), k};
        NewArray<uint32_t> ids = typed<uint32_t>(new_array(ArrayType::kU32, shape, 2));
        NewArray<float> distances = typed<float>(new_array(ArrayType::kF32, shape, 2));
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_ground_truth(runtime.get(), &base.view, &queries.view, metric,
                                              static_cast<uint64_t>(k), ids.data, distances.data,
                                              call, error);
                 });
        return checked(PyTuple_Pack(2, ids.object.get(), distances.object.get()));
    });
}

// (found keys u64 [n, k], found distances f32 [n, k], true distances f32 [n, truth_k]); all dense
PyObject* recall(PyObject*, PyObject* arguments) {
    return guarded([&] {
        PyObject* found_keys = nullptr;
        PyObject* found_distances = nullptr;
        PyObject* true_distances = nullptr;
        if (PyArg_ParseTuple(arguments, "OOO", &found_keys, &found_distances, &true_distances) ==
            0) {
            throw PythonError();
        }
        const ArrayInterface keys = interface_of(found_keys);
        const ArrayInterface distances = interface_of(found_distances);
        const ArrayInterface truth = interface_of(true_distances);
        double share_found = 0;
        run_call([&](skep_error* error) {
            return skep_recall(
                static_cast<uint64_t>(keys->shape[0]), static_cast<uint64_t>(keys->shape[1]),
                static_cast<const uint64_t*>(keys->data),
                static_cast<const float*>(distances->data), static_cast<uint64_t>(truth->shape[1]),
                static_cast<const float*>(truth->data), &share_found, error);
        });
        return checked(PyFloat_FromDouble(share_found));
    });
}

PyObject* similarity(PyObject*, PyObject* arguments) {
    return guarded([&] {
        int metric = 0;
        float distance = 0;
        if (PyArg_ParseTuple(arguments, "if", &metric, &distance) == 0) throw PythonError();
        return checked(PyFloat_FromDouble(static_cast<double>(skep_similarity(metric, distance))));
    });
}

PyObject* describe_file(PyObject*, PyObject* path) {
    return guarded([&] {
        const std::string file = path_of(path);
        ByteList text;
        run_call(
            [&](skep_error* error) { return skep_file_describe(file.c_str(), text.out(), error); });
        return text.text_at(0);
    });
}

// A copy: the file may change or go while the array lives.
PyObject* read_vectors(PyObject*, PyObject* path) {
    return guarded([&] {
        const std::string file = path_of(path);
        skep_vectors* made = nullptr;
        run_call([&](skep_error* error) { return skep_vectors_open(file.c_str(), &made, error); });
        const std::unique_ptr<skep_vectors, CloseVectors> vectors(made);
        skep_matrix view{};
        view.struct_size = sizeof(view);
        skep_error error = SKEP_ERROR_INIT;
        check_status(skep_vectors_view(vectors.get(), &view, &error), error);

        const Py_ssize_t shape[2] = {static_cast<Py_ssize_t>(view.num_rows),
                                     static_cast<Py_ssize_t>(view.dim)};
        NewArray<void> result = new_array(array_type_of(view.dtype), shape, 2);
        const ArrayInterface described = interface_of(result.object.get());
        const auto row_bytes =
            static_cast<std::size_t>(view.dim) * static_cast<std::size_t>(described->item_bytes);
        const std::size_t stride = view.row_stride_bytes == 0
                                       ? row_bytes
                                       : static_cast<std::size_t>(view.row_stride_bytes);
        {
            const WithoutInterpreterLock unlocked;
            for (std::size_t row = 0; row < view.num_rows; ++row) {
                std::memcpy(static_cast<char*>(result.data) + row * row_bytes,
                            static_cast<const char*>(view.data) + row * stride, row_bytes);
            }
        }
        return std::move(result.object);
    });
}

// (path, vectors, timeout, cancel, progress)
PyObject* write_vectors(PyObject*, PyObject* arguments) {
    return guarded([&] {
        PyObject* path = nullptr;
        PyObject* object = nullptr;
        CallKeywords keywords;
        if (PyArg_ParseTuple(arguments, "OOOOO", &path, &object, &keywords.timeout,
                             &keywords.cancel, &keywords.progress) == 0) {
            throw PythonError();
        }
        const std::string file = path_of(path);
        const BorrowedMatrix rows =
            borrow_matrix(object, {"write_vectors", "vectors", SKEP_DTYPE_F32});
        run_call(keywords, Duration::kMaybeLong,
                 [&](const skep_call_options* call, skep_error* error) {
                     return skep_vectors_write(file.c_str(), &rows.view, call, error);
                 });
        return none();
    });
}

}  // namespace skep::python
