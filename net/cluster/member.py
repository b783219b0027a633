"""A process's place in a cluster of TensorFlow's own runtime, as TF_CONFIG describes it: chief, workers, ps, evaluator.

Variables live on the parameter servers (ps). Chief and workers each take their part of the records and of the batch;
`SyncReplicasOptimizer` adds up one gradient of each before a step is made, so that W of them train as one machine with
the whole batch does. The chief alone has the run's folder: checkpoints, summaries, averages, batch statistics.

    TF_CONFIG='{"cluster": {"chief": ["a:2222"], "worker": ["b:2222"], "ps": ["c:2222"]},
                "task": {"type": "worker", "index": 0}}' python net/train.py ...
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JOBS = ("chief", "worker", "ps", "evaluator")
FAILED = 2  # exit code of a process that cannot go on
ORPHANED = 3  # that where the chief has failed, and only therefore this process


@dataclass(frozen=True)
class Member:
    """One process of a cluster.

    hosts: addresses "host:port" of each job; task: its own job; index: its number there; apart: whether an evaluator
    tests the checkpoints, so that the chief does not.
    """

    hosts: Mapping[str, tuple[str, ...]]
    task: str
    index: int
    apart: bool = False

    @property
    def is_chief(self) -> bool:
        return self.task == "chief"

    @property
    def name(self) -> str:
        return f"{self.task} {self.index}"

    @property
    def workers(self) -> int:
        """How many compute gradients: the chief does as well."""
        return 1 + len(self.hosts["worker"])

    @property
    def number(self) -> int:
        """Among those who compute gradients: the chief is 0."""
        return 0 if self.is_chief else 1 + self.index

    @property
    def tests(self) -> bool:
        """Whether it is the chief's task to test the weights."""
        return self.is_chief and not self.apart


def member_of(environment: Mapping[str, str]) -> Member | None:
    """The member that TF_CONFIG makes of this process; None without one, or where the cluster is this process alone.

    Raises ValueError, in one line, for anything that no cluster of this project can be.
    """
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        return None
    try:
        config = json.loads(text)
        cluster, task = config.get("cluster") or {}, config.get("task") or {}
        kind, index = task.get("type"), task.get("index", 0)
    except (ValueError, AttributeError) as error:
        raise ValueError(f"TF_CONFIG: found {text[:60]!r} ({error}), expected JSON with cluster and task") from None
    if not cluster:
        return None
    hosts = hosts_of(cluster)
    if kind not in JOBS or not isinstance(index, int):
        raise ValueError(f"TF_CONFIG: found task {task}, expected type {', '.join(JOBS)} and an index")
    if sum(map(len, hosts.values())) == 1 and kind != "evaluator":
        return None
    check(hosts, kind, index)
    return Member({job: hosts[job] for job in JOBS[:3]}, kind, index, apart=bool(hosts["evaluator"]))


def hosts_of(cluster: Any) -> dict[str, tuple[str, ...]]:
    """The addresses of each job. Raises ValueError for unknown jobs, and for what is no list of "host:port"."""
    unknown = set(cluster) - set(JOBS) if isinstance(cluster, dict) else {str(cluster)}
    if unknown:
        raise ValueError(f"TF_CONFIG: found {', '.join(sorted(unknown))} in the cluster, expected {', '.join(JOBS)}")
    for job, hosts in cluster.items():
        for host in hosts if isinstance(hosts, list) else [hosts]:
            name, _, port = str(host).rpartition(":")
            if not isinstance(hosts, list) or not name or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError(f"TF_CONFIG: found {host!r} for {job}, expected a list of host:port")
    return {job: tuple(cluster.get(job, ())) for job in JOBS}


def check(hosts: Mapping[str, tuple[str, ...]], task: str, index: int) -> None:
    """Raises ValueError for a cluster that lacks a part, has an address twice, or not this task."""
    if len(hosts["chief"]) != 1:
        raise ValueError(f"TF_CONFIG: found {len(hosts['chief'])} chiefs, expected one")
    if not hosts["ps"]:
        raise ValueError("TF_CONFIG: found no ps, expected at least one parameter server")
    if task == "evaluator" and not hosts["evaluator"]:  # as some tools have it; but then the chief would test as well
        raise ValueError("TF_CONFIG: found no evaluator in the cluster, expected its address there, for every member")
    if len(hosts["evaluator"]) > 1:
        raise ValueError(f"TF_CONFIG: found {len(hosts['evaluator'])} evaluators, expected one at most")
    everyone = [host for job in hosts for host in hosts[job]]
    twice = sorted({host for host in everyone if everyone.count(host) > 1})
    if twice:
        raise ValueError(f"TF_CONFIG: found {twice[0]} twice, expected an address for each task")
    if not hosts[task]:
        raise ValueError(f"TF_CONFIG: found {task} {index}, expected a task that the cluster has")
    if not 0 <= index < len(hosts[task]):
        raise ValueError(f"TF_CONFIG: found {task} {index}, expected an index from 0 to {len(hosts[task]) - 1}")
