# SPDX-License-Identifier: MIT
"""Vectors in every form that is taken, in place, and the words for those that are not."""

import array
import ctypes

import numpy as np
import pytest

import skep
from dlpack_tensor import DLPackTensor, bfloat16_tensor
from skep import _cuda_arrays


class OnlyDLPack:
    """A numpy array that can do nothing but DLPack."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __dlpack__(self, **keywords):
        return self.wrapped.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.wrapped.__dlpack_device__()


class OnlyArrayInterface:
    def __init__(self, wrapped):
        self.wrapped = wrapped  # keeps the memory
        self.__array_interface__ = wrapped.__array_interface__


def read_only(vectors):
    copy = vectors.copy()
    copy.flags.writeable = False
    return copy


FORMS = {
    "numpy": lambda v: v,
    "read-only": read_only,
    "every other row": lambda v: np.repeat(v, 2, axis=0)[::2],
    "part of wider rows": lambda v: np.hstack([v, v])[:, : v.shape[1]],
    "memoryview": memoryview,
    "buffer of floats": lambda v: (
        memoryview(array.array("f", v.ravel())).cast("B").cast("f", v.shape)
    ),
    "ctypes array": lambda v: np.ctypeslib.as_ctypes(v.copy()),
    "DLPack": OnlyDLPack,
    "__array_interface__": OnlyArrayInterface,
    "lists": lambda v: v.tolist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_vectors_in_every_form(form, vectors):
    given = FORMS[form](vectors[:50].copy())
    with skep.Collection(32, metric="l2", device="cpu") as collection:
        collection.add(given)
        np.testing.assert_array_equal(collection.get(np.arange(50)), vectors[:50])
        assert collection.search(given, 1).keys.ravel().tolist() == list(range(50))


def test_half_precision_through_dlpack(vectors):
    halves = vectors.astype(np.float16)
    with skep.Collection(32, metric="l2", dtype="f16", device="cpu") as collection:
        collection.add(OnlyDLPack(halves))
        np.testing.assert_array_equal(collection.get([5]), halves[5:6])


def test_bfloat16_through_dlpack_and_as_bits(vectors):
    with skep.Collection(32, metric="l2", dtype="bf16", device="cpu") as collection:
        collection.add(bfloat16_tensor(vectors))
        bits = collection.get(np.arange(1000))
        np.testing.assert_array_equal(bits, skep.convert(vectors, "bf16"))
        collection.upsert(bits[:1], [1])
        np.testing.assert_array_equal(collection[1], bits[0])
        assert collection.search(vectors[3], 1).keys[0] == 3, "float32 queries are taken too"


def test_bfloat16_of_ml_dtypes(vectors):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with skep.Collection(32, metric="l2", dtype="bf16", device="cpu") as collection:
        collection.add(vectors.astype(ml_dtypes.bfloat16))
        np.testing.assert_array_equal(collection.get([9]), skep.convert(vectors[9:10], "bf16"))


def test_a_dlpack_tensor_without_strides_is_dense(vectors):
    tensor = DLPackTensor(vectors, type_code=2, type_bits=32, with_strides=False)
    with skep.Collection(32, metric="l2", device="cpu") as collection:
        collection.add(tensor)
        np.testing.assert_array_equal(collection.get(np.arange(1000)), vectors)


REFUSED = {
    "wrong dtype": (lambda v: v.astype(np.float64), skep.UnsupportedTypeError, "float64.*float32"),
    "booleans": (lambda v: v > 3, skep.UnsupportedTypeError, "bool"),
    "other byte order": (lambda v: v.astype(">f4"), skep.UnsupportedTypeError, "byte order"),
    "16-bit integers": (lambda v: v.astype(np.uint16), skep.UnsupportedTypeError, "uint16"),
    "three dimensions": (lambda v: v[None], skep.InvalidArgumentError, "3 dimensions"),
    "a number": (lambda v: np.float32(3), skep.InvalidArgumentError, "0 dimensions"),
    "column order": (np.asfortranarray, skep.InvalidArgumentError, "ascontiguousarray"),
    "other components": (lambda v: np.hstack([v, v])[:, ::2], skep.InvalidArgumentError, "strides"),
    "reversed rows": (lambda v: v[::-1], skep.InvalidArgumentError, "strides"),
    "a row repeated": (
        lambda v: np.broadcast_to(v[0], v.shape), skep.InvalidArgumentError, "strides",
    ),
    "too short": (lambda v: np.ascontiguousarray(v[:, :31]), skep.DimensionMismatchError, "31.*32"),
    "not a number": (lambda v: v * np.float32("nan"), skep.NotFiniteError, "component"),
    "nothing": (lambda v: None, skep.InvalidArgumentError, "NoneType"),
    "float64 through DLPack": (
        lambda v: OnlyDLPack(v.astype(np.float64)), skep.UnsupportedTypeError, "float64",
    ),
    "rows of unlike length": (lambda v: [[1.0], [1.0, 2.0]], ValueError, "inhomogeneous|sequence"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_vectors_say_what_is_wanted(case, filled, vectors):
    make, error, words = REFUSED[case]
    bad = make(vectors)
    for call in (filled.add, filled.search, lambda v: filled.range_search(v, 1.0)):
        with pytest.raises(error, match=words):
            call(bad)
    assert len(filled) == 1000


def test_errors_are_builtins_too(filled, vectors):
    with pytest.raises(TypeError):
        filled.search(vectors.astype(np.float64))
    with pytest.raises(ValueError):
        filled.search(vectors[:, :3].copy())
    with pytest.raises(KeyError, match="5000"):
        filled.get([5000])


@pytest.mark.parametrize("dtype", ["f32", "f16", "i8", "u8"])
def test_lists_are_taken_exactly_or_as_floats(dtype):
    with skep.Collection(2, metric="l2", dtype=dtype, device="cpu") as collection:
        collection.add([[0, 1], [5, 7]])
        assert collection.search([0.5, 1], 1).distances.tolist() == [0.25]
        if dtype in ("i8", "u8"):
            for inexact in ([[0.5, 1]], [[300, 1]], [[-200, 1]]):
                with pytest.raises(skep.UnsupportedTypeError, match="f32"):
                    collection.add(inexact)
        assert len(collection) == 2


# --- GPU tensors, on a machine without a GPU ---


class FakeDriver:
    """Records what would have been asked of libcuda."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def function(*arguments):
            self.calls.append(name)
            if name == "cuPointerGetAttribute":
                ctypes.cast(arguments[0], ctypes.POINTER(ctypes.c_int))[0] = 3
            return 0

        return function


