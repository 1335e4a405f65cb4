# SPDX-License-Identifier: MIT
"""skep.faiss_compat beside the real FAISS: the same calls, the same answers."""

import numpy as np
import pytest

from skep import faiss_compat

faiss = pytest.importorskip("faiss")
DIM = 32


@pytest.fixture
def rows(rng):
    """Small whole numbers: FAISS's float sums are exact too, so answers can be compared exactly."""
    return rng.integers(-8, 8, (2000, DIM)).astype(np.float32)


@pytest.fixture
def queries(rng):
    return rng.integers(-8, 8, (50, DIM)).astype(np.float32)


def same_answers(ours, theirs):
    """Equal distances and, where a distance is met once in an answer, equal ids; of equal distances
    the last place may have gone to any."""
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert ours[0].dtype == theirs[0].dtype and ours[1].dtype == theirs[1].dtype
    for our_distances, our_ids, their_ids in zip(ours[0], ours[1], theirs[1]):
        for distance in np.unique(our_distances[our_distances != our_distances[-1]]):
            is_here = our_distances == distance
            assert set(our_ids[is_here]) == set(their_ids[is_here])


FLAT = [("IndexFlatL2", ()), ("IndexFlatIP", ())]


def both(name, rows, *arguments):
    pair = getattr(faiss_compat, name)(DIM, *arguments), getattr(faiss, name)(DIM, *arguments)
    for index in pair:
        index.train(rows)
        index.add(rows)
    return pair


@pytest.mark.parametrize("name, arguments", FLAT)
@pytest.mark.parametrize("k", [1, 10, 100])
def test_flat_answers_are_the_same(name, arguments, k, rows, queries):
    ours, theirs = both(name, rows, *arguments)
    assert (ours.ntotal, ours.d, ours.is_trained) == (theirs.ntotal, theirs.d, theirs.is_trained)
    assert ours.metric_type == theirs.metric_type
    same_answers(ours.search(queries, k), theirs.search(queries, k))


@pytest.mark.parametrize("name, arguments", FLAT)
def test_missing_answers_are_marked_the_same(name, arguments, rows, queries):
    ours, theirs = both(name, rows[:3], *arguments)
    (our_d, our_i), (their_d, their_i) = ours.search(queries, 5), theirs.search(queries, 5)
    np.testing.assert_array_equal(our_d, their_d)
    assert (our_i[:, 3:] == -1).all() and (their_i[:, 3:] == -1).all()


@pytest.mark.parametrize("name, arguments", FLAT)
def test_removing_moves_later_ids_up(name, arguments, rows, queries):
    ours, theirs = both(name, rows, *arguments)
    gone = np.array([0, 3, 4, 1999, 5000])
    assert ours.remove_ids(gone) == theirs.remove_ids(gone) == 4
    same_answers(ours.search(queries, 10), theirs.search(queries, 10))
    for index in (ours, theirs):
        index.add(rows[:7])
    same_answers(ours.search(queries, 10), theirs.search(queries, 10))
    np.testing.assert_array_equal(ours.reconstruct(1), theirs.reconstruct(1))
    np.testing.assert_array_equal(ours.reconstruct_n(5, 9), theirs.reconstruct_n(5, 9))
    assert ours.ntotal == theirs.ntotal


@pytest.mark.parametrize("name, thresh", [("IndexFlatL2", 900.0), ("IndexFlatIP", 250.0)])
def test_range_search_has_the_same_bounds(name, thresh, rows, queries):
    ours, theirs = both(name, rows)
    our_lims, our_d, our_i = ours.range_search(queries, thresh)
    their_lims, their_d, their_i = theirs.range_search(queries, thresh)
    np.testing.assert_array_equal(our_lims, their_lims)
    assert their_lims[-1] > 0, "a threshold that finds something"
    for query in range(len(queries)):
        part = slice(int(our_lims[query]), int(our_lims[query + 1]))
        assert dict(zip(our_i[part], our_d[part])) == dict(zip(their_i[part], their_d[part]))


@pytest.mark.parametrize("metric", ["METRIC_L2", "METRIC_INNER_PRODUCT"])
def test_hnsw_finds_as_much(metric, rows, queries):
    number = getattr(faiss, metric)
    assert getattr(faiss_compat, metric) == number
    pair = faiss_compat.IndexHNSWFlat(DIM, 16, number), faiss.IndexHNSWFlat(DIM, 16, number)
    exact = faiss.IndexFlatL2(DIM) if number == faiss.METRIC_L2 else faiss.IndexFlatIP(DIM)
    exact.add(rows)
    true_distances, _ = exact.search(queries, 10)
    shares = []
    for index in pair:
        index.hnsw.efConstruction = 100
        index.hnsw.efSearch = 100
        index.add(rows)
        distances, ids = index.search(queries, 10)
        assert ids.dtype == np.int64 and distances.shape == (50, 10)
        worst = true_distances[:, -1:]
        is_hit = distances <= worst if number == faiss.METRIC_L2 else distances >= worst
        shares.append(is_hit.mean())
    assert shares[0] >= max(0.95, shares[1] - 0.02), shares
    assert pair[0]._collection.info()["ef_construction"] == 100
    narrow = pair[0].search(queries, 10, params=faiss_compat.SearchParametersHNSW(efSearch=10))
    assert narrow[0].shape == (50, 10)
    with pytest.raises(RuntimeError):
        pair[0].remove_ids([1])


@pytest.mark.parametrize("name", ["IndexFlatL2", "IndexFlatIP", "IndexHNSWFlat"])
def test_indexes_are_written_and_read(name, rows, queries, tmp_path):
    index = getattr(faiss_compat, name)(DIM)
    index.add(rows)
    if name != "IndexHNSWFlat":
        index.remove_ids([1, 2])
    faiss_compat.write_index(index, tmp_path / "index.skep")
    back = faiss_compat.read_index(tmp_path / "index.skep")
    assert type(back) is type(index) and back.ntotal == index.ntotal
    for ours, theirs in zip(back.search(queries, 10), index.search(queries, 10)):
        np.testing.assert_array_equal(ours, theirs)


def test_reset_begins_anew(rows, queries):
    ours, theirs = both("IndexFlatL2", rows)
    for index in (ours, theirs):
        index.reset()
        assert index.ntotal == 0
        index.add(rows[5:15])
    same_answers(ours.search(queries, 3), theirs.search(queries, 3))


def test_wrong_input_is_refused_as_in_faiss(rows):
    ours, theirs = both("IndexFlatL2", rows[:10])
    for index in (ours, theirs):
        with pytest.raises(AssertionError):
            index.search(rows[:, :5], 3)
        with pytest.raises(RuntimeError):
            index.reconstruct(10)
