# SPDX-License-Identifier: MIT
"""Many threads on one collection, and nothing that grows."""

import gc
import multiprocessing
import os
import threading
import weakref

import numpy as np
import pytest

import skep

MIB = 1 << 20


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def restart_peak():
    """From here on the peak counts anew, from what is resident now."""
    with open("/proc/self/clear_refs", "w") as clear_refs:
        clear_refs.write("5")


def peak_resident_bytes():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_sixteen_threads_search_while_another_adds(vectors):
    num_batches = 200
    with skep.Collection(32, metric="l2", device="cpu") as collection:
        collection.add(vectors)
        is_over = threading.Event()
        failures = []

        def search(seed):
            rng = np.random.default_rng(seed)
            try:
                while not is_over.is_set():
                    row = int(rng.integers(0, 1000))
                    keys, distances = collection.search(vectors[row], 3)
                    assert keys[0] == row and distances[0] == 0
                    assert (np.diff(distances) >= 0).all()
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=search, args=(seed,)) for seed in range(16)]
        for thread in threads:
            thread.start()
        for batch in range(num_batches):
            collection.add(vectors[:10] + 100, keys=np.arange(10) + 1000 + 10 * batch)
        is_over.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(collection) == 1000 + 10 * num_batches


def test_close_while_others_search(vectors):
    for _ in range(20):
        collection = skep.Collection(32, metric="l2", device="cpu")
        collection.add(vectors)
        has_begun = threading.Barrier(5)
        unexpected = []

        def search(collection=collection, has_begun=has_begun, unexpected=unexpected):
            has_begun.wait()
            try:
                while True:
                    if collection.search(vectors[:5], 3).keys[4, 0] != 4:
                        unexpected.append("a wrong answer")
            except skep.InvalidArgumentError as error:
                if "closed" not in str(error):
                    unexpected.append(error)

        threads = [threading.Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        has_begun.wait()
        collection.close()
        for thread in threads:
            thread.join()
        assert unexpected == []


def test_ten_thousand_collections_come_and_go(vectors, tmp_path):
    path = tmp_path / "small.skep"
    with skep.Collection(32, metric="l2", device="cpu") as collection:
        collection.add(vectors[:10], payloads=[b"payload"] * 10)
        collection.save(path)

    def cycle(times):
        for _ in range(times):
            with skep.Collection.open(path, device="cpu") as opened:
                opened.search(vectors[0], 1, filter=opened.deny([1]), payloads=True)

    cycle(500)
    gc.collect()
    before = resident_bytes()
    cycle(10_000)
    gc.collect()
    assert resident_bytes() - before < 8 * MIB


def test_failures_and_answers_do_not_leak(filled, vectors):
    tooshort = vectors[:, :5].copy()

    def cycle(times):
        for _ in range(times):
            for bad in (
                tooshort,
                None,
                vectors.astype(np.float64)[:1],
                np.zeros((1, 1, 1), np.float32),
            ):
                with pytest.raises(skep.SkepError):
                    filled.search(bad, 1)
            filled.search(vectors[:4], 10, payloads=True)
            filled.range_search(vectors[:2], 100.0)
            filled.find([1, 2, 5000])

    cycle(200)
    gc.collect()
    before = resident_bytes()
    cycle(3_000)
    gc.collect()
    assert resident_bytes() - before < 8 * MIB


def test_a_borrowed_array_is_let_go(filled, vectors):
    class Array(np.ndarray):  # weak references need a subclass
        pass

    queries = vectors[:5].copy().view(Array)
    watched = weakref.ref(queries)
    filled.search(queries, 1)
    with pytest.raises(skep.DimensionMismatchError):
        filled.search(queries[:, :3].copy(), 1)
    del queries
    gc.collect()
    assert watched() is None


def search_in_child(collection, query, answers):
    answers.put(collection.search(query, 1).keys[0])


def test_a_forked_child_searches_and_ends(filled, vectors):
    filled.search(vectors, 1)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=search_in_child, args=(filled, vectors[7], answers))
    child.start()
    assert answers.get(timeout=30) == 7
    child.join(timeout=30)
    assert child.exitcode == 0


# --- no copy of what was passed ---


def growth_of_a_search(num_rows, dim=1024):
    """How far the peak of memory rises while `num_rows` queries are searched, all of them refused
    by a time limit after they were taken over: what is left is what the binding itself needs."""
    queries = np.zeros((num_rows, dim), dtype=np.float32)
    queries += 1  # every page is there before it is measured
    with skep.Collection(dim, metric="l2", device="cpu") as collection:
        collection.add(queries[:1])
        collection.search(queries[:100], 1)
        restart_peak()
        before = peak_resident_bytes()
        with pytest.raises(skep.DeadlineExceededError):
            collection.search(queries, 1, timeout=1e-9)
        return peak_resident_bytes() - before, queries.nbytes


def test_queries_are_not_copied():
    growth, size = growth_of_a_search(64 * MIB // 4096)
    assert size == 64 * MIB and growth < 8 * MIB


@pytest.mark.gigabyte
def test_a_gigabyte_of_queries_is_not_copied():
    growth, size = growth_of_a_search(1024 * MIB // 4096)
    assert size == 1024 * MIB and growth < 16 * MIB


def test_rows_are_copied_once():
    rows = np.ones((64 * MIB // 4096, 1024), dtype=np.float32)
    with skep.Collection(1024, metric="l2", device="cpu", reserve=len(rows)) as collection:
        collection.add(rows[:1])
        restart_peak()
        before = peak_resident_bytes()
        collection.add(rows)
        growth = peak_resident_bytes() - before
        held = collection.stats().reserved_bytes
    assert growth < held + 8 * MIB, "more than what the collection itself holds"
