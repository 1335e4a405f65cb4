# SPDX-License-Identifier: MIT
"""Arguments in the forms that the extension takes: dense keys, packed strings, shared tensors."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from skep._errors import invalid_argument, invalid_key

Offsets = npt.NDArray[np.uint64]
Packed = tuple[Offsets, bytes]
PreparedKeys = Union[npt.NDArray[np.uint64], Packed]

_INTEGER_DTYPES: dict[str, type[Any]] = {"i8": np.int8, "u8": np.uint8}


# --- keys ---


def prepare_u64_keys(keys: Any) -> npt.NDArray[np.uint64]:
    """Dense uint64 [count]: in place for such an array and for non-negative int64, else a copy."""
    if isinstance(keys, (list, tuple, range, set, frozenset)):
        return _u64_of_integers(keys)
    keys = np.asarray(keys)
    if keys.ndim != 1:
        raise invalid_argument(f"keys have {keys.ndim} dimensions; wanted is one")
    if keys.dtype.kind not in "iu":
        raise invalid_key(f"keys are {keys.dtype}; wanted are integers from 0 to 2**64 - 2")
    if keys.dtype.kind == "i":
        if keys.size and keys.min() < 0:
            raise invalid_key(f"key {keys.min()} is negative; wanted is 0 to 2**64 - 2")
        if keys.dtype == np.int64 and keys.dtype.isnative:
            keys = keys.view(np.uint64)
    return np.ascontiguousarray(keys, dtype=np.uint64)


def _u64_of_integers(keys: Iterable[Any]) -> npt.NDArray[np.uint64]:
    # numpy itself would make floats of numbers on both sides of 2**63.
    try:
        numbers = [operator.index(key) for key in keys]
    except TypeError as error:
        raise invalid_key(f"{error}; the collection's keys are integers") from None
    for number in numbers:
        if not 0 <= number < 2**64:
            raise invalid_key(f"key {number}; wanted is 0 to 2**64 - 2")
    return np.array(numbers, dtype=np.uint64)


def prepare_string_keys(keys: Any) -> Packed:
    """Offsets [count + 1] and UTF-8 bytes."""
    if isinstance(keys, str):
        raise invalid_argument("keys are one str; wanted is a sequence of str, as [key]")
    encoded = []
    for key in keys:
        if not isinstance(key, str):
            raise invalid_key(f"key {key!r} is no str; the collection's keys are strings")
        encoded.append(key.encode("utf-8", "surrogatepass"))
    return _pack(encoded)


def pack_payloads(payloads: Iterable[Any]) -> Packed:
    """Offsets [count + 1] and bytes of bytes-like payloads."""
    if isinstance(payloads, (str, bytes, bytearray)):
        raise invalid_argument("payloads are one text; wanted is a sequence of bytes, one per row")
    items = []
    for payload in payloads:
        if isinstance(payload, str):
            raise TypeError(
                f"payload {payload[:40]!r} is a str; wanted are bytes: use str.encode()"
            )
        items.append(bytes(memoryview(payload)))
    return _pack(items)


def _pack(items: Sequence[bytes]) -> Packed:
    offsets = np.zeros(len(items) + 1, dtype=np.uint64)
    np.cumsum(np.fromiter(map(len, items), dtype=np.uint64, count=len(items)), out=offsets[1:])
    return offsets, b"".join(items)


# --- called by the extension ---


def as_array(vectors: Any, dtype: str) -> npt.NDArray[Any]:
    """A numpy array over what is no tensor. Lists become arrays of the collection's dtype if that
    holds them exactly, else of float32; what shares its memory keeps its own."""
    if isinstance(vectors, (list, tuple)):
        return _array_of_list(vectors, dtype)
    array = np.asarray(vectors)
    if array.dtype == np.object_:
        raise invalid_argument(
            f"{type(vectors).__name__} gives no array of numbers; wanted is an array or tensor "
            "[num_vectors, dim]"
        )
    return array


def _array_of_list(vectors: Any, dtype: str) -> npt.NDArray[Any]:
    array = np.asarray(vectors, dtype=np.float32)
    if dtype not in ("i8", "u8"):
        return array.astype(np.float16) if dtype == "f16" else array
    kind = _INTEGER_DTYPES[dtype]
    limits = np.iinfo(kind)
    is_exact = np.all((array >= limits.min) & (array <= limits.max) & (array == np.rint(array)))
    return array.astype(kind) if is_exact else array


def object_array(items: list[Any], shape: tuple[int, ...]) -> npt.NDArray[np.object_]:
    """Strings or bytes as objects, in the shape of an answer."""
    array = np.empty(len(items), dtype=np.object_)
    array[:] = items
    return array.reshape(shape)


def dlpack_capsule(tensor: Any) -> Any:
    """A tensor's DLPack capsule, its memory ready to be read."""
    device_type, device_id = tensor.__dlpack_device__()
    if device_type not in (2, 13):
        return tensor.__dlpack__()
    from skep import _cuda_arrays

    return _cuda_arrays.ready_capsule(tensor, device_id)
