# SPDX-License-Identifier: MIT
"""Three indexes of FAISS under their own names, on Skep.

    from skep.faiss_compat import IndexFlatL2

    index = IndexFlatL2(128)
    index.add(vectors)
    D, I = index.search(queries, 10)

Methods, shapes and signs are FAISS's: I is int64 with -1 for a missing answer; D is the squared
distance, or for inner products the similarity, largest first. Vectors are made float32 if they are
not. What differs: distances are those of a double-precision scan; equal ones come in the order of
adding; files are Skep's; answers of range_search come nearest first.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from skep._collection import Collection

METRIC_INNER_PRODUCT = 0
METRIC_L2 = 1

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

_METRIC_NAMES = {METRIC_INNER_PRODUCT: "inner_product", METRIC_L2: "l2"}
_MISSING = np.uint64(2**64 - 1)
_FARTHEST = np.finfo(np.float32).max  # FAISS's distance of a missing answer


@dataclass
class HNSW:
    """The part of an IndexHNSWFlat that users turn: efConstruction before the first add, efSearch
    at any time."""

    efConstruction: int = 40
    efSearch: int = 16


@dataclass
class SearchParametersHNSW:
    efSearch: int = 16


class Index:
    """What the three have in common. Ids are positions: 0 to ntotal - 1, in the order of adding;
    removing a vector moves the later ones up."""

    is_trained = True

    def __init__(self, d: int, metric: int, device: str = "auto") -> None:
        if metric not in _METRIC_NAMES:
            raise RuntimeError(f"metric {metric}; wanted is METRIC_INNER_PRODUCT or METRIC_L2")
        self.d = d
        self.metric_type = metric
        self._device = device
        self._collection = self._make()
        self._keys_of_ids: Optional[npt.NDArray[np.uint64]] = None  # None: an id is its key

    def _make(self) -> Collection:
        metric = _METRIC_NAMES[self.metric_type]
        return Collection(self.d, metric=metric, device=self._device)

    @property
    def ntotal(self) -> int:
        return len(self._collection)

    def train(self, x: Any) -> None:
        """Nothing is learnt; the shape is checked."""
        self._vectors(x)

    def add(self, x: Any) -> None:
        """Adds vectors [n, d] under the next ids."""
        keys = self._collection.add(self._vectors(x))
        if self._keys_of_ids is not None:
            self._keys_of_ids = np.concatenate([self._keys_of_ids, keys.astype(np.uint64)])

    def search(self, x: Any, k: int, *, params: Any = None) -> tuple[Floats, Ids]:
        """(D, I), both [n, k]."""
        keys, distances = self._collection.search(
            self._vectors(x), k, ef_search=self._beam(k, params)
        )
        is_missing = keys == _MISSING
        distances[is_missing] = _FARTHEST
        return self._signed(distances), self._ids(keys, is_missing)

    def range_search(self, x: Any, thresh: float) -> tuple[npt.NDArray[np.uint64], Floats, Ids]:
        """(lims, D, I): squared distances below thresh, or inner products above it."""
        radius = np.float32(thresh if self.metric_type == METRIC_L2 else -thresh)
        below = float(np.nextafter(radius, np.float32(-np.inf)))
        lims, keys, distances = self._collection.range_search(self._vectors(x), below)
        return lims, self._signed(distances), self._ids(keys, np.zeros(len(keys), np.bool_))

    def reset(self) -> None:
        """Removes everything."""
        self._collection.clear()
        self._keys_of_ids = None

    def reconstruct(self, key: int) -> Floats:
        """The vector of an id, [d]."""
        vector: Floats = self.reconstruct_n(key, 1)[0]
        return vector

    def reconstruct_n(self, n0: int = 0, ni: int = -1) -> Floats:
        """The vectors of ids n0 to n0 + ni, all of the rest for -1: [ni, d]."""
        count = self.ntotal - n0 if ni == -1 else ni
        if n0 < 0 or count < 0 or n0 + count > self.ntotal:
            raise RuntimeError(f"ids {n0} to {n0 + count}; wanted are ids from 0 to {self.ntotal}")
        ids = np.arange(n0, n0 + count, dtype=np.uint64)
        rows: Floats = self._collection.get(self._keys(ids))
        return rows

    def remove_ids(self, x: Any) -> int:
        """Removes the vectors of ids, those that are there; how many."""
        ids = np.unique(np.asarray(x, dtype=np.int64))
        ids = ids[(ids >= 0) & (ids < self.ntotal)]
        if self._keys_of_ids is None:
            self._keys_of_ids = self._collection.keys().astype(np.uint64)
        self._collection.remove(self._keys_of_ids[ids])
        self._keys_of_ids = np.delete(self._keys_of_ids, ids)
        return len(ids)

    # --- between ids and keys ---

    def _keys(self, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        return ids if self._keys_of_ids is None else self._keys_of_ids[ids]

    def _ids(self, keys: npt.NDArray[np.uint64], is_missing: npt.NDArray[np.bool_]) -> Ids:
        """Keys ascend with ids, so an id is the rank of its key."""
        if self._keys_of_ids is not None:
            keys = np.searchsorted(self._keys_of_ids, keys).astype(np.uint64)
        ids = keys.astype(np.int64)
        ids[is_missing] = -1
        return ids

    def _signed(self, distances: Floats) -> Floats:
        return distances if self.metric_type == METRIC_L2 else -distances

    def _beam(self, k: int, params: Any) -> int:
        return 0

    def _vectors(self, x: Any) -> Floats:
        vectors = np.ascontiguousarray(x, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.d:
            raise AssertionError(f"vectors {vectors.shape}; wanted are [n, {self.d}]")
        return vectors


class IndexFlatL2(Index):
    """Exact search by squared Euclidean distance."""

    def __init__(self, d: int, *, device: str = "auto") -> None:
        super().__init__(d, METRIC_L2, device)


class IndexFlatIP(Index):
    """Exact search by inner product."""

    def __init__(self, d: int, *, device: str = "auto") -> None:
        super().__init__(d, METRIC_INNER_PRODUCT, device)


class IndexHNSWFlat(Index):
    """Graph search with M links a vector; `hnsw` holds the beams."""

    def __init__(
        self, d: int, M: int = 32, metric: int = METRIC_L2, *, device: str = "auto"
    ) -> None:
        self.hnsw = HNSW()
        self._links = M
        super().__init__(d, metric, device)

    def _make(self) -> Collection:
        return Collection(
            self.d,
            metric=_METRIC_NAMES[self.metric_type],
            index="hnsw",
            device=self._device,
            m=self._links,
            ef_construction=self.hnsw.efConstruction,
        )

    def add(self, x: Any) -> None:
        wanted = self.hnsw.efConstruction
        if self.ntotal == 0 and self._collection.info()["ef_construction"] != wanted:
            self._collection.close()
            self._collection = self._make()
        super().add(x)

    def remove_ids(self, x: Any) -> int:
        raise RuntimeError("remove_ids: not offered by an IndexHNSWFlat, as in FAISS")

    def _beam(self, k: int, params: Any) -> int:
        return max(k, self.hnsw.efSearch if params is None else int(params.efSearch))


def write_index(index: Index, path: Union[str, os.PathLike[str]]) -> None:
    """Saves an index as a .skep file; an efSearch that was set is not in it."""
    index._collection.save(path)


def read_index(path: Union[str, os.PathLike[str]], *, device: str = "auto") -> Index:
    """The index of a file that write_index wrote, or of any float32 .skep file with u64 keys that
    ascend, its metric l2 or inner_product."""
    collection = Collection.open(path, device=device)
    info = collection.info()
    metrics = {name: number for number, name in _METRIC_NAMES.items()}
    keys = collection.keys()
    if info["metric"] not in metrics or info["dtype"] != "f32" or info["keys"] != "u64":
        collection.close()
        raise RuntimeError(
            f"{os.fspath(path)}: holds {info}; wanted are f32, l2 or inner_product, u64"
        )
    if len(keys) and bool((keys[1:] <= keys[:-1]).any()):
        collection.close()
        raise RuntimeError(f"{os.fspath(path)}: its keys do not ascend in the order of rows")
    index: Index
    if info["index"] == "hnsw":
        index = IndexHNSWFlat(info["dim"], info["m"], metrics[info["metric"]], device=device)
        index.hnsw.efConstruction = info["ef_construction"]
    elif info["metric"] == "l2":
        index = IndexFlatL2(info["dim"], device=device)
    else:
        index = IndexFlatIP(info["dim"], device=device)
    index._collection.close()
    index._collection = collection
    is_dense = np.array_equal(keys, np.arange(len(keys), dtype=np.uint64))
    index._keys_of_ids = None if is_dense else keys.astype(np.uint64)
    return index
