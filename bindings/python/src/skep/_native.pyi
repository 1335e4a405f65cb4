# SPDX-License-Identifier: MIT
import sys
from typing import Any, Final, Optional, Union, final

import numpy as np
import numpy.typing as npt
from _typeshed import structseq
from typing_extensions import Self, disjoint_base

from skep._arrays import Packed, PreparedKeys

version: str

@final
class Cancel:
    """A switch that stops calls: pass it as cancel=, call trigger() from any thread."""

    def trigger(self) -> None: ...
    def reset(self) -> None: ...

@final
class Hits(structseq[Any], tuple[npt.NDArray[Any], npt.NDArray[np.float32]]):
    """What search answers: unpacks as keys, distances."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("keys", "distances")

    @property
    def keys(self) -> npt.NDArray[Any]: ...
    @property
    def distances(self) -> npt.NDArray[np.float32]: ...
    @property
    def payloads(self) -> Optional[npt.NDArray[np.object_]]: ...

@final
class RangeHits(
    structseq[Any], tuple[npt.NDArray[np.uint64], npt.NDArray[Any], npt.NDArray[np.float32]]
):
    """What range_search answers: unpacks as offsets, keys, distances."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("offsets", "keys", "distances")

    @property
    def offsets(self) -> npt.NDArray[np.uint64]: ...
    @property
    def keys(self) -> npt.NDArray[Any]: ...
    @property
    def distances(self) -> npt.NDArray[np.float32]: ...

@final
class Runtime:
    def __new__(cls, num_threads: int, flags: int, backend_paths: tuple[str, ...], /) -> Self: ...
    def devices(self) -> list[dict[str, Any]]: ...
    def find_device(self, name: str, /) -> dict[str, Any]: ...
    def backends(self) -> list[dict[str, Any]]: ...
    def explain(self, format: int, /) -> str: ...

@disjoint_base
class Filter:
    def __new__(cls, collection: Collection, keys: PreparedKeys, mode: int, /) -> Self: ...
    def close(self) -> None: ...

@disjoint_base
class Collection:
    def search(
        self,
        queries: Any,
        k: int = 10,
        *,
        filter: Optional[Filter] = None,
        ef_search: int = 0,
        recall: float = 0.0,
        payloads: bool = False,
        timeout: Optional[float] = None,
        cancel: Optional[Cancel] = None,
        progress: Any = None,
    ) -> Hits: ...
    def range_search(
        self,
        queries: Any,
        radius: float,
        *,
        filter: Optional[Filter] = None,
        timeout: Optional[float] = None,
        cancel: Optional[Cancel] = None,
        progress: Any = None,
    ) -> RangeHits: ...
    def clear(self) -> None: ...
    def reserve(self, num_rows: int, /) -> None: ...
    def close(self) -> None: ...
    def __len__(self) -> int: ...
    def _create(
        self,
        runtime: Runtime,
        dim: int,
        metric: int,
        dtype: int,
        index: int,
        key_kind: int,
        device: Optional[str],
        reserve: int,
        m: int,
        ef_construction: int,
        seed: int,
        /,
    ) -> None: ...
    def _open(
        self,
        runtime: Runtime,
        path: bytes,
        device: Optional[str],
        flags: int,
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> None: ...
    def _import_hnswlib(
        self,
        runtime: Runtime,
        path: bytes,
        metric: int,
        dtype: int,
        device: Optional[str],
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> None: ...
    def _save(
        self,
        path: bytes,
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> None: ...
    def _export_hnswlib(
        self,
        path: bytes,
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> None: ...
    def _add(
        self,
        rows: Any,
        keys: Optional[PreparedKeys],
        payloads: Optional[Packed],
        is_upsert: bool,
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> tuple[int, int]: ...
    def _remove(self, keys: PreparedKeys, /) -> None: ...
    def _get(
        self, keys: PreparedKeys, wants_rows: bool, wants_payloads: bool, may_miss: bool, /
    ) -> tuple[
        Optional[npt.NDArray[Any]], Optional[list[bytes]], Optional[npt.NDArray[np.bool_]]
    ]: ...
    def _contains(self, keys: PreparedKeys, /) -> npt.NDArray[np.bool_]: ...
    def _keys(self) -> Union[npt.NDArray[np.uint64], list[str]]: ...
    def _calibrate(
        self,
        k: int,
        recall: float,
        queries: Any,
        timeout: Optional[float],
        cancel: Optional[Cancel],
        progress: Any,
        /,
    ) -> int: ...
    def _compact(
        self, timeout: Optional[float], cancel: Optional[Cancel], progress: Any, /
    ) -> None: ...
    def _is_open(self) -> bool: ...
    def _info(self) -> dict[str, Any]: ...
    def _device(self) -> dict[str, Any]: ...
    def _stats(self) -> dict[str, int]: ...

def metric_number(name: str, /) -> int: ...
def dtype_number(name: str, /) -> int: ...
def index_number(name: str, /) -> int: ...
def status_name(number: int, /) -> str: ...
def convert(vectors: Any, source: int, target: int, /) -> npt.NDArray[Any]: ...
def ground_truth(
    runtime: Runtime,
    base: Any,
    queries: Any,
    metric: int,
    k: int,
    timeout: Optional[float],
    cancel: Optional[Cancel],
    progress: Any,
    /,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32]]: ...
def recall(
    keys: npt.NDArray[np.uint64],
    distances: npt.NDArray[np.float32],
    true_distances: npt.NDArray[np.float32],
    /,
) -> float: ...
def similarity(metric: int, distance: float, /) -> float: ...
def describe_file(path: bytes, /) -> str: ...
def read_vectors(path: bytes, /) -> npt.NDArray[Any]: ...
def write_vectors(
    path: bytes,
    vectors: Any,
    timeout: Optional[float],
    cancel: Optional[Cancel],
    progress: Any,
    /,
) -> None: ...
