"""Progress of a run over many pictures or frames, with nothing but the standard library."""

from __future__ import annotations

import sys
import time

SECONDS = 10.0  # between plain lines where there is no terminal
REDRAW = 0.1  # between changes of the line on a terminal
MANY = 200  # so many are named one by one; of more, only count, rate and time left are shown


class Progress:
    """Counts what is done of a known number (None: unknown): a line that changes on a terminal, plain lines elsewhere.

    total: how many; what: their name in the plural; named: each is named if they are not too many.
    """

    def __init__(self, total: int | None, what: str, stream=None, named: bool = True):
        self.total, self.what, self.count = total, what, 0
        self.stream = stream or sys.stdout
        self._terminal = self.stream.isatty()
        self._one_by_one = named and total is not None and total <= MANY
        self._began = self._said = time.monotonic()
        self._shown = 0  # letters of the line that stands there

    def step(self, line: str = "") -> None:
        """One more is done; `line`, if any, is said of it where they are few."""
        self.count += 1
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
        return self.count / max(time.monotonic() - self._began, 1e-9)

    def status(self, seconds: float) -> str:
        """Count, rate and, where the total is known, the time left."""
        rate = self.count / max(seconds, 1e-9)
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
