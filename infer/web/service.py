"""The service behind the routes: admits pictures, has them done, counts them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flask import current_app

from .answers import Found, Job
from .limits import Limits
from .metrics import Metrics
from .problems import Problem
from .rate import RateLimit
from .uploads import AnswerOptions, Upload
from .workers import Busy, Workers, results

KEY = "landmark68"


class Service:
    """What the routes share: the workers, the limits, the metrics."""

    def __init__(self, workers: Workers, limits: Limits):
        self.workers, self.limits, self.contract = workers, limits, workers.contract
        self.metrics = Metrics(lambda: workers.pending, workers.count)
        self._rate = RateLimit(limits.rate, limits.burst)

    def find(self, uploads: Sequence[Upload], options: AnswerOptions) -> list[Found | Problem]:
        """What comes of each picture, in order. Raises Problem 503 where there is no room for all, or no answer in
        time; what else goes wrong with one picture stands in its place."""
        jobs = [Job(upload, options, self.limits.pixels) for upload in uploads]
        try:
            found = results(self.workers.submit(jobs), self.limits.seconds)
        except Busy as error:
            raise Problem(503, f"found the service busy ({error}), expected less at once", 1) from None
        return [self._counted(one) for one in found]

    def admit(self, client: str | None, count: int = 1) -> None:
        """Raises Problem 429 where a client, known by its address, sends more pictures than it may."""
        wait = self._rate.wait(client or "", count)
        if wait:
            limit = f"at most {self.limits.rate:g} a second"
            raise Problem(429, f"found too many pictures of one client, expected {limit}", math.ceil(wait))

    def _counted(self, one: Found | BaseException) -> Found | Problem:
        """The same. Raises what is a fault of the service."""
        if not isinstance(one, Found):
            self.metrics.pictures.labels("refused" if isinstance(one, Problem) else "failed").inc()
            if isinstance(one, Problem):
                return one
            raise one
        self.metrics.pictures.labels("done").inc()
        self.metrics.faces.inc(len(one.entry["faces"]))
        self.metrics.work.observe(sum(value for step, value in one.times.items() if step != "wait") / 1000)
        return one


def the_service() -> Service:
    """The service of the application that answers the current request."""
    return current_app.extensions[KEY]
