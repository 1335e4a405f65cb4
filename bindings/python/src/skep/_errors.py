# SPDX-License-Identifier: MIT
"""One exception per kind of failure; each is a SkepError and also the builtin that fits."""

from __future__ import annotations

_LAYERS = ("none", "client", "core", "loader", "backend", "driver")


class SkepError(Exception):
    """Base of all. `name` is the status ("SKEP_DUPLICATE_KEY"), `code` its number, `layer` where it
    arose ("client", "core", "loader", "backend", "driver"), `native_code` errno or the driver's
    result, 0 where there is none."""

    code: int = 0
    name: str = ""
    layer: str = "none"
    native_code: int = 0

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.name


# --- what the caller passed ---


class InvalidArgumentError(SkepError, ValueError):
    """An argument that is never legal: a shape, an option, a closed collection."""


class InvalidDimensionError(SkepError, ValueError):
    """dim is 0 or too large."""


class DimensionMismatchError(SkepError, ValueError):
    """Vectors are not as long as the collection's rows."""


class NotFiniteError(SkepError, ValueError):
    """A component is NaN or infinite; the message names row and component."""


class InvalidKeyError(SkepError, ValueError):
    """A key that no row can have, or one of the wrong kind."""


class DuplicateKeyError(SkepError, ValueError):
    """A key that is there already, or twice in one batch."""


class KeyNotFoundError(SkepError, KeyError):
    """No row has this key."""


class InvalidKError(SkepError, ValueError):
    """k is below 1, or more than the device takes."""


class UnsupportedTypeError(SkepError, TypeError):
    """An element type that is not offered here."""


class UnsupportedError(SkepError, NotImplementedError):
    """An operation that this device or build does not have."""


class LimitExceededError(SkepError, OverflowError):
    """More rows than a collection can number, or a product that overflows."""


# --- devices ---


class DeviceError(SkepError, RuntimeError):
    """A device's driver returned an error: see native_code."""


class UnknownDeviceError(DeviceError, ValueError):
    """No backend of that name is known."""


class DeviceNotAvailableError(DeviceError):
    """The name is understood, but the device is not there."""


class DeviceLostError(DeviceError):
    """The device does not answer any more; its collections are gone."""


class CompilationError(DeviceError):
    """Device code could not be compiled for this device."""


class WrongMemoryError(DeviceError, TypeError):
    """A tensor lies in memory that the collection's device cannot read."""


# --- resources and control ---


class OutOfHostMemoryError(SkepError, MemoryError):
    """The machine's memory ran out."""


class OutOfDeviceMemoryError(DeviceError, MemoryError):
    """The device's memory ran out."""


class CancelledError(SkepError):
    """A Cancel stopped the call; nothing changed."""


class DeadlineExceededError(SkepError, TimeoutError):
    """The call took longer than its timeout; nothing changed."""


class BusyError(SkepError, RuntimeError):
    """The object is in use by another call that excludes this one."""


# --- files ---


class FileMissingError(SkepError, FileNotFoundError):
    """No such file."""


class FileNotReadableError(SkepError, PermissionError):
    """The file cannot be read."""


class FileNotWritableError(SkepError, PermissionError):
    """The file cannot be written."""


class CollectionFileError(SkepError, ValueError):
    """The contents are not those of a file of the expected kind, or damaged, or too new."""


class DiskFullError(SkepError, OSError):
    """No space left."""


class InputOutputError(SkepError, OSError):
    """Reading or writing failed; native_code is errno."""


# --- backends and defects ---


class BackendError(SkepError, RuntimeError):
    """A backend could not be loaded; explain() tells all of it."""


class InternalError(SkepError, RuntimeError):
    """A defect of Skep: please report it."""


class BackendMisbehavedError(InternalError):
    """A backend broke its contract: please report it to its author."""


_CLASSES: dict[int, type[SkepError]] = {
    1: InvalidArgumentError,
    2: InvalidDimensionError,
    3: DimensionMismatchError,
    4: NotFiniteError,
    5: InvalidKeyError,
    6: DuplicateKeyError,
    7: KeyNotFoundError,
    8: InvalidKError,
    9: UnsupportedTypeError,
    10: UnsupportedError,
    11: LimitExceededError,
    20: UnknownDeviceError,
    21: DeviceNotAvailableError,
    22: DeviceError,
    23: DeviceLostError,
    24: CompilationError,
    25: WrongMemoryError,
    30: OutOfHostMemoryError,
    31: OutOfDeviceMemoryError,
    32: CancelledError,
    33: DeadlineExceededError,
    34: BusyError,
    40: FileMissingError,
    41: FileNotReadableError,
    42: FileNotWritableError,
    **dict.fromkeys(range(43, 48), CollectionFileError),
    48: DiskFullError,
    49: InputOutputError,
    **dict.fromkeys(range(60, 69), BackendError),
    90: InternalError,
    91: BackendMisbehavedError,
}


for _class in {SkepError, *_CLASSES.values()}:
    _class.__module__ = "skep"  # where users find it, in tracebacks too


def error_of(code: int, name: str, layer: int, native_code: int, message: str) -> SkepError:
    """The exception for a status; a status newer than this module becomes a plain SkepError."""
    error = _CLASSES.get(code, SkepError)(message)
    error.code = code
    error.name = name
    error.layer = _LAYERS[layer] if 0 <= layer < len(_LAYERS) else str(layer)
    error.native_code = native_code
    return error


def invalid_argument(message: str) -> SkepError:
    """What this package itself refuses before the library sees it."""
    return error_of(1, "SKEP_INVALID_ARGUMENT", 1, 0, message)


def invalid_key(message: str) -> SkepError:
    return error_of(5, "SKEP_INVALID_KEY", 1, 0, message)
