# SPDX-License-Identifier: MIT
"""Long calls: other threads run; Ctrl-C, switches, time limits and callbacks end them."""

import _thread
import os
import signal
import threading
import time

import numpy as np
import pytest

import skep


@pytest.fixture(scope="module")
def large():
    """A collection, and as many queries as take about half a second here on one core."""
    rng = np.random.default_rng(1)
    collection = skep.Collection(
        256, metric="l2", device="cpu", runtime=skep.Runtime(num_threads=1)
    )
    collection.add(rng.random((50_000, 256), dtype=np.float32))
    probe = rng.random((200, 256), dtype=np.float32)
    collection.search(probe, 10)
    started = time.perf_counter()
    collection.search(probe, 10)
    num_queries = int(len(probe) * 0.5 / (time.perf_counter() - started))
    yield collection, rng.random((min(max(num_queries, 500), 50_000), 256), dtype=np.float32)
    collection.close()


def test_other_threads_run_while_a_search_does(large):
    collection, queries = large
    is_done = threading.Event()
    num_turns = 0

    def search():
        collection.search(queries, 10)
        is_done.set()

    thread = threading.Thread(target=search)
    started = time.perf_counter()
    thread.start()
    while not is_done.is_set():
        num_turns += 1
        time.sleep(0.001)
    thread.join()
    assert time.perf_counter() - started > 0.1, "too short a search to tell"
    assert num_turns > 20


@pytest.mark.parametrize("call", ["search", "add"])
def test_ctrl_c_ends_a_long_call(call, large):
    collection, queries = large
    target = skep.Collection(256, metric="l2", index="hnsw", device="cpu")
    rows = np.random.default_rng(2).random((60_000, 256), dtype=np.float32)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    started = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        if call == "search":
            collection.search(np.vstack([queries] * 10), 10)
        else:
            target.add(rows)
    assert time.perf_counter() - started < 2
    timer.join()
    assert len(collection.search(queries[0], 1).keys) == 1, "the collection goes on working"
    target.close()


def test_an_exception_of_a_signal_handler_comes_out(large):
    collection, queries = large

    class Alarm(Exception):
        pass

    def raise_alarm(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, raise_alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            collection.search(np.vstack([queries] * 10), 10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_signal_handler_may_search_itself(large):
    collection, queries = large
    answers = []

    def search_too(number, frame):
        answers.append(collection.search(queries, 1).keys.shape)

    before = signal.signal(signal.SIGALRM, search_too)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        hits = collection.search(np.vstack([queries] * 2), 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert answers == [(len(queries), 1)]
    np.testing.assert_array_equal(hits.keys[: len(queries)], hits.keys[len(queries) :])


def test_a_forked_child_makes_long_calls_too(large):
    collection, queries = large
    wanted = collection.search(queries, 1).keys
    child = os.fork()
    if child == 0:  # no exception may take the child back into pytest
        is_same = False
        try:
            is_same = bool((collection.search(queries, 1).keys == wanted).all())
        finally:
            os._exit(0 if is_same else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_switch_stops_a_search_of_another_thread(large):
    collection, queries = large
    switch = skep.Cancel()
    raised = []

    def search():
        try:
            collection.search(np.vstack([queries] * 10), 10, cancel=switch)
        except skep.SkepError as error:
            raised.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    time.sleep(0.1)
    switch.trigger()
    thread.join(timeout=5)
    assert [type(error) for error in raised] == [skep.CancelledError]
    with pytest.raises(skep.CancelledError):
        collection.search(queries[:1], 1, cancel=switch)
    switch.reset()
    collection.search(queries[:1], 1, cancel=switch)


def test_a_time_limit_is_a_timeout_error(large):
    collection, queries = large
    with pytest.raises(TimeoutError) as caught:
        collection.search(queries, 10, timeout=1e-9)
    assert isinstance(caught.value, skep.DeadlineExceededError)
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="timeout"):
            collection.search(queries[:1], 1, timeout=bad)


def test_progress_is_told_and_may_stop(large):
    collection, queries = large
    seen = []
    collection.search(queries, 10, progress=lambda done, total: seen.append((done, total)))
    assert seen and all(0 <= done <= total for done, total in seen)
    with pytest.raises(skep.CancelledError):
        collection.search(queries, 10, progress=lambda done, total: False)


def test_an_exception_of_a_progress_callback_comes_out(large):
    collection, queries = large

    def fail(done, total):
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        collection.search(queries, 10, progress=fail)
    thread_raised = []

    def in_a_thread():
        try:
            collection.search(queries, 10, progress=fail)
        except LookupError as error:
            thread_raised.append(error)

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert len(thread_raised) == 1


def test_a_tqdm_bar_shows_progress(large):
    tqdm = pytest.importorskip("tqdm")
    collection, queries = large
    with open("/dev/null", "w") as nowhere, tqdm.tqdm(file=nowhere) as bar:
        collection.search(queries, 10, progress=bar)
        assert bar.total and 0 < bar.n <= bar.total


def test_wrong_controls_are_refused(filled, vectors):
    for keywords in ({"progress": 3}, {"cancel": "now"}, {"filter": 1}, {"timeout": "soon"}):
        with pytest.raises(TypeError):
            filled.search(vectors, 1, **keywords)
    with pytest.raises(TypeError, match="nonsense"):
        filled.search(vectors, 1, nonsense=1)


@pytest.mark.parametrize("k", [0, -1])
def test_k_must_be_positive(k, filled, vectors):
    with pytest.raises(skep.InvalidKError, match=str(k)):
        filled.search(vectors, k)
    with pytest.raises(skep.InvalidArgumentError, match="ef_search"):
        filled.search(vectors, 1, ef_search=-5)
