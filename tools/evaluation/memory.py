"""Memory of processes: what one holds, the most it has held, and the most that a family of them holds together."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from pathlib import Path
from types import TracebackType

import psutil

SECONDS = 0.5  # between looks at a family


def resident(pid: int) -> int:
    """Bytes of memory that a process holds now; 0 where it has ended."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def high_water(pid: int | None = None) -> int | None:
    """The most memory that a process (None: this one) has held so far, bytes; None where it has ended, or the system
    does not tell.

    psutil knows this of Windows alone. Linux tells it in /proc, macOS a process of itself; Linux's own `getrusage`
    would start with what the parent process held.
    """
    with contextlib.suppress(psutil.Error, OSError):
        if peak := getattr(psutil.Process(pid).memory_info(), "peak_wset", None):
            return int(peak)
        if psutil.LINUX:
            status = Path(f"/proc/{pid or 'self'}/status").read_text()
            found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
            return 1024 * int(found[1]) if found else None
        if pid is None:
            return _own_high_water()
    return None


def _own_high_water() -> int | None:
    if sys.platform == "win32":
        return None
    import resource  # there is none on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class FamilyPeak:
    """As a context: the most memory that this process's descendants hold together, in bytes in `peak`."""

    def __init__(self) -> None:
        self.peak, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> FamilyPeak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SECONDS):
            self.peak = max(self.peak, family_memory())


def family_memory() -> int:
    """Bytes that all descendants of this process hold together now."""
    return sum(map(own_share, psutil.Process().children(recursive=True)))


def own_share(process: psutil.Process) -> int:
    """Bytes that a process holds, shared pages divided among those that share them where the system tells (Linux)."""
    with contextlib.suppress(psutil.Error):
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.rss))
    return 0
