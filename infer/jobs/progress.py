"""Progress of anything that takes longer than a few seconds, with nothing but the standard library."""

from __future__ import annotations

import sys
import time
from typing import TextIO

SECONDS = 10.0  # between plain lines where there is no terminal
REDRAW = 0.1  # between changes of the line on a terminal
MANY = 200  # so many are named one by one; of more, only count, rate and time left are shown


class Progress:
    """Counts what is done of a known number (None: unknown): a line that changes on a terminal, plain lines elsewhere.

    total: how many; what: their name in the plural; done: how many an earlier run did; named: each is named if they are
    not too many. As a context it wipes the changing line away at the end.
    """

    def __init__(
        self, total: int | None, what: str, *, done: int = 0, stream: TextIO | None = None, named: bool = False
    ):
        self.total, self.what, self.count, self._first = total, what, done, done
        self.stream = stream or sys.stdout
        self._terminal = self.stream.isatty()
        self._one_by_one = named and total is not None and total <= MANY
        self._began = self._said = time.monotonic()
        self._shown = 0  # letters of the line that stands there

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error) -> None:
        self.clear()

    def step(self, count: int = 1, line: str = "") -> None:
        """So many more are done; `line`, if any, is said of them where they are few."""
        self.count += count
        if self._one_by_one:
            if line:
                self.say(line)
            return
        now = time.monotonic()
        if now - self._said >= (REDRAW if self._terminal else SECONDS):
            self._said = now
            self._show(self.status(now - self._began))

    def say(self, line: str) -> None:
        """A line of its own, which the changing one does not run into."""
        self.clear()
        print(line, file=self.stream, flush=True)

    def clear(self) -> None:
        """Wipes the changing line away."""
        if self._shown:
            self.stream.write("\r" + " " * self._shown + "\r")
            self.stream.flush()
        self._shown = 0

    @property
    def rate(self) -> float:
        """How many a second were done so far."""
        return (self.count - self._first) / max(time.monotonic() - self._began, 1e-9)

    def status(self, seconds: float) -> str:
        """Count, rate and, where the total is known, the time left."""
        rate = (self.count - self._first) / max(seconds, 1e-9)
        if self.total is None:
            return f"{self.count} {self.what}, {rate:.0f}/s"
        left = round((self.total - self.count) / max(rate, 1e-9))
        return f"{self.count}/{self.total} {self.what}, {rate:.0f}/s, {left // 60}:{left % 60:02d} left"

    def _show(self, text: str) -> None:
        if not self._terminal:
            print(text, file=self.stream, flush=True)
            return
        self.clear()
        self.stream.write(text)
        self.stream.flush()
        self._shown = len(text)
