"""Where the time of a training step goes, by kinds of its ops, as TensorFlow's own tracing has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from records.runtime import tf, v1

OTHERS = "all else"
SCOPES = {"optimiser": "Muon|Adam|Momentum", "moving averages": "ExponentialMovingAverage"}
KINDS = {  # patterns in the names of kinds of ops, those of oneDNN and of fused ones among them
    "convolutions": "Conv2D$",
    "gradients of convolutions": "Conv2D.*Backprop",
    "batch norm": "BatchNorm(Ex|V3)?$",
    "gradients of batch norm": "BatchNormGrad",
    "pooling and its gradients": "MaxPool",
    "matrix products": "MatMul",
}


def shares_of(session: v1.Session, op: tf.Operation, feed: Mapping, runs: int) -> dict[str, float]:
    """Part of the ops' time, summed, that each kind takes in so many runs, the largest first. feed: as of a run."""
    options, times = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), Counter[str]()
    for _ in range(runs):
        metadata = v1.RunMetadata()
        session.run(op, feed, options=options, run_metadata=metadata)
        for device in metadata.step_stats.dev_stats:
            for node in device.node_stats:
                times[group_of(node.timeline_label)] += node.op_end_rel_micros - node.op_start_rel_micros
    return {name: time / times.total() for name, time in times.most_common()}


def group_of(label: str) -> str:
    """What an op counts as; label: `name = Kind(inputs)`."""
    name, _, rest = label.partition(" = ")
    kind = rest.partition("(")[0]
    for group, scopes in SCOPES.items():
        if re.match(scopes, name):
            return group
    return next((group for group, pattern in KINDS.items() if re.search(pattern, kind)), OTHERS)
