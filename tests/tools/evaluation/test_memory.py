"""tools/evaluation/memory.py, on processes that hold what they are told to."""

import subprocess
import sys
import threading
from contextlib import contextmanager

from tools.evaluation import memory

HOLD = """
import sys
x = bytearray(60 << 20)
x[::4096] = b"1" * len(x[::4096])
if "free" in sys.argv:
    del x
print("ready", flush=True)
input()
"""
NESTED = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"


@contextmanager
def process(*command: str):
    with subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout.readline() == "ready\n"
        yield one
        one.communicate("\n")


def test_what_a_process_holds_and_the_most_it_has_held():
    with process("-c", HOLD, "free") as one:
        held, most = memory.resident(one.pid), memory.high_water(one.pid)
    assert held < 40 << 20 and (most is None or 60 << 20 < most < 100 << 20)
    assert memory.resident(one.pid) == 0 and memory.high_water(one.pid) is None  # it has ended


def test_a_family_counts_children_and_grandchildren(monkeypatch):
    monkeypatch.setattr(memory, "SECONDS", 0.01)
    looks = threading.Semaphore(0)
    look = memory.family_memory
    monkeypatch.setattr(memory, "family_memory", lambda: (look(), looks.release())[0])
    with process("-c", NESTED, "-c", HOLD), memory.FamilyPeak() as family:
        assert all(looks.acquire(timeout=30) for _ in range(2))
    assert 60 << 20 < family.peak < 130 << 20
