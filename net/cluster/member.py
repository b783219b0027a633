"""Training on several machines by TensorFlow's own runtime, as TF_CONFIG describes it: chief, workers, ps, evaluator.

Variables live on the parameter servers (ps). Chief and workers each take their part of the records and of the batch;
`SyncReplicasOptimizer` adds up one gradient of each before a step is made, so that W of them train as one machine with
the whole batch does. The chief alone has the run's folder: checkpoints, summaries, averages, batch statistics.

    TF_CONFIG='{"cluster": {"chief": ["a:2222"], "worker": ["b:2222"], "ps": ["c:2222"]},
                "task": {"type": "worker", "index": 0}}' python net/train.py ...
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from records.runtime import tf

v1 = tf.compat.v1
JOBS = ("chief", "worker", "ps", "evaluator")
PROBE = 1.0  # seconds between looks whether the parameter servers are there
START = 10  # times as long is waited for one not seen yet, and for a chief: a scheduler starts them when it likes
LINGER = 20.0  # seconds a parameter server waits for the workers once the chief has left, and that for its servers
STUCK = 10.0  # seconds without a step, after which the chief hands out new tokens
CLOSING = 1  # seconds a session waits for its threads: that of the chief's sums waits for gradients, and would for ever
SEEDS = 7919  # between the seeds of workers
FAILED = 2  # exit code
ORPHANED = 3  # exit code where the chief has failed, and only therefore this process
FAILURE = -1  # in place of the chief's number where it leaves because it has failed


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

    def serve(self, threads: int = 0) -> v1.distribute.Server:
        """This process's part of TensorFlow's runtime. Raises ValueError where its address cannot be had."""
        try:
            return tf.distribute.Server(self._spec(), self.task, self.index, config=config_of(threads))
        except tf.errors.OpError as error:
            address = self.hosts[self.task][self.index]
            said = error.message.splitlines()[0]
            raise ValueError(f"TF_CONFIG: found that {self.name} cannot serve at {address} ({said})") from None

    def device(self):
        """The device function of its graph: variables on the parameter servers in turn, all else here."""
        here = f"/job:{self.task}/task:{self.index}"
        return v1.train.replica_device_setter(worker_device=here, cluster=self._spec())

    def config(self, threads: int = 0) -> v1.ConfigProto:
        """Of its sessions. They see the parameter servers and this process alone: the death of another is no matter."""
        config = config_of(threads)
        config.device_filters.extend(["/job:ps", f"/job:{self.task}/task:{self.index}"])
        return config

    def _spec(self) -> tf.train.ClusterSpec:
        return tf.train.ClusterSpec({job: list(hosts) for job, hosts in self.hosts.items() if hosts})


def config_of(threads: int) -> v1.ConfigProto:
    """Of sessions on so many threads; 0: all cores."""
    return v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)


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


def hosts_of(cluster: Mapping) -> dict[str, tuple[str, ...]]:
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


def batch_of(member: Member | None, batch: int) -> int:
    """Faces of a step for this process, of so many in all. Raises ValueError where they cannot be divided."""
    workers = member.workers if member else 1
    if batch % workers:
        raise ValueError(indivisible(batch, workers))
    return batch // workers


def indivisible(batch: int, workers: int) -> str:
    """What is wrong with a batch that cannot be divided."""
    return f"--batch: found {batch} faces for {workers} workers, expected a multiple of {workers}"


def scaled(batch: int, rate: float, optimizer: str, workers: int) -> tuple[int, float]:
    """Batch and learning rate that W workers with a whole batch each go with.

    W times the batch. SGD: W times the rate, for W small steps and a large one lead to the same place (Goyal et al.,
    "Accurate, large minibatch SGD", 2017, section 2.1). Adam and Muon: sqrt(W) times, for their steps do not grow with
    the gradient, whose noise falls as 1 / sqrt(W) (Malladi et al., "On the SDEs and scaling rules for adaptive gradient
    algorithms", NeurIPS 2022).
    """
    return batch * workers, rate * (workers if optimizer == "sgd" else workers**0.5)


class Replica:
    """What chief and workers add to graph and session: the shared optimiser, and how an end is told."""

    def __init__(self, member: Member, server: v1.distribute.Server):
        self.member, self.server = member, server
        self._optimizer = None

    def own(self, settings):
        """The settings of this process's graph: other random numbers in each, averages at the chief."""
        seed = (settings.seed + SEEDS * self.member.number) % 2**31
        return replace(settings, seed=seed, average=settings.average if self.member.is_chief else 0.0)

    def synchronised(self, optimizer: v1.train.Optimizer) -> v1.train.Optimizer:
        """The optimiser that makes a step of one gradient from each of chief and workers."""
        self._optimizer = v1.train.SyncReplicasOptimizer(optimizer, self.member.workers, self.member.workers)
        return self._optimizer

    def chosen(self, updates: list) -> list:
        """Of the updates of batch statistics the chief's alone, for these are kept once and move once a step."""
        return updates if self.member.is_chief else []

    def hooks(self) -> list[v1.train.SessionRunHook]:
        """What its session needs; made after the optimiser has been asked for its step.

        Nobody starts with a token, so that every step has one gradient of each.
        """
        shared = self._optimizer.make_session_run_hook(self.member.is_chief, num_tokens=0)
        return [shared, TokensAnew(self.member)] if self.member.is_chief else [shared]

    def wait_for_chief(self) -> None:
        """Waits until the chief has begun; the worker's own session would look for it only every 30 seconds."""
        wait_for("begun", self.member, self.server, threading.Event())

    def ended(self) -> tf.Tensor:
        """Whether the chief has said that this is the end, bool []."""
        return _queue("ended").size() > 0

    def end_op(self) -> tf.Operation:
        """Says so, and lets go the workers that wait for a step; for the chief, made while the graph is."""
        with tf.control_dependencies([_queue("ended").enqueue(self.member.number)]):
            return self._optimizer.get_init_tokens_op(self.member.workers)


class TokensAnew(v1.train.SessionRunHook):
    """Says that the chief has begun; hands out new tokens where a while goes by without a step and there is none.

    Where a parameter server came back without its weights, TensorFlow makes a new session from the last checkpoint.

    Workers pass from step to step by a token each. Of those that a killed process had asked for, and of those that the
    chief had not handed out yet when it was killed, nobody knows any more. Who gets one too many computes one gradient
    that comes too late, which is not counted, and so gives it back. While a worker is away, the others compute the
    gradients that are missing, from their own faces.
    """

    def __init__(self, member: Member):
        self._count, self._again = member.workers - 1, False

    def begin(self):
        self._step, self._begun = v1.train.get_global_step(), _queue("begun").enqueue(0)
        with v1.device(self._step.device):
            tokens = v1.FIFOQueue(-1, tf.int64, shapes=[()], shared_name="sync_token_q")  # as SyncReplicasOptimizer's
            self._size = tokens.size()
            self._anew = tokens.enqueue_many([tf.fill([self._count], self._step)])

    def after_create_session(self, session, coord):
        if self._again:
            print(f"a parameter server came back: going on from step {session.run(self._step)}", flush=True)
        self._again = True
        session.run(self._begun)  # by now all variables have their first values
        threading.Thread(target=self._look, args=(session, coord), daemon=True).start()

    def _look(self, session, coord) -> None:
        before = -1
        with contextlib.suppress(tf.errors.OpError, RuntimeError):  # the session is closed
            while not coord.wait_for_stop(STUCK):
                step, size = session.run([self._step, self._size])
                if step == before and not size and self._count:
                    session.run(self._anew)
                before = step


def _queue(name: str):
    """A queue on the first parameter server that all processes share by its name."""
    with v1.device("/job:ps/task:0"):
        return v1.FIFOQueue(-1, tf.int32, shapes=[()], shared_name=name)


def wait_for(name: str, member: Member, server: v1.distribute.Server, done: threading.Event) -> bool:
    """Waits until there is something in the queue of that name: whether it is so, for `done` may come first.

    After each fault in a session anew: parameter servers may come back.
    """
    with v1.Graph().as_default():
        size = _queue(name).size()
        while not done.wait(PROBE):
            with contextlib.suppress(tf.errors.OpError), v1.Session(server.target, config=member.config()) as session:
                while not done.is_set():
                    if session.run(size):
                        return True
                    done.wait(PROBE)
    return False


def leave(member: Member, server: v1.distribute.Server, failed: bool = False) -> None:
    """Tells every parameter server that this process is done with it; nothing where they have ended before.

    The chief waits a little for one that is not there, as it may come first of all. failed: whether it has failed.
    """
    if not there(member.hosts["ps"], LINGER if member.is_chief else 0.0):
        return
    with v1.Graph().as_default():
        number = FAILURE if failed else member.number
        said = [_left(index).enqueue(number) for index in range(len(member.hosts["ps"]))]
        said += [_queue("failed").enqueue(number)] if failed else []
        with v1.Session(server.target, config=member.config()) as session, contextlib.suppress(tf.errors.OpError):
            session.run(said, options=v1.RunOptions(timeout_in_ms=int(1000 * LINGER)))


def there(hosts: tuple[str, ...], patience: float) -> bool:
    """Whether all hosts answer, within some seconds."""
    deadline = time.monotonic() + patience
    while not all(map(answers, hosts)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(PROBE)
    return True


def _left(index: int):
    with v1.device(f"/job:ps/task:{index}"):
        return v1.FIFOQueue(-1, tf.int32, shapes=[()], shared_name="left")


def serve_parameters(member: Member, server: v1.distribute.Server, wait: float) -> None:
    """What a parameter server does: it is there until the chief has left, and the workers, if they do so soon.

    Ends the process, with one line, where the chief leaves because it has failed, or is silent (`watch`).
    """
    with v1.Graph().as_default():
        dequeue = _left(member.index).dequeue()
        with v1.Session(server.target, config=member.config()) as session:
            left = set()
            with watch(member, server, wait):
                while not left & {0, FAILURE}:
                    left.add(int(session.run(dequeue)))
            # that the chief has failed, workers hear here alone: a busy one may take a while
            patience = max(wait, LINGER) if FAILURE in left else LINGER
            with contextlib.suppress(tf.errors.DeadlineExceededError):
                while len(left) < member.workers:
                    left.add(int(session.run(dequeue, options=v1.RunOptions(timeout_in_ms=int(1000 * patience)))))
    if FAILURE in left:
        orphaned()


class Silence:
    """Since when another member has not answered.

    wait: seconds that are too long; first: as many before its first answer.
    """

    def __init__(self, name: str, host: str, wait: float, first: float):
        self._name, self._host, self._wait, self._limit = name, host, wait, first
        self._since = time.monotonic()

    def look(self) -> str:
        """What to say where it has been silent for too long, else nothing."""
        if answers(self._host):
            self._since, self._limit = time.monotonic(), self._wait
        silent = time.monotonic() - self._since
        if silent <= self._limit:
            return ""
        name = f"{self._name} at {self._host}"
        return f"{name}: found no answer for {silent:.0f} s; once it is back, the same command goes on"


def silences(member: Member, wait: float) -> list[Silence]:
    """Those it cannot do without: parameter servers, for `wait` seconds, and the chief, for START times as long."""
    servers = member.hosts["ps"] if member.task in ("chief", "worker") else ()
    chiefs = () if member.is_chief else member.hosts["chief"]
    found = [Silence("ps", host, wait, START * wait) for host in servers]
    return found + [Silence("chief", host, START * wait, START * wait) for host in chiefs]


@contextlib.contextmanager
def watch(member: Member, server: v1.distribute.Server | None, wait: float) -> Iterator[None]:
    """Ends the process, with one line, when one that it needs is silent for too long (`silences`), or the chief failed.

    TensorFlow itself waits for them without end, inside calls that nothing interrupts: hence not an exception.
    """
    done, heard, others = threading.Event(), threading.Event(), silences(member, wait)

    def look():
        while not done.wait(PROBE):
            for line in filter(None, (other.look() for other in others)):
                if not (done.is_set() or heard.is_set()):
                    fail(line)

    def listen():
        if wait_for("failed", member, server, done):
            heard.set()  # from here on the parameter servers may end: in the middle of what they are told, too
            telling = threading.Thread(target=leave, args=(member, server), daemon=True)
            telling.start()
            telling.join(LINGER)
            orphaned()

    jobs = (look, listen) if member.task == "worker" else (look,)
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    threading.excepthook = cut_off
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(LINGER)  # one that listens may hang in TensorFlow
        threading.excepthook = threading.__excepthook__


def cut_off(found) -> None:
    """What a thread dies of is told, unless it waited for gradients when the session closed: that is no fault."""
    if not issubclass(found.exc_type, tf.errors.CancelledError):
        threading.__excepthook__(found)


def answers(host: str, seconds: float = PROBE) -> bool:
    """Whether somebody takes connections at "host:port"."""
    name, _, port = host.rpartition(":")
    try:
        with socket.create_connection((name, int(port)), timeout=seconds):
            return True
    except OSError:
        return False


def orphaned() -> None:
    """Ends the process because the chief has failed."""
    fail("the chief has failed, its own last line says why; once that is mended, the same command goes on", ORPHANED)


def abandoned() -> None:
    """Of a worker whose chief closed the training before its end: `watch` ends it if it hears within LINGER that the
    chief has failed. Raises ValueError otherwise."""
    time.sleep(LINGER)
    raise ValueError("the chief has left before the last step; once it is back, the same command goes on")


def fail(line: str, code: int = FAILED) -> None:
    """Ends the process at once, whatever its threads wait for."""
    print(f"train: {line}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)
