"""infer/jobs/memory.py: what glibc is asked for, and that nothing happens where it is not."""

from infer.jobs import memory


def test_freed_memory_is_kept_where_glibc_is(monkeypatch):
    asked = []

    class Library:
        def mallopt(self, parameter, value):
            asked.append((parameter, value))

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: Library())
    memory.keep_memory()
    assert asked == [(-1, memory.KEPT), (-2, memory.KEPT), (-3, memory.KEPT)]
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())  # a C library without mallopt
    memory.keep_memory()
