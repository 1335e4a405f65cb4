# SPDX-License-Identifier: MIT
"""Element types, vector files, exact ground truth and recall."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from skep import _native
from skep._errors import invalid_argument
from skep._runtime import Runtime, default_runtime

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class GroundTruth(NamedTuple):
    rows: npt.NDArray[np.uint32]  # [num_queries, k] row numbers; 2**32 - 1 where there are fewer
    distances: npt.NDArray[np.float32]  # [num_queries, k]


def convert(vectors: Any, dtype: str, *, source: str = "f32") -> npt.NDArray[Any]:
    """Vectors [num_vectors, dim] or [dim] as another element type, rounded to its nearest value:
    float32 into "f16", "bf16", "i8" or "u8", and any of them into "f32". bf16 is the bits as
    uint16; pass source="bf16" to read such an array. A component that rounds to no finite value of
    the type raises NotFiniteError, or what names it."""
    return _native.convert(vectors, _native.dtype_number(source), _native.dtype_number(dtype))


def ground_truth(
    base: Any,
    queries: Any,
    k: int,
    *,
    metric: str = "l2",
    runtime: Optional[Runtime] = None,
    timeout: Optional[float] = None,
    cancel: Optional[_native.Cancel] = None,
    progress: Any = None,
) -> GroundTruth:
    """The k nearest base rows [num_rows, dim] of each query by a plain double-precision scan, equal
    ones by row number: what every search is judged by."""
    runtime = runtime or default_runtime()
    return GroundTruth(
        *_native.ground_truth(
            runtime._native,
            base,
            queries,
            _native.metric_number(metric),
            k,
            timeout,
            cancel,
            progress,
        )
    )


def recall(found: Any, true_distances: Any) -> float:
    """Share of the true k nearest that was found, averaged over queries. found: Hits, or (keys,
    distances), [num_queries, k]; true_distances [num_queries, at least k], ascending."""
    keys = np.ascontiguousarray(found[0], dtype=np.uint64)
    distances = np.ascontiguousarray(found[1], dtype=np.float32)
    truth = np.ascontiguousarray(true_distances, dtype=np.float32)
    if (
        keys.ndim != 2
        or keys.shape != distances.shape
        or truth.ndim != 2
        or len(truth) != len(keys)
    ):
        raise invalid_argument(
            f"recall: keys {keys.shape}, distances {distances.shape}, truth {truth.shape}; wanted "
            "are [num_queries, k] twice and [num_queries, at least k]"
        )
    return _native.recall(keys, distances, truth)


def similarity(metric: str, distance: float) -> float:
    """The higher-is-better score of a distance: cosine 1 - d, inner_product -d, l2
    1 / (1 + sqrt(d))."""
    return _native.similarity(_native.metric_number(metric), distance)


def read_vectors(path: Path) -> npt.NDArray[Any]:
    """A vector file [num_vectors, dim]; the extension tells the format: .fvecs .bvecs .ivecs .fbin
    .u8bin .i8bin .ibin .npy. Sizes are checked against the file's before anything is read."""
    return _native.read_vectors(os.fsencode(path))


def write_vectors(path: Path, vectors: Any, *, timeout: Optional[float] = None) -> None:
    """Writes vectors in the format of the extension; the file appears whole or not at all."""
    _native.write_vectors(os.fsencode(path), vectors, timeout, None, None)


def describe_file(path: Path) -> dict[str, Any]:
    """What is in a .skep file; reads the header and the metadata only."""
    description: dict[str, Any] = json.loads(_native.describe_file(os.fsencode(path)))
    return description