@pytest.fixture
def driver(monkeypatch):
    fake = FakeDriver()
    monkeypatch.setattr(_cuda_arrays, "_driver", lambda: _cuda_arrays._Driver(fake))
    return fake


def test_a_cuda_tensor_is_refused_by_a_cpu_collection(filled, vectors, driver):
    tensor = DLPackTensor(vectors, type_code=2, type_bits=32, device=(2, 1))
    with pytest.raises(skep.WrongMemoryError, match=r"\(2, 1\).*cpu takes host memory.*\.cpu\(\)"):
        filled.search(tensor, 1)
    assert tensor.stream == 1, "the producer was told which stream reads"
    assert "cuStreamSynchronize" in driver.calls, "and that stream was waited for"
    assert driver.calls[-2:] == ["cuCtxPopCurrent_v2", "cuDevicePrimaryCtxRelease_v2"]


class OnlyCudaInterface:
    def __init__(self, wrapped, stream):
        self.__cuda_array_interface__ = dict(wrapped.__array_interface__, version=3, stream=stream)


@pytest.mark.parametrize("stream, waits", [(None, False), (1, True), (0x1234, True)])
def test_a_cuda_array_interface_is_waited_for(stream, waits, filled, vectors, driver):
    with pytest.raises(skep.WrongMemoryError, match=r"\(2, 3\)"):
        filled.search(OnlyCudaInterface(vectors, stream), 1)
    assert ("cuStreamSynchronize" in driver.calls) == waits


def test_a_cuda_array_interface_is_described(vectors, driver):
    wide = np.hstack([vectors, vectors])[:, :32]
    dims, shape, strides, pointer, kind, item_bytes, device = _cuda_arrays.describe(
        OnlyCudaInterface(wide, None)
    )
    assert (dims, shape, strides) == (2, (1000, 32), (256, 4))
    assert (pointer, kind, item_bytes, device) == (wide.ctypes.data, "f", 4, 3)
    with pytest.raises(skep.InvalidArgumentError, match="stream 0"):
        _cuda_arrays.describe(OnlyCudaInterface(wide, 0))
