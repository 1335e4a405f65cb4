# SPDX-License-Identifier: MIT
"""Rows, keys and payloads: everything of a collection but searching it."""

import copy
import pickle

import numpy as np
import pytest

import skep


def test_rows_come_back_bit_for_bit(filled, vectors):
    np.testing.assert_array_equal(filled.get(np.arange(1000)), vectors)
    np.testing.assert_array_equal(filled[7], vectors[7])
    np.testing.assert_array_equal(filled[[3, 1]], vectors[[3, 1]])


def test_add_numbers_rows_on_from_the_largest_key(vectors):
    with skep.Collection(32, metric="l2") as collection:
        assert collection.add(vectors[:3]).tolist() == [0, 1, 2]
        assert collection.add(vectors[:1], keys=[41]).tolist() == [41]
        assert collection.add(vectors[0]).tolist() == [42]
        assert collection.add(vectors[:0]).tolist() == []
        assert len(collection) == 5


def test_keys_are_a_set_with_an_order(filled):
    filled.remove([0, 5])
    filled.remove(7)
    assert len(filled) == 997
    assert 5 not in filled and 6 in filled and np.uint64(8) in filled
    assert "6" not in filled and -1 not in filled and 2**64 not in filled and True not in filled
    assert list(filled)[:6] == [1, 2, 3, 4, 6, 8]
    assert filled.keys().dtype == np.uint64
    assert filled.contains([5, 6]).tolist() == [False, True]


def test_string_keys_and_payloads():
    with skep.Collection(2, metric="l2", keys="string") as collection:
        keys = collection.add([[0, 0], [3, 4]], ["low", "hïgh"], [b"", b"\0x"])
        assert keys.tolist() == ["low", "hïgh"]
        assert list(collection) == ["low", "hïgh"] and "low" in collection and "" not in collection
        assert collection.get_payloads(["hïgh", "low"]) == [b"\0x", b""]
        assert collection.payload("hïgh") == b"\0x"
        rows, payloads, found = collection.find(["absent", "hïgh"])
        assert rows.tolist() == [[0, 0], [3, 4]] and payloads == [b"", b"\0x"]
        assert found.tolist() == [False, True]


def test_upsert_replaces_row_and_payload(filled, vectors):
    filled.upsert(vectors[10:12], [3, 5000], [b"three", b"new"])
    np.testing.assert_array_equal(filled[3], vectors[10])
    assert filled.get_payloads([3, 5000]) == [b"three", b"new"]
    assert len(filled) == 1001


@pytest.mark.parametrize(
    "keys", [np.array([1, 2], np.int32), (1, 2), range(1, 3), np.arange(1, 5)[:2]]
)
def test_keys_may_be_any_integers(keys, vectors):
    with skep.Collection(32) as collection:
        assert collection.add(vectors[:2] + 1, keys=keys).tolist() == [1, 2]
        assert collection.contains(keys).all()


def test_add_takes_keys_without_gaps_only_by_value(vectors):
    keys = np.arange(10)[::2]
    with skep.Collection(32) as collection:
        collection.add(vectors[:5], keys=keys)
        assert list(collection) == [0, 2, 4, 6, 8]


def test_a_failed_add_changes_nothing(filled, vectors):
    with pytest.raises(skep.DuplicateKeyError, match="7"):
        filled.add(vectors[:2], keys=[5000, 7])
    assert len(filled) == 1000 and 5000 not in filled


@pytest.mark.parametrize("dtype", ["f16", "bf16", "i8", "u8"])
def test_every_element_type_comes_back(dtype, vectors):
    rows = skep.convert(vectors, dtype)
    with skep.Collection(32, metric="l2", dtype=dtype, device="cpu") as collection:
        collection.add(rows)
        back = collection.get([0, 999])
        assert back.dtype == rows.dtype
        np.testing.assert_array_equal(back, rows[[0, 999]])
        np.testing.assert_array_equal(skep.convert(back, "f32", source=dtype), vectors[[0, 999]])


def test_save_and_open(filled, vectors, tmp_path):
    path = tmp_path / "collection.skep"
    filled.save(path)
    assert skep.describe_file(path)["collection"]["num_rows"] == 1000
    for options in ({}, {"map": True}, {"skip_checksums": True}):
        with skep.Collection.open(path, device="cpu", **options) as opened:
            assert (opened.dim, opened.metric, opened.dtype, opened.index, opened.key_kind) == (
                32, "l2", "f32", "flat", "u64",
            )  # fmt: skip
            np.testing.assert_array_equal(opened[999], vectors[999])


