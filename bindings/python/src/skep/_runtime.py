# SPDX-License-Identifier: MIT
"""Backends, devices and worker threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from skep import _native
from skep._errors import invalid_argument

_IGNORE_ENVIRONMENT = 1
_BUILTIN_ONLY = 2
_DEVICE_MATRICES = 1 << 3


@dataclass(frozen=True)
class Device:
    """One device. Empty texts and zeros mean that a field does not apply."""

    id: str  # what to pass as device=: "cpu", "cuda:0"
    backend: str
    name: str  # the product
    isa: str  # code path in use: "avx512-vnni", "sm_90a"
    uuid: str
    pci_bus_id: str
    driver_version: str
    compute_capability: str
    ordinal: int
    memory_kind: int  # numbered as DLPack's device types
    memory_device_id: int
    capabilities: int  # SKEP_CAPABILITY_ bits
    supported_dtypes: dict[str, tuple[str, ...]]  # by metric
    max_dim: int
    max_k: int
    max_batch: int
    total_memory_bytes: int
    free_memory_bytes: int  # when it was asked
    num_compute_units: int
    max_threads_per_block: int
    max_shared_memory_per_block_bytes: int

    @property
    def used_memory_bytes(self) -> int:
        return self.total_memory_bytes - self.free_memory_bytes

    @property
    def memory_usage_percent(self) -> float:
        """0 to 100; 0 for a device that does not tell its memory."""
        return (
            100 * self.used_memory_bytes / self.total_memory_bytes
            if self.total_memory_bytes
            else 0.0
        )

    @property
    def takes_device_tensors(self) -> bool:
        """Whether tensors in this device's own memory are used in place."""
        return bool(self.capabilities & _DEVICE_MATRICES)


@dataclass(frozen=True)
class Backend:
    """One backend that was found, and what became of it."""

    state: str  # "found", "loaded", "refused"
    reason: str  # "SKEP_ABI_MISMATCH" ...; empty if there is nothing to say
    priority: int
    is_builtin: bool
    num_devices: int
    name: str
    version: str
    origin: str
    message: str
    manifest_path: str
    library_path: str


class Runtime:
    """Backends, devices and worker threads of one kind of work. Most programs need only the one
    that is made when it is first used; collections keep theirs alive.

    num_threads: workers for parallel work, the caller included; 0: one per usable processor.
    backend_paths: folders of manifests, or manifests, looked at before all others.
    ignore_environment: no variable (SKEP_BACKEND_PATH, SKEP_LOG ...) counts.
    builtin_only: look for no plugins at all.
    """

    def __init__(
        self,
        *,
        num_threads: int = 0,
        backend_paths: Sequence[Union[str, os.PathLike[str]]] = (),
        ignore_environment: bool = False,
        builtin_only: bool = False,
    ) -> None:
        if num_threads < 0:
            raise invalid_argument(f"runtime: num_threads is {num_threads}; wanted is 0 or more")
        flags = (_IGNORE_ENVIRONMENT if ignore_environment else 0) | (
            _BUILTIN_ONLY if builtin_only else 0
        )
        self._native = _native.Runtime(
            num_threads, flags, tuple(os.fspath(path) for path in backend_paths)
        )

    def devices(self) -> list[Device]:
        """Devices of all usable backends, best first. The first call may start drivers."""
        return [Device(**fields) for fields in self._native.devices()]

    def find_device(self, name: str) -> Device:
        """The device of a name: "cpu", "cuda", "cuda:1", "auto". Never falls back."""
        return Device(**self._native.find_device(name))

    def backends(self) -> list[Backend]:
        """Every backend that was found."""
        return [Backend(**fields) for fields in self._native.backends()]

    def explain(self, format: str = "text") -> str:
        """What was looked at and decided so far; format: "text" or "json"."""
        formats = {"text": 0, "json": 1}
        if format not in formats:
            raise invalid_argument(f"explain: format is {format!r}; wanted is 'text' or 'json'")
        return self._native.explain(formats[format])

    def __reduce__(self) -> Any:
        raise TypeError("a Runtime holds threads and drivers and cannot be pickled; make one there")


_default: Optional[Runtime] = None
_default_lock = threading.Lock()


def default_runtime() -> Runtime:
    """The runtime of everything that is given none; made when first asked for."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = Runtime()
    return _default


def devices() -> list[Device]:
    """Devices of the default runtime, best first."""
    return default_runtime().devices()


def backends() -> list[Backend]:
    """Backends of the default runtime."""
    return default_runtime().backends()


def explain(format: str = "text") -> str:
    """Why the default runtime chose what it chose, as "text" or "json"."""
    return default_runtime().explain(format)
