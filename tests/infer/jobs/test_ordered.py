"""infer/jobs/ordered.py: the order stays, and few are held."""

import threading
import time

import pytest

from infer.jobs.ordered import AHEAD, in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_results_in_order_and_few_ahead(workers):
    lock, begun, most = threading.Lock(), 0, 0

    def work(number):
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - taken)
        time.sleep(0.002 * (number % 4))
        return number * number

    answers, taken = [], 0
    for answer in in_order(work, range(50), workers):
        answers.append(answer)
        taken = len(answers)
    assert answers == [number * number for number in range(50)]
    assert most <= AHEAD * workers + 1
    assert list(in_order(work, [], workers)) == []


def test_what_a_worker_raises_ends_the_rest():
    done = []

    def work(number):
        if number == 5:
            raise KeyboardInterrupt
        done.append(number)

    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, range(1000), 2))
    assert len(done) < 20
