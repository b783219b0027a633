"""How many pictures a second one client may send: a token bucket for each address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

CLIENTS = 10_000  # addresses remembered; the one that has been silent longest is forgotten first


class RateLimit:
    """rate: pictures a second, 0 for no limit; burst: pictures at once after a while of silence; clock: of seconds."""

    def __init__(self, rate: float, burst: float, clock=time.monotonic):
        self.rate, self.burst, self._clock = rate, burst, clock
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level of the bucket, and when

    def wait(self, client: str, count: int = 1) -> float:
        """Takes so many pictures from the client's bucket: 0.0; where it holds too few, nothing, but the seconds until
        it holds enough."""
        if not self.rate:
            return 0.0
        with self._lock:
            now = self._clock()
            level, since = self._clients.pop(client, (self.burst, now))
            level = min(self.burst, level + (now - since) * self.rate)
            enough = level >= count
            self._clients[client] = (level - count if enough else level, now)
            if len(self._clients) > CLIENTS:
                self._clients.popitem(last=False)
            return 0.0 if enough else (count - level) / self.rate
