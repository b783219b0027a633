"""The server around the application: waitress, with its own errors told as everybody else's."""

from __future__ import annotations

import logging
import select
import signal
import socket
import threading
import time

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from .app import HEADERS
from .limits import Limits
from .problems import FAULT, Problem, problem_body

SPARE_THREADS = 4  # besides those that wait for workers: for pages, health and errors
CONNECTIONS = 256
IDLE = 60  # seconds after which a connection on which nothing happens is closed
LAST_ANSWERS = 5  # seconds that these may take after the end is told
NEVER = 1 << 40  # bytes of an answer, a picture perhaps, that would go through a file
READ_WHOLE = 4  # times the upload limit: who sends more than that may find the connection closed before the answer


class ProblemTask(ErrorTask):
    """What waitress answers itself: bad requests, too long headers, endless bodies, an application that failed."""

    def execute(self) -> None:
        error = self.request.error
        detail = f"found a request that cannot be read ({error.body}), expected HTTP/1.1 within the limits"
        if error.code == 500:
            detail = FAULT
        problem = Problem(error.code, detail)
        body = problem_body(problem.status, problem.detail)
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([*HEADERS.items(), *problem.headers.items()])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class ProblemChannel(HTTPChannel):
    """A connection whose errors are problem details."""

    error_task_class = ProblemTask


class Server:
    """waitress on one address, until it is told to stop; what has been asked by then is still answered.

    app: WSGI callable; port: 0 for any that is free; waiting: requests that may be waiting for workers; proxy: address
    of a reverse proxy whose X-Forwarded-For and -Proto are believed. Raises OSError where the port cannot be had.
    """

    def __init__(self, app, host: str, port: int, limits: Limits, waiting: int, proxy: str | None = None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        trusted = {"trusted_proxy": proxy, "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto"}
        self._sockets: dict[int, object] = {}
        self._told = threading.Event()
        self._lock, self._ended = threading.RLock(), False  # again by the same thread: in a signal's handler
        self._waitress = create_server(
            app,
            self._sockets,
            sockets=[socket.create_server((host, port), family=family)],
            threads=waiting + SPARE_THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE,
            cleanup_interval=IDLE // 4,
            max_request_body_size=READ_WHOLE * limits.upload,
            inbuf_overflow=limits.upload + 1,  # in memory; what is too large anyway goes through a nameless file
            outbuf_overflow=NEVER,
            ident="landmark68",
            clear_untrusted_proxy_headers=True,
            **(trusted if proxy else {}),
        )
        self._waitress.channel_class = ProblemChannel
        # that requests wait for a moment is no news: how many may, the workers' queue says
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.port = int(self._waitress.effective_port)  # waitress has it as text

    def run(self) -> None:
        """Serves until `stop`."""
        while not self._told.is_set():
            self._turn()
        end = time.monotonic() + LAST_ANSWERS
        while self._unanswered() and time.monotonic() < end:
            self._turn()
        self._waitress.task_dispatcher.shutdown()
        with self._lock:
            self._ended = True
        self._waitress.asyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Ends `run`, from any thread or a signal's handler."""
        with self._lock:
            self._told.set()
            if not self._ended:  # else its file is closed, or somebody else's by now
                self._waitress.pull_trigger()

    def _turn(self) -> None:
        # poll, because select takes no more than 1024 files
        self._waitress.asyncore.loop(timeout=1, map=self._sockets, use_poll=hasattr(select, "poll"), count=1)

    def _unanswered(self) -> bool:
        """Whether any connection waits for an answer, or for the rest of one."""
        channels = list(self._waitress.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def run_until_signal(server: Server) -> None:
    """Serves until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    server.run()
