# SPDX-License-Identifier: MIT
"""What a program that is checked by mypy --strict may write; test_typing.py checks it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

import skep


def nearest(rows: npt.NDArray[np.float32], query: npt.NDArray[np.float32]) -> list[int]:
    with skep.Collection(rows.shape[1], metric="l2", index="flat") as collection:
        collection.add(rows, payloads=[b"payload"] * len(rows))
        keys, distances = collection.search(query, k=3, filter=collection.deny([0]), timeout=1.5)
        closest: float = float(distances.min())
        assert closest >= 0
        return [int(key) for key in keys]


def files(path: Path) -> int:
    try:
        collection = skep.Collection.open(path, device="cpu")
    except FileNotFoundError:
        return 0
    except skep.SkepError as error:
        return error.code
    stats: skep.Stats = collection.stats()
    names: list[str] = [device.id for device in skep.devices()]
    return stats.num_rows + len(names) + len(collection)


class Documents(skep.Collection):
    """Subclasses keep their type when they are opened."""


def reopened(path: str) -> Documents:
    return Documents.open(path)
