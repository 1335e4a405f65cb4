# SPDX-License-Identifier: MIT
"""Answers of searches, against a plain scan in double precision."""

import numpy as np
import pytest

import skep
from plain_search import distances_of, nearest

MISSING = 2**64 - 1


@pytest.mark.parametrize("metric", ["l2", "inner_product", "cosine"])
@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16", "i8", "u8"])
def test_exact_search_is_the_plain_scan(metric, dtype, vectors):
    rows = skep.convert(vectors, dtype)
    with skep.Collection(32, metric=metric, dtype=dtype, device="cpu") as collection:
        collection.add(rows)
        keys, distances = collection.search(rows[:20], k=7)
    order, wanted = nearest(metric, vectors[:20], vectors, 7)
    np.testing.assert_allclose(distances, wanted, rtol=2**-23, atol=2**-23)
    if metric != "cosine":  # whole numbers: ties are ties in both
        np.testing.assert_array_equal(keys, order)


def test_one_query_gives_one_answer(filled, vectors):
    batch = filled.search(vectors[:3], 5)
    alone = filled.search(vectors[2], 5)
    assert batch.keys.shape == (3, 5) and alone.keys.shape == (5,)
    np.testing.assert_array_equal(batch.keys[2], alone.keys)
    np.testing.assert_array_equal(batch.distances[2], alone.distances)
    assert batch.keys.dtype == np.uint64 and batch.distances.dtype == np.float32


def test_hits_unpack_and_have_names(filled, vectors):
    hits = filled.search(vectors[:1], 2)
    keys, distances = hits
    assert len(hits) == 2 and keys is hits.keys and distances is hits.distances
    assert hits.payloads is None


def test_missing_answers_are_marked():
    with skep.Collection(1, metric="l2", device="cpu") as numbers:
        numbers.add([[1]], payloads=[b"one"])
        keys, distances = hits = numbers.search([[1]], 3, payloads=True)
        assert keys.tolist() == [[0, MISSING, MISSING]]
        assert distances.tolist() == [[0, np.inf, np.inf]]
        assert hits.payloads.tolist() == [[b"one", b"", b""]]
    with skep.Collection(1, metric="l2", keys="string", device="cpu") as strings:
        strings.add([[1]], ["a"])
        assert strings.search([1], 2).keys.tolist() == ["a", None]


def test_filters_allow_and_deny(filled, vectors):
    even = np.arange(0, 1000, 2)
    only_even, no_even = filled.allow(even), filled.deny(even)
    assert (filled.search(vectors[:9], 20, filter=only_even).keys % 2 == 0).all()
    assert (filled.search(vectors[:9], 20, filter=no_even).keys % 2 == 1).all()
    filled.remove([0])
    assert filled.search(vectors[0], 1, filter=filled.allow([0])).keys.tolist() == [MISSING]
    with pytest.raises(TypeError, match="allow"):
        filled.search(vectors[0], 1, filter=[1, 2])


def test_range_search_finds_everything_within(filled, vectors):
    radius = 6000.0
    offsets, keys, distances = filled.range_search(vectors[:5], radius)
    wanted = distances_of("l2", vectors[:5], vectors) <= radius
    assert np.diff(offsets.astype(int)).tolist() == wanted.sum(axis=1).tolist()
    for query in range(5):
        answers = slice(*offsets[query : query + 2].astype(int))
        assert set(keys[answers].tolist()) == set(np.flatnonzero(wanted[query]).tolist())
        assert (np.diff(distances[answers]) >= 0).all()
    alone = filled.range_search(vectors[1], radius, filter=filled.deny([1]))
    assert 1 not in alone.keys and alone.offsets.tolist() == [0, wanted[1].sum() - 1]


def test_range_search_with_string_keys():
    with skep.Collection(1, metric="l2", keys="string", device="cpu") as collection:
        collection.add([[0], [1], [9]], ["a", "b", "c"])
        offsets, keys, distances = collection.range_search([[0], [9]], 1)
        assert offsets.tolist() == [0, 2, 3] and keys.tolist() == ["a", "b", "c"]
        assert distances.tolist() == [0, 1, 0]


def test_no_queries_and_no_rows(filled, vectors):
    assert filled.search(vectors[:0], 3).keys.shape == (0, 3)
    with skep.Collection(32, metric="l2") as empty:
        assert (empty.search(vectors[:2], 3).keys == MISSING).all()


def test_graph_search_on_real_vectors(sift):
    base, queries, true_distances = sift
    with skep.Collection(128, metric="l2", dtype="u8", index="hnsw", device="cpu") as collection:
        collection.add(base)
        assert skep.recall(collection.search(queries, 10, ef_search=100), true_distances) > 0.98


def test_a_recall_may_be_asked_for(sift):
    base, queries, true_distances = sift
    with skep.Collection(128, metric="l2", dtype="u8", index="hnsw", device="cpu") as collection:
        collection.add(base)
        low = collection.calibrate(10, 0.5, queries)
        high = collection.calibrate(10, 0.99, queries)
        assert 0 < low < high
        assert skep.recall(collection.search(queries, 10, recall=0.99), true_distances) >= 0.99
        by_beam = collection.search(queries, 10, ef_search=high)
        by_recall = collection.search(queries, 10, recall=0.99)
        np.testing.assert_array_equal(by_beam.keys, by_recall.keys)
        with pytest.raises(skep.InvalidArgumentError, match="recall"):
            collection.search(queries, 10, recall=1.5)
        with pytest.raises(skep.InvalidKError, match="k is 0"):
            collection.calibrate(0, 0.9)
        measured_on_rows = collection.calibrate(5, 0.9)
        assert measured_on_rows > 0


def test_exact_search_on_real_vectors(sift):
    base, queries, true_distances = sift
    with skep.Collection(128, metric="l2", dtype="u8", device="cpu") as collection:
        collection.add(base)
        hits = collection.search(queries, 100)
    np.testing.assert_array_equal(hits.distances, true_distances)
    assert skep.recall(hits, true_distances) == 1.0
    truth = skep.ground_truth(base, queries[:5], 100, metric="l2")
    np.testing.assert_array_equal(truth.rows, hits.keys[:5])
    np.testing.assert_array_equal(truth.distances, hits.distances[:5])


def test_a_search_sees_memory_as_it_is_now(filled, vectors):
    query = vectors[0].copy()
    assert filled.search(query, 1).keys[0] == 0
    query[:] = vectors[500]
    assert filled.search(query, 1).keys[0] == 500
