# SPDX-License-Identifier: MIT
"""Collections: rows, keys and payloads on one device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt

from skep import _arrays, _native
from skep._errors import invalid_argument
from skep._runtime import Device, Runtime, default_runtime

Key = Union[int, str]
Keys = Union[npt.NDArray[np.uint64], npt.NDArray[np.object_]]
Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Self = TypeVar("Self", bound="Collection")

_KEY_KINDS = {"u64": 0, "string": 1}
_MAP = 1
_SKIP_CHECKSUMS = 2


@dataclass(frozen=True)
class Stats:
    """Figures of one collection; the last five are those of an hnsw graph, 0 otherwise."""

    num_rows: int
    num_removed: int  # rows that compact would drop
    capacity_rows: int  # rows that fit without allocating
    row_bytes: int
    reserved_bytes: int
    key_bytes: int
    payload_bytes: int
    num_searches: int  # queries answered so far
    num_exact_retries: int
    num_linked: int
    num_links: int
    num_levels: int
    graph_bytes: int
    graph_reserved_bytes: int


class Filter(_native.Filter):
    """Which rows of one collection may be answers; made by its allow() and deny(). Keys without a
    row match nothing until they get one. Keeps the collection alive."""


class Collection(_native.Collection):
    """Rows of `dim` components with a key and a payload each, searched on one device.

    dim: 1 to 65536.
    metric: "cosine", "l2" (squared Euclidean) or "inner_product" (negated, so that smaller is
        nearer).
    dtype: element type of the rows: "f32", "f16", "bf16", "i8" or "u8".
    index: "flat" (exact) or "hnsw" (graph; m links a row, ef_construction the beam when linking).
    device: "auto" takes the best there is; "cpu", "cuda", "cuda:1" never fall back.
    keys: "u64" or "string".
    reserve: rows to make room for; a hint.

    Vectors are numpy arrays or anything that speaks DLPack, the buffer protocol,
    __array_interface__ or __cuda_array_interface__; they are read in place, without a copy or a
    conversion. bfloat16 comes through DLPack, as an ml_dtypes array, or as its bits in uint16.

    Any number of threads may call; searches run side by side and beside one write. Long calls let
    other Python threads run, end early on Ctrl-C, and take timeout= (seconds), cancel= (a Cancel)
    and progress= (a callable of (done, total), False stops; or a tqdm bar). A call that fails
    changes nothing.
    """

    def __init__(
        self,
        dim: int,
        *,
        metric: str = "cosine",
        dtype: str = "f32",
        index: str = "flat",
        device: str = "auto",
        keys: str = "u64",
        reserve: int = 0,
        m: int = 0,
        ef_construction: int = 0,
        seed: int = 0,
        runtime: Optional[Runtime] = None,
    ) -> None:
        if keys not in _KEY_KINDS:
            raise invalid_argument(f"collection: keys is {keys!r}; wanted is 'u64' or 'string'")
        self._create(
            (runtime or default_runtime())._native,
            _u32("dim", dim),
            _native.metric_number(metric),
            _native.dtype_number(dtype),
            _native.index_number(index),
            _KEY_KINDS[keys],
            device,
            reserve,
            _u32("m", m),
            _u32("ef_construction", ef_construction),
            seed,
        )
        self._settle()

    def _settle(self) -> None:
        info = self._info()
        self._dim: int = info["dim"]
        self._metric: str = info["metric"]
        self._dtype: str = info["dtype"]
        self._index: str = info["index"]
        self._key_kind: str = info["keys"]

    # --- files ---

    @classmethod
    def open(
        cls: type[Self],
        path: Path,
        *,
        device: str = "auto",
        map: bool = False,
        skip_checksums: bool = False,
        runtime: Optional[Runtime] = None,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> Self:
        """Opens a saved collection on any device. map: use the rows in the file where the device
        can; it must not change meanwhile. skip_checksums: for files of your own on storage that you
        trust."""
        collection = cls.__new__(cls)
        flags = (_MAP if map else 0) | (_SKIP_CHECKSUMS if skip_checksums else 0)
        native_runtime = (runtime or default_runtime())._native
        collection._open(
            native_runtime, os.fsencode(path), device, flags, timeout, cancel, progress
        )
        collection._settle()
        return collection

    @classmethod
    def import_hnswlib(
        cls: type[Self],
        path: Path,
        *,
        metric: str = "l2",
        dtype: str = "f32",
        device: str = "auto",
        runtime: Optional[Runtime] = None,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> Self:
        """An hnsw collection of an index that hnswlib saved, rows, labels and links. The file does
        not tell its metric: "l2", "inner_product", or "cosine" for rows of unit length."""
        collection = cls.__new__(cls)
        collection._import_hnswlib(
            (runtime or default_runtime())._native,
            os.fsencode(path),
            _native.metric_number(metric),
            _native.dtype_number(dtype),
            device,
            timeout,
            cancel,
            progress,
        )
        collection._settle()
        return collection

    def save(
        self,
        path: Path,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> None:
        """Writes the collection as it is now; at every moment the old or the new file is there
        whole. Searches and adds may go on."""
        self._save(os.fsencode(path), timeout, cancel, progress)

    def export_hnswlib(
        self,
        path: Path,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> None:
        """Writes an hnsw collection with u64 keys as an index of hnswlib; payloads are left out."""
        self._export_hnswlib(os.fsencode(path), timeout, cancel, progress)

    # --- rows ---

    def add(
        self,
        vectors: Any,
        keys: Any = None,
        payloads: Any = None,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> Keys:
        """Adds rows, all or none, and returns their keys [num_vectors].

        vectors: [num_vectors, dim], or [dim] for one, of the collection's dtype. keys: as many, new
        to the collection; left out, rows are numbered on from the largest u64 key there ever was.
        payloads: as many bytes, or None for empty ones.

        An hnsw collection links rows after they can be found. A stop that comes then leaves them
        added, and the next write links them: no error, or KeyboardInterrupt where it was Ctrl-C.
        """
        prepared = None if keys is None else self._prepare(keys)
        packed = None if payloads is None else _arrays.pack_payloads(payloads)
        first, count = self._add(vectors, prepared, packed, False, timeout, cancel, progress)
        if prepared is None:
            return np.arange(first, first + count, dtype=np.uint64)
        return self._as_key_array(keys, prepared)

    def upsert(
        self,
        vectors: Any,
        keys: Any,
        payloads: Any = None,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> None:
        """As add with keys, but a key that is there already gets the new row and payload."""
        packed = None if payloads is None else _arrays.pack_payloads(payloads)
        self._add(vectors, self._prepare(keys), packed, True, timeout, cancel, progress)

    def remove(self, keys: Any) -> None:
        """Removes rows by key, or by a sequence of keys: all, or if one is not there none."""
        self._remove(self._prepare(self._as_batch(keys)[0]))

    def get(self, keys: Any) -> npt.NDArray[Any]:
        """The rows of keys, bit for bit: [num_keys, dim], or [dim] for a single key. bf16 rows come
        as their bits in uint16. An unknown key raises KeyNotFoundError."""
        batch, is_one = self._as_batch(keys)
        rows = self._get(self._prepare(batch), True, False, False)[0]
        assert rows is not None
        return rows[0] if is_one else rows

    def get_payloads(self, keys: Any) -> list[bytes]:
        """The payloads of a sequence of keys. An unknown key raises KeyNotFoundError."""
        payloads = self._get(self._prepare(keys), False, True, False)[1]
        assert payloads is not None
        return payloads

    def payload(self, key: Key) -> bytes:
        """The payload of one key."""
        return self.get_payloads([key])[0]

    def find(self, keys: Any) -> tuple[npt.NDArray[Any], list[bytes], npt.NDArray[np.bool_]]:
        """Rows, payloads and which keys were found: [num_keys, dim], num_keys, [num_keys]. An
        unknown key gives a zero row and an empty payload."""
        rows, payloads, found = self._get(self._prepare(keys), True, True, True)
        assert rows is not None and payloads is not None and found is not None
        return rows, payloads, found

    def contains(self, keys: Any) -> npt.NDArray[np.bool_]:
        """Which keys have a row: [num_keys]."""
        return self._contains(self._prepare(keys))

    def keys(self) -> Keys:
        """All keys in the order of their rows: uint64, or str objects."""
        keys = self._keys()
        if isinstance(keys, list):
            return _arrays.object_array(keys, (len(keys),))
        return keys

    def __getitem__(self, keys: Any) -> npt.NDArray[Any]:
        return self.get(keys)

    def __contains__(self, key: object) -> bool:
        """Whether a row has this key; what can be no key of this collection has none."""
        if self._key_kind == "string":
            if not isinstance(key, str) or not 0 < len(key.encode("utf-8", "replace")) <= 256:
                return False
        elif isinstance(key, bool) or not isinstance(key, (int, np.integer)):
            return False
        elif not 0 <= int(key) < 2**64 - 1:
            return False
        return bool(self.contains([key])[0])

    def __iter__(self) -> Iterator[Key]:
        """The keys, as they are now."""
        return iter(self.keys().tolist())

    def compact(
        self,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> None:
        """Gives the memory of removed rows back. Waits for running searches."""
        self._compact(timeout, cancel, progress)

    def calibrate(
        self,
        k: int,
        recall: float,
        queries: Any = None,
        *,
        timeout: Optional[float] = None,
        cancel: Optional[_native.Cancel] = None,
        progress: Any = None,
    ) -> int:
        """Finds the ef_search that brings at least this share of the k nearest rows of the queries,
        remembers it for searches that ask for this k and recall, and returns it; 0 where every
        search is exact. queries: [num_queries, dim], at best real ones; None: points made from
        rows."""
        return self._calibrate(k, recall, queries, timeout, cancel, progress)

    # --- filters ---

    def allow(self, keys: Any) -> Filter:
        """A filter that limits searches to the rows of these keys."""
        return Filter(self, self._prepare(keys), 0)

    def deny(self, keys: Any) -> Filter:
        """A filter that limits searches to all other rows."""
        return Filter(self, self._prepare(keys), 1)

    # --- figures ---

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def metric(self) -> str:
        return self._metric

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def index(self) -> str:
        return self._index

    @property
    def key_kind(self) -> str:
        """ "u64" or "string"."""
        return self._key_kind

    @property
    def device(self) -> Device:
        """The device that holds the rows; with "auto", the one that was chosen."""
        return Device(**self._device())

    def stats(self) -> Stats:
        return Stats(**self._stats())

    def info(self) -> dict[str, Any]:
        """What the collection is, fixed when it was made: dim, metric, dtype, index, keys, m,
        ef_construction, seed."""
        return self._info()

    @property
    def closed(self) -> bool:
        return not self._is_open()

    # --- Python's own ---

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __bool__(self) -> bool:
        """True, empty or not: a collection is a thing, not a list."""
        return True

    def __repr__(self) -> str:
        if self.closed:
            return "<skep.Collection closed>"
        kind = f"{self._dtype} {self._metric} {self._index}"
        return f"<skep.Collection {len(self)} x {self._dim} {kind}>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Collection holds device memory and cannot be pickled or copied: save() it, and "
            "skep.Collection.open() it there"
        )

    # --- keys ---

    def _prepare(self, keys: Any) -> _arrays.PreparedKeys:
        if self._key_kind == "string":
            return _arrays.prepare_string_keys(keys)
        return _arrays.prepare_u64_keys(keys)

    def _as_batch(self, keys: Any) -> tuple[Any, bool]:
        is_one = isinstance(keys, (int, str, np.integer))
        return ([keys] if is_one else keys), is_one

    def _as_key_array(self, keys: Any, prepared: _arrays.PreparedKeys) -> Keys:
        if isinstance(prepared, tuple):
            return _arrays.object_array(list(keys), (len(prepared[0]) - 1,))
        return prepared


def _u32(name: str, value: int) -> int:
    if not 0 <= value < 2**32:
        raise invalid_argument(f"collection: {name} is {value}; wanted is 0 to 2**32 - 1")
    return value
