# SPDX-License-Identifier: MIT
from pathlib import Path

import numpy as np
import pytest

import skep

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def rng():
    return np.random.default_rng(20260704)


@pytest.fixture
def vectors(rng):
    """1000 rows of 32 components whose distances are exact in float32."""
    return rng.integers(0, 64, (1000, 32)).astype(np.float32)


@pytest.fixture
def filled(vectors):
    """An l2 collection of `vectors` on the CPU, keys 0 to 999."""
    with skep.Collection(32, metric="l2", device="cpu") as collection:
        collection.add(vectors)
        yield collection


@pytest.fixture(scope="session")
def sift():
    """(base, queries, true distances) of the real sample in data/."""
    data = REPOSITORY / "data"
    return (
        skep.read_vectors(data / "sift10k_base.u8bin"),
        skep.read_vectors(data / "sift10k_query.u8bin"),
        skep.read_vectors(data / "sift10k_gtdist_100x100.fbin"),
    )
