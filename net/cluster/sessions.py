"""A member's part of TensorFlow's runtime: its server, its devices, and what its sessions see."""

from __future__ import annotations

from collections.abc import Callable

from net.cluster.member import Member
from records.runtime import tf, v1


def serve(member: Member, threads: int = 0) -> v1.distribute.Server:
    """The server of this process. Raises ValueError where its address cannot be had."""
    try:
        return tf.distribute.Server(_spec(member), member.task, member.index, config=config_of(threads))
    except tf.errors.OpError as error:
        address = member.hosts[member.task][member.index]
        said = error.message.splitlines()[0]
        raise ValueError(f"TF_CONFIG: found that {member.name} cannot serve at {address} ({said})") from None


def device_of(member: Member) -> Callable[[tf.Operation], str]:
    """The device function of its graph: variables on the parameter servers in turn, all else here."""
    here = f"/job:{member.task}/task:{member.index}"
    return v1.train.replica_device_setter(worker_device=here, cluster=_spec(member))


def config_of(threads: int) -> v1.ConfigProto:
    """Of sessions on so many threads; 0: all cores."""
    return v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)


def config_within(member: Member, threads: int = 0) -> v1.ConfigProto:
    """Of its sessions. They see the parameter servers and this process alone: the death of another is no matter."""
    config = config_of(threads)
    config.device_filters.extend(["/job:ps", f"/job:{member.task}/task:{member.index}"])
    return config


def _spec(member: Member) -> tf.train.ClusterSpec:
    return tf.train.ClusterSpec({job: list(hosts) for job, hosts in member.hosts.items() if hosts})