def test_hnswlib_files_go_both_ways(vectors, tmp_path):
    path = tmp_path / "index.bin"
    with skep.Collection(32, metric="l2", index="hnsw", device="cpu") as collection:
        collection.add(vectors)
        collection.export_hnswlib(path)
        before = collection.search(vectors[:10], 5, ef_search=100)
    with skep.Collection.import_hnswlib(path, metric="l2", device="cpu") as imported:
        assert imported.index == "hnsw" and len(imported) == 1000
        after = imported.search(vectors[:10], 5, ef_search=100)
        np.testing.assert_array_equal(before.keys, after.keys)


def test_clear_reserve_and_compact(filled, vectors):
    filled.reserve(5000)
    assert filled.stats().capacity_rows >= 5000
    filled.remove(np.arange(500))
    assert filled.stats().num_removed == 500
    filled.compact()
    assert filled.stats().num_removed == 0 and len(filled) == 500
    filled.clear()
    assert len(filled) == 0 and filled.add(vectors[:1]).tolist() == [0]


def test_info_and_device_say_what_was_made():
    with skep.Collection(
        4, metric="l2", index="hnsw", m=8, ef_construction=40, seed=3, device="cpu"
    ) as c:
        assert c.info() == {
            "dim": 4, "metric": "l2", "dtype": "f32", "index": "hnsw", "keys": "u64", "m": 8,
            "ef_construction": 40, "seed": 3,
        }  # fmt: skip
        assert c.device.id == "cpu" and c.device.backend == "cpu"
        assert 0 <= c.device.used_memory_bytes <= c.device.total_memory_bytes
        assert 0 <= c.device.memory_usage_percent <= 100 and not c.device.takes_device_tensors
        assert repr(c) == "<skep.Collection 0 x 4 f32 l2 hnsw>" and c


def test_a_closed_collection_answers_no_more(vectors):
    with skep.Collection(32) as collection:
        collection.add(vectors[:1] + 1)
        only = collection.allow([0])
    assert collection.closed and repr(collection) == "<skep.Collection closed>"
    collection.close()
    for call in (
        lambda: len(collection),
        lambda: collection.search(vectors, 1),
        lambda: collection.add(vectors),
        lambda: collection.save("x.skep"),
        lambda: collection.stats(),
    ):
        with pytest.raises(skep.InvalidArgumentError, match="closed"):
            call()
    only.close()


def test_a_closed_filter_filters_no_more(filled, vectors):
    only = filled.allow([1])
    only.close()
    only.close()
    with pytest.raises(skep.InvalidArgumentError, match="filter is closed"):
        filled.search(vectors[0], 1, filter=only)


def test_handles_are_not_pickled_or_copied(filled):
    for refused in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"save\(\)"):
            refused(filled)
    with pytest.raises(TypeError, match="Runtime"):
        pickle.dumps(skep.Runtime())


def test_a_runtime_of_ones_own():
    runtime = skep.Runtime(num_threads=1, ignore_environment=True, builtin_only=True)
    assert [device.id for device in runtime.devices()] == ["cpu"]
    assert runtime.find_device("cpu").name
    assert [backend.name for backend in runtime.backends()] == ["cpu"]
    with skep.Collection(2, runtime=runtime) as collection:
        assert collection.device.id == "cpu"


def test_the_default_runtime_explains_itself():
    assert skep.devices()[-1].id == "cpu"
    assert "cpu" in skep.explain() and skep.explain("json").startswith("{")
    assert {"cpu", "cuda"} >= {backend.name for backend in skep.backends()}


def test_vector_files(vectors, tmp_path):
    for suffix in ("fvecs", "fbin", "npy"):
        path = tmp_path / f"rows.{suffix}"
        skep.write_vectors(path, vectors)
        np.testing.assert_array_equal(skep.read_vectors(path), vectors)
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), vectors)


def test_similarity_is_higher_for_nearer():
    assert skep.similarity("cosine", 0.25) == 0.75
    assert skep.similarity("inner_product", -3) == 3
    assert skep.similarity("l2", 9) == 0.25
