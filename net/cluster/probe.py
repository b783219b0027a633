"""Whether the other processes of a cluster are there: who takes connections, and who has been silent for too long."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

from net.cluster.member import Member

PROBE = 1.0  # seconds between looks
START = 10  # times as long is waited for one not seen yet, and for a chief: a scheduler starts them when it likes


def answers(host: str, seconds: float = PROBE) -> bool:
    """Whether somebody takes connections at "host:port"."""
    name, _, port = host.rpartition(":")
    try:
        with socket.create_connection((name, int(port)), timeout=seconds):
            return True
    except OSError:
        return False


def all_answer(hosts: Sequence[str], patience: float) -> bool:
    """Whether all hosts answer, within some seconds."""
    deadline = time.monotonic() + patience
    while not all(map(answers, hosts)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(PROBE)
    return True


class Silence:
    """Since when another member has not answered.

    name: what it is called in messages; host: its address; wait: seconds that are too long; first: as many before its
    first answer.
    """

    def __init__(self, name: str, host: str, wait: float, first: float):
        self.name, self.host = name, host
        self._wait, self._limit = wait, first
        self._since = time.monotonic()

    def look(self) -> str:
        """What to say where it has been silent for too long, else nothing."""
        if answers(self.host):
            self._since, self._limit = time.monotonic(), self._wait
        silent = time.monotonic() - self._since
        if silent <= self._limit:
            return ""
        name = f"{self.name} at {self.host}"
        return f"{name}: found no answer for {silent:.0f} s; once it is back, the same command goes on"


def silences(member: Member, wait: float) -> list[Silence]:
    """Those it cannot do without: parameter servers, for `wait` seconds, and the chief, for START times as long."""
    servers = member.hosts["ps"] if member.task in ("chief", "worker") else ()
    found = [Silence("ps", host, wait, START * wait) for host in servers]
    return found if member.is_chief else [*found, silence_of_chief(member, wait)]


def silence_of_chief(member: Member, wait: float) -> Silence:
    """That of the chief alone, from now on."""
    return Silence("chief", member.hosts["chief"][0], START * wait, START * wait)
