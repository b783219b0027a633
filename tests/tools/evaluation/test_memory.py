"""tools/evaluation/memory.py, on processes that hold what they are told to."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import psutil
import pytest

from tools.evaluation import memory

HOLD = (
    "import sys; x = bytearray(int(sys.argv[1]) << 20); x[::4096] = b'1' * len(x[::4096])\n"
    "if sys.argv[2] == 'free': del x\n"
    "print('ready', flush=True); input()"
)
NESTED = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
GONE = 2**22 + 1  # above Linux's process ids


@contextmanager
def process(*command: str):
    with subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout.readline() == "ready\n"
        yield one
        one.communicate("\n")


def holding(megabytes: int, then: str = "keep"):
    return "-c", HOLD, str(megabytes), then


def test_what_a_process_holds_and_the_most_it_has_held():
    found = {}
    for megabytes, then in ((0, "keep"), (50, "keep"), (50, "free")):
        with process(*holding(megabytes, then)) as one:
            found[megabytes, then] = memory.resident(one.pid), memory.high_water(one.pid)
    held, most = (dict(zip(found, some, strict=True)) for some in zip(*found.values(), strict=True))
    assert 45 << 20 < held[50, "keep"] - held[0, "keep"] < 60 << 20
    assert abs(held[50, "free"] - held[0, "keep"]) < 10 << 20
    assert memory.resident(GONE) == 0 and memory.high_water(GONE) is None
    if most[0, "keep"] is not None:
        assert 45 << 20 < most[50, "free"] - most[0, "keep"] < 60 << 20
        assert memory.high_water() >= memory.resident(os.getpid()) - (8 << 20)


def test_a_family_counts_children_and_grandchildren(monkeypatch):
    monkeypatch.setattr(memory, "SECONDS", 0.01)
    looks = threading.Semaphore(0)
    look = memory.family_memory
    monkeypatch.setattr(memory, "family_memory", lambda: (look(), looks.release())[0])
    with process("-c", NESTED, *holding(60)), memory.FamilyPeak() as family:
        assert all(looks.acquire(timeout=30) for _ in range(2))
    assert 60 << 20 < family.peak < 130 << 20
    with pytest.raises(psutil.NoSuchProcess):
        psutil.Process(GONE)


def test_a_process_that_ends_meanwhile_holds_nothing():
    with process(*holding(1)) as one:
        ended = psutil.Process(one.pid)
    assert memory.own_share(ended) == 0
