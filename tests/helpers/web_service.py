"""The service as tests use it: in this process, and behind a real server on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from infer.landmarker import Landmarker
from infer.model.shipped import HERE
from infer.web.app import create_app
from infer.web.limits import Limits
from infer.web.server import Server
from infer.web.workers import Workers
from tests.helpers.drawn import draw_face, random_face

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = HERE / "landmark.pb"  # not an export of one's own in local/
UNLIMITED = Limits(rate=0)
PHOTO = ROOT / "images" / "drawn_1.jpg"  # has a face that the detector finds


def make_workers(count: int = 1, queue: int = 32, model: Path = SHIPPED) -> Workers:
    """Threads with the shipped model, or another."""
    return Workers([Landmarker(model) for _ in range(count)], queue)


@contextmanager
def application(
    workers: int = 1, limits: Limits = UNLIMITED, origins: tuple[str, ...] = (), model: Path = SHIPPED
) -> Iterator:
    """A Flask application with workers of its own."""
    crew = make_workers(workers, limits.queue, model)
    try:
        yield create_app(crew, limits, ["localhost", "127.0.0.1"], origins)
    finally:
        crew.close()


@contextmanager
def running(workers: int = 1, limits: Limits = UNLIMITED, model: Path = SHIPPED) -> Iterator[str]:
    """The address of a server that runs in a thread."""
    with application(workers, limits, model=model) as app, serving(app, limits, workers + limits.queue) as address:
        yield f"http://{address}"


@contextmanager
def serving(app, limits: Limits = UNLIMITED, waiting: int = 1, proxy: str | None = None) -> Iterator[str]:
    """host:port of a server for any WSGI application, which runs in a thread and has ended at the end."""
    server = Server(app, "127.0.0.1", 0, limits, waiting, proxy)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def drawn(seed: int) -> tuple[bytes, np.ndarray]:
    """A drawn face: the PNG's bytes, and the box tight around its points, float [4]."""
    rng = np.random.default_rng(seed)
    points = random_face(rng)
    image = draw_face(points, rng)
    return cv2.imencode(".png", image)[1].tobytes(), np.r_[points.min(axis=0), points.max(axis=0)].astype(float)
