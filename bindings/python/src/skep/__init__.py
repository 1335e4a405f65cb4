# SPDX-License-Identifier: MIT
"""Nearest-neighbour search on whatever device there is.

    import numpy as np, skep

    vectors = np.random.default_rng(0).random((1000, 128), dtype=np.float32)
    with skep.Collection(128, metric="l2") as collection:
        collection.add(vectors)
        keys, distances = collection.search(vectors[:5], k=10)

Distances sort ascending in every metric: "l2" is the sum of squared differences, "inner_product"
the negated dot product, "cosine" one minus the cosine. Exact search ("flat") returns the true
nearest rows, the same bits on every device and for every batch size.
"""

from skep._collection import Collection, Filter, Stats
from skep._errors import (
    BackendError,
    BackendMisbehavedError,
    BusyError,
    CancelledError,
    CollectionFileError,
    CompilationError,
    DeadlineExceededError,
    DeviceError,
    DeviceLostError,
    DeviceNotAvailableError,
    DimensionMismatchError,
    DiskFullError,
    DuplicateKeyError,
    FileMissingError,
    FileNotReadableError,
    FileNotWritableError,
    InputOutputError,
    InternalError,
    InvalidArgumentError,
    InvalidDimensionError,
    InvalidKError,
    InvalidKeyError,
    KeyNotFoundError,
    LimitExceededError,
    NotFiniteError,
    OutOfDeviceMemoryError,
    OutOfHostMemoryError,
    SkepError,
    UnknownDeviceError,
    UnsupportedError,
    UnsupportedTypeError,
    WrongMemoryError,
)
from skep._evaluation import (
    convert,
    describe_file,
    ground_truth,
    read_vectors,
    recall,
    similarity,
    write_vectors,
)
from skep._native import Cancel, Hits, RangeHits
from skep._native import version as __version__
from skep._runtime import Backend, Device, Runtime, backends, devices, explain

__all__ = [
    "Backend",
    "BackendError",
    "BackendMisbehavedError",
    "BusyError",
    "Cancel",
    "CancelledError",
    "Collection",
    "CollectionFileError",
    "CompilationError",
    "DeadlineExceededError",
    "Device",
    "DeviceError",
    "DeviceLostError",
    "DeviceNotAvailableError",
    "DimensionMismatchError",
    "DiskFullError",
    "DuplicateKeyError",
    "FileMissingError",
    "FileNotReadableError",
    "FileNotWritableError",
    "Filter",
    "Hits",
    "InputOutputError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidDimensionError",
    "InvalidKError",
    "InvalidKeyError",
    "KeyNotFoundError",
    "LimitExceededError",
    "NotFiniteError",
    "OutOfDeviceMemoryError",
    "OutOfHostMemoryError",
    "RangeHits",
    "Runtime",
    "SkepError",
    "Stats",
    "UnknownDeviceError",
    "UnsupportedError",
    "UnsupportedTypeError",
    "WrongMemoryError",
    "__version__",
    "backends",
    "convert",
    "describe_file",
    "devices",
    "explain",
    "ground_truth",
    "read_vectors",
    "recall",
    "similarity",
    "write_vectors",
]
