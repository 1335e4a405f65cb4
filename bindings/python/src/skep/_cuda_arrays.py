# SPDX-License-Identifier: MIT
"""Tensors in CUDA memory: described, and waited for.

The library reads device memory on streams of its own, of which no producer knows. So whatever the
producer has queued is waited for here, through the driver, before the pointer is handed over: the
one place where a call for a GPU tensor blocks beside the call itself.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Sequence
from typing import Any

from skep._errors import invalid_argument

_LEGACY_STREAM = 1  # the default stream, in DLPack as in __cuda_array_interface__


class _Driver:
    """The few functions of the CUDA driver that waiting takes."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def _call(self, name: str, *arguments: Any) -> None:
        result = getattr(self._library, name)(*arguments)
        if result != 0:
            raise RuntimeError(f"{name} failed with CUDA driver error {result}")

    def synchronize(self, stream: int, device_id: int) -> None:
        """Returns once all that `stream` of a device was given is done."""
        context = ctypes.c_void_p()
        self._call("cuInit", 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), ctypes.c_int(device_id))
        try:
            self._call("cuCtxPushCurrent_v2", context)
            try:
                self._call("cuStreamSynchronize", ctypes.c_void_p(stream))
            finally:
                self._call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))
        finally:
            self._call("cuDevicePrimaryCtxRelease_v2", ctypes.c_int(device_id))

    def device_of(self, pointer: int) -> int:
        """The ordinal of the device that owns an address."""
        ordinal = ctypes.c_int()
        attribute = 9  # CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
        self._call("cuInit", 0)
        self._call(
            "cuPointerGetAttribute", ctypes.byref(ordinal), attribute, ctypes.c_uint64(pointer)
        )
        return ordinal.value


@functools.cache
def _driver() -> _Driver:
    return _Driver(ctypes.CDLL("libcuda.so.1"))


def ready_capsule(tensor: Any, device_id: int) -> Any:
    """The DLPack capsule of a CUDA tensor: its producer makes the legacy stream wait for the
    tensor, and the legacy stream is waited for."""
    capsule = tensor.__dlpack__(stream=_LEGACY_STREAM)
    _driver().synchronize(_LEGACY_STREAM, device_id)
    return capsule


def describe(
    array: Any,
) -> tuple[int, tuple[int, int], tuple[int, int], int, str, int, int]:
    """(dimensions, shape, strides in bytes, pointer, type kind, item bytes, device) of
    __cuda_array_interface__, version 2 or 3, ready to be read."""
    interface = array.__cuda_array_interface__
    shape = tuple(interface["shape"])
    kind, item_bytes = interface["typestr"][1], int(interface["typestr"][2:])
    if interface["typestr"][0] == ">":
        raise invalid_argument("a CUDA array of the other byte order; wanted is this machine's")
    strides = interface.get("strides")
    if strides is None:
        strides = tuple(item_bytes * _product(shape[at + 1 :]) for at in range(len(shape)))
    pointer = int(interface["data"][0])
    device_id = _driver().device_of(pointer) if pointer else 0
    stream = interface.get("stream")
    if stream == 0:
        raise invalid_argument("__cuda_array_interface__ with stream 0, which the protocol forbids")
    if stream is not None:
        _driver().synchronize(int(stream), device_id)
    return (
        len(shape),
        _padded(shape),
        _padded(strides),
        pointer,
        kind,
        item_bytes,
        device_id,
    )


def _product(numbers: Sequence[int]) -> int:
    return math.prod(numbers)


def _padded(numbers: Sequence[int]) -> tuple[int, int]:
    """The first two; what has more dimensions is refused before they are looked at."""
    first, second, *_ = (*numbers, 0, 0)
    return int(first), int(second)
