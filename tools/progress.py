"""Progress of anything that takes longer than a few seconds: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

SECONDS = 10.0  # between plain lines


class Progress:
    """Counts what is done of a known number: count, rate and time left.

    total: how many in all; what: their name in the plural; done: how many were done before, by an earlier run.
    """

    def __init__(self, total: int, what: str, done: int = 0):
        self.total, self.what, self.count, self.first = total, what, done, done
        self.started = self.said = time.monotonic()
        # tqdm turns itself off where there is no terminal
        self.bar = tqdm(total=total, initial=done, unit=f" {what}", disable=None, file=sys.stdout)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error) -> None:
        self.bar.close()

    def step(self, count: int = 1) -> None:
        """So many more are done."""
        self.count += count
        self.bar.update(count)
        now = time.monotonic()
        if self.bar.disable and now - self.said >= SECONDS:
            self.said = now
            rate = (self.count - self.first) / (now - self.started)
            left = int((self.total - self.count) / rate)
            print(f"{self.count}/{self.total} {self.what}, {rate:.0f}/s, {left // 60}:{left % 60:02d} left", flush=True)

    def say(self, line: str) -> None:
        """A line that does not tear the bar."""
        self.bar.write(line, file=sys.stdout) if not self.bar.disable else print(line, flush=True)
