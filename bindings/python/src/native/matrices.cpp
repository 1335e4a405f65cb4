// SPDX-License-Identifier: MIT
#include "matrices.hpp"

#include "array_abi.hpp"
#include "numpy_arrays.hpp"

#include <array>
#include <optional>
#include <string>

namespace skep::python {
namespace {

// What all protocols come down to. Strides are bytes.
struct Layout {
    int64_t num_dims = 0;
    std::array<int64_t, 2> shape{};
    std::array<int64_t, 2> strides{};
    char kind = 0;  // numpy's: 'f', 'i', 'u'; 'B' for bfloat16
    int64_t item_bytes = 0;
    const void* data = nullptr;
    skep_memory_kind memory_kind = SKEP_MEMORY_HOST;
    int32_t memory_device_id = 0;
};

std::string beginning(const MatrixUse& use) {
    return std::string(use.operation) + ": " + use.role + " ";
}

void check_num_dims(int64_t num_dims, const MatrixUse& use) {
    if (num_dims == 1 || num_dims == 2) return;
    raise_status(SKEP_INVALID_ARGUMENT, beginning(use) + "have " + std::to_string(num_dims) +
                                            " dimensions; wanted is [num_vectors, dim], or [dim] "
                                            "for one vector");
}

// Empty for a type that no function of the library takes.
std::optional<skep_dtype> dtype_of(const Layout& layout, const MatrixUse& use) {
    if (layout.kind == 'f' && layout.item_bytes == 4) return SKEP_DTYPE_F32;
    if (layout.kind == 'f' && layout.item_bytes == 2) return SKEP_DTYPE_F16;
    if (layout.kind == 'i' && layout.item_bytes == 1) return SKEP_DTYPE_I8;
    if (layout.kind == 'u' && layout.item_bytes == 1) return SKEP_DTYPE_U8;
    if (layout.kind == 'i' && layout.item_bytes == 4) return SKEP_DTYPE_I32;
    if (layout.kind == 'B') return SKEP_DTYPE_BF16;
    // numpy has no bfloat16 of its own: its bits travel as uint16.
    const bool are_bits = layout.kind == 'u' && layout.item_bytes == 2;
    if (are_bits && use.dtype == SKEP_DTYPE_BF16) return SKEP_DTYPE_BF16;
    return std::nullopt;
}

[[noreturn]] void refuse_type(const std::string& given, const MatrixUse& use) {
    raise_status(
        SKEP_UNSUPPORTED_TYPE,
        beginning(use) + "are " + given +
            "; wanted is float32, float16, bfloat16, int8 or uint8, the collection's being " +
            skep_dtype_name(use.dtype) +
            ": convert them first, as by vectors.astype(numpy.float32)");
}

// type_name() is asked only for a type that is refused.
template <typename TypeName>
BorrowedMatrix matrix_of(const Layout& layout, const MatrixUse& use, Ref owner,
                         TypeName type_name) {
    const bool is_one_vector = layout.num_dims == 1;
    const int64_t num_rows = is_one_vector ? 1 : layout.shape[0];
    const int64_t dim = is_one_vector ? layout.shape[0] : layout.shape[1];
    const int64_t item_stride = is_one_vector ? layout.strides[0] : layout.strides[1];
    const int64_t row_bytes = dim * layout.item_bytes;
    const bool has_one_row = num_rows <= 1;
    const int64_t row_stride = has_one_row ? row_bytes : layout.strides[0];

    const std::optional<skep_dtype> dtype = dtype_of(layout, use);
    if (!dtype) refuse_type(type_name(), use);
    if (dim > UINT32_MAX) {
        raise_status(SKEP_INVALID_DIMENSION, beginning(use) + "have dim " + std::to_string(dim) +
                                                 ", more than " + std::to_string(SKEP_MAX_DIM));
    }
    if ((dim > 1 && num_rows > 0 && item_stride != layout.item_bytes) || row_stride < row_bytes) {
        raise_status(SKEP_INVALID_ARGUMENT,
                     beginning(use) + "have strides of " + std::to_string(row_stride) + " and " +
                         std::to_string(item_stride) +
                         " bytes; wanted are rows without gaps between their components, that do "
                         "not overlap: pass numpy.ascontiguousarray(vectors)");
    }
    skep_matrix view =
        SKEP_HOST_MATRIX(skep_matrix, *dtype, layout.data, static_cast<uint64_t>(num_rows),
                         static_cast<uint32_t>(dim));
    view.memory_kind = layout.memory_kind;
    view.memory_device_id = layout.memory_device_id;
    view.row_stride_bytes = has_one_row ? 0 : static_cast<uint64_t>(row_stride);
    return {view, is_one_vector, std::move(owner)};
}

BorrowedMatrix from_numpy(PyObject* array, const MatrixUse& use) {
    const ArrayInterface described = interface_of(array);
    check_num_dims(described->num_dims, use);
    Layout layout;
    layout.num_dims = described->num_dims;
    for (int dim = 0; dim < described->num_dims; ++dim) {
        layout.shape[static_cast<std::size_t>(dim)] = described->shape[dim];
        layout.strides[static_cast<std::size_t>(dim)] = described->strides[dim];
    }
    layout.kind = described->type_kind;
    layout.item_bytes = described->item_bytes;
    layout.data = described->data;
    // Packages that add a bfloat16 to numpy make it a void type of that name.
    if (layout.kind == 'V' && layout.item_bytes == 2 && dtype_name(array) == "bfloat16") {
        layout.kind = 'B';
    }
    if (layout.item_bytes > 1 && (described->flags & kNumpyByteOrderIsOurs) == 0) {
        raise_status(SKEP_UNSUPPORTED_TYPE,
                     beginning(use) + "are " + dtype_name(array) +
                         ", of the other byte order; wanted is this machine's");
    }
    return matrix_of(layout, use, share(array), [&] { return dtype_name(array); });
}

std::string dlpack_kind_name(uint8_t code) {
    switch (code) {
        case kDLPackInt:
            return "int";
        case kDLPackUInt:
            return "uint";
        case kDLPackFloat:
            return "float";
        case kDLPackBfloat:
            return "bfloat";
        default:
            return "DLPack type code ";
    }
}

// The capsule keeps its name, so that whoever made it frees the tensor with it.
BorrowedMatrix from_dlpack(PyObject* object, const MatrixUse& use) {
    const Ref arguments = checked(PyTuple_Pack(1, object));
    Ref capsule = call_helper("skep._arrays", "dlpack_capsule", arguments.get());
    const auto* tensor =
        static_cast<const DLPackTensor*>(PyCapsule_GetPointer(capsule.get(), "dltensor"));
    if (tensor == nullptr) throw PythonError();

    check_num_dims(tensor->num_dims, use);
    Layout layout;
    layout.num_dims = tensor->num_dims;
    layout.item_bytes = tensor->type_bits / 8 * tensor->type_lanes;
    for (int32_t dim = tensor->num_dims - 1; dim >= 0; --dim) {
        const auto at = static_cast<std::size_t>(dim);
        layout.shape[at] = tensor->shape[dim];
        const int64_t dense = dim + 1 == tensor->num_dims
                                  ? layout.item_bytes
                                  : layout.strides[at + 1] * layout.shape[at + 1];
        layout.strides[at] =
            tensor->strides == nullptr ? dense : tensor->strides[dim] * layout.item_bytes;
    }
    layout.kind = tensor->type_code == kDLPackInt      ? 'i'
                  : tensor->type_code == kDLPackUInt   ? 'u'
                  : tensor->type_code == kDLPackFloat  ? 'f'
                  : tensor->type_code == kDLPackBfloat ? 'B'
                                                       : '?';
    layout.data = static_cast<const char*>(tensor->data) + tensor->byte_offset;
    layout.memory_kind = tensor->device_type;
    layout.memory_device_id = tensor->device_id;
    return matrix_of(layout, use, std::move(capsule), [&] {
        return dlpack_kind_name(tensor->type_code) + std::to_string(tensor->type_bits);
    });
}

// numba's arrays and older GPU packages: a description in a dict, read in Python.
BorrowedMatrix from_cuda_array_interface(PyObject* object, const MatrixUse& use) {
    const Ref arguments = checked(PyTuple_Pack(1, object));
    const Ref described = call_helper("skep._cuda_arrays", "describe", arguments.get());
    long long num_dims = 0;
    long long shape[2] = {0, 0};
    long long strides[2] = {0, 0};
    unsigned long long pointer = 0;
    int kind = 0;
    long long item_bytes = 0;
    int device_id = 0;
    if (PyArg_ParseTuple(described.get(), "L(LL)(LL)KCLi", &num_dims, &shape[0], &shape[1],
                         &strides[0], &strides[1], &pointer, &kind, &item_bytes, &device_id) == 0) {
        throw PythonError();
    }
    check_num_dims(num_dims, use);
    Layout layout;
    layout.num_dims = num_dims;
    layout.shape = {shape[0], shape[1]};
    layout.strides = {strides[0], strides[1]};
    layout.kind = static_cast<char>(kind);
    layout.item_bytes = item_bytes;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the protocol gives addresses as integers.
    layout.data = reinterpret_cast<const void*>(static_cast<uintptr_t>(pointer));
    layout.memory_kind = SKEP_MEMORY_CUDA;
    layout.memory_device_id = device_id;
    return matrix_of(layout, use, share(object),
                     [&] { return std::string(1, layout.kind) + std::to_string(item_bytes); });
}

}  // namespace

BorrowedMatrix borrow_matrix(PyObject* object, const MatrixUse& use) {
    if (is_numpy_array(object)) return from_numpy(object, use);
    if (PyObject_HasAttrString(object, "__dlpack__") != 0) return from_dlpack(object, use);
    if (PyObject_HasAttrString(object, "__cuda_array_interface__") != 0) {
        return from_cuda_array_interface(object, use);
    }
    const Ref arguments = checked(Py_BuildValue("(Os)", object, skep_dtype_name(use.dtype)));
    const Ref array = call_helper("skep._arrays", "as_array", arguments.get());
    return from_numpy(array.get(), use);
}

}  // namespace skep::python
