"""Threads with a landmarker each, a bounded queue, and the limits and rates that go with them."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from infer.web.limits import Limits
from infer.web.rate import CLIENTS, RateLimit
from infer.web.workers import Busy, Workers, results


@pytest.fixture
def crew():
    """Two workers whose landmarkers are only names, room for three more jobs."""
    made = Workers([SimpleNamespace(contract="contract", name=name) for name in "ab"], 3)
    yield made
    made.close()


def test_each_thread_keeps_its_own_landmarker(crew):
    both = threading.Barrier(2)

    def job(landmarker):
        both.wait(10)  # so that no thread does two in a row
        return threading.current_thread().name, landmarker.name

    found = {pair for _ in range(5) for pair in results(crew.submit([job, job]), 10)}
    assert len(found) == 2 and {name for _, name in found} == {"a", "b"}
    assert crew.contract == "contract" and (crew.count, crew.room) == (2, 5)


def test_more_than_there_is_room_for_is_refused_whole_and_room_comes_back(crew):
    go = threading.Event()
    held = crew.submit([lambda _: go.wait(10)] * 4)
    assert crew.pending == 4
    with pytest.raises(Busy, match="4 pictures are waiting or being done"):
        crew.submit([lambda _: 1, lambda _: 2])
    assert crew.pending == 4  # none of the two was let in
    last = crew.submit([lambda _: 3])
    go.set()
    assert results(held + last, 10) == [True] * 4 + [3]
    assert crew.pending == 0
    assert results(crew.submit([lambda _: 5] * 5), 10) == [5] * 5


def test_room_is_back_before_the_answer_is_there(crew, monkeypatch):
    seen, own = [], Future.set_result

    def set_result(future, value):
        seen.append(crew.pending)
        own(future, value)

    monkeypatch.setattr(Future, "set_result", set_result)
    assert results(crew.submit([lambda _: 1]), 10) == [1]
    assert seen == [0]


def test_an_exception_stands_in_the_place_of_its_answer_and_the_worker_lives_on(crew):
    def fail(_):
        raise MemoryError("no room")

    first, second, third = results(crew.submit([lambda _: 1, fail, lambda _: 3]), 10)
    assert (first, third) == (1, 3) and isinstance(second, MemoryError)
    assert results(crew.submit([lambda _: 7] * 4), 10) == [7] * 4


def test_an_answer_that_takes_too_long_is_busy_and_what_waits_is_dropped(crew):
    go, done = threading.Event(), []
    held = crew.submit([lambda _: go.wait(10)] * 2)
    late = crew.submit([lambda _: done.append(1)])
    with pytest.raises(Busy, match="no answer within 0.01 s"):
        results(late, 0.01)
    assert crew.pending == 2  # the dropped one gave its room back
    go.set()
    assert results(held, 10) == [True, True] and done == []


def test_a_token_bucket_lets_bursts_through_and_then_the_rate():
    now = [100.0]
    limit = RateLimit(2, 3, lambda: now[0])
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b", 3) == 0  # another client has a bucket of its own
    now[0] += 0.75
    assert limit.wait("a") == 0 and limit.wait("a") == 0.25
    assert limit.wait("a", 3) == 1.25  # nothing is taken by asking in vain
    now[0] += 1000
    assert limit.wait("a", 3) == 0 and limit.wait("a") == 0.5  # no more than the burst is saved up
    assert [RateLimit(0, 1).wait("a") for _ in range(9)] == [0] * 9  # 0: no limit


def test_only_so_many_clients_are_remembered():
    limit = RateLimit(1, 1, lambda: 0.0)
    assert limit.wait("first") == 0 and limit.wait("first") == 1
    for number in range(CLIENTS):
        limit.wait(str(number))
    assert limit.wait("first") == 0 and len(limit._clients) == CLIENTS


def test_limits_that_cannot_work_are_refused():
    assert Limits(rate=50).burst == 100 and Limits(rate=1).burst == 16
    for wrong in ({"upload": 0}, {"rate": float("nan")}, {"queue": 3}):
        ((name, value),) = wrong.items()
        with pytest.raises(ValueError, match=f"{name}: found {value}"):
            Limits(**wrong)
