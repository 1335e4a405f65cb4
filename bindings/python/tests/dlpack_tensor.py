# SPDX-License-Identifier: MIT
"""A DLPack producer written out in ctypes: for element types and devices that numpy has not."""

import ctypes

import numpy as np


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("num_dims", ctypes.c_int32),
        ("type_code", ctypes.c_uint8),
        ("type_bits", ctypes.c_uint8),
        ("type_lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [
    ("tensor", _Tensor),
    ("context", ctypes.c_void_p),
    ("deleter", _Deleter),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class DLPackTensor:
    """The memory of a numpy array under any type code, device and strides that a test wants."""

    def __init__(self, array, *, type_code, type_bits, device=(1, 0), with_strides=True):
        self.array = array
        self.device = device
        self.stream = "never asked"
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        steps = [stride // array.itemsize for stride in array.strides]
        strides = (ctypes.c_int64 * array.ndim)(*steps) if with_strides else None
        tensor = _Tensor(
            array.ctypes.data, *device, array.ndim, type_code, type_bits, 1, shape, strides, 0
        )
        self._managed = _Managed(tensor, None, _Deleter(lambda managed: None))

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, stream=None):
        self.stream = stream
        return _new_capsule(ctypes.addressof(self._managed), b"dltensor", None)


def bfloat16_tensor(values):
    """Values that bfloat16 holds exactly."""
    bits = (np.ascontiguousarray(values, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return DLPackTensor(bits, type_code=4, type_bits=16)
