"""What `/metrics` tells: requests, pictures, faces, times, the queue and the process, in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The service's own registry, so that two services in one process do not count together.

    pending: gives how many pictures wait or are being done; workers: how many threads do them.
    """

    def __init__(self, pending, workers: int):
        self.registry = CollectorRegistry()
        named = ("endpoint", "method", "status")
        self.requests = self._counter("requests", "Requests answered", named)
        self.seconds = self._histogram("request_seconds", "Time from a request's headers to its answer", ("endpoint",))
        self.pictures = self._counter("pictures", "Pictures, by what came of them", ("outcome",))
        self.faces = self._counter("faces", "Faces found or fitted")
        self.work = self._histogram("picture_seconds", "Time that a worker takes for a picture")
        self._gauge("pending_pictures", "Pictures that wait or are being done").set_function(pending)
        self._gauge("workers", "Threads with a network of their own").set(workers)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str, labels=()) -> Counter:
        return Counter(f"landmark68_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, labels=()) -> Histogram:
        return Histogram(f"landmark68_{name}", what, labels, buckets=SECONDS, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(f"landmark68_{name}", what, registry=self.registry)
