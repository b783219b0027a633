"""Ctrl-C and a polite kill as an event, so that what is under way ends by itself, between steps and with all saved."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that is set when Ctrl-C or a polite kill comes."""
    stop = threading.Event()
    before = [signal.signal(number, lambda *_: stop.set()) for number in NUMBERS]
    try:
        yield stop
    finally:
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)
