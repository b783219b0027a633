"""The weights of a run that does not start from nothing, but from a model that was shipped, or another run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError

from net.model.layers import BN_EPSILON
from net.run.checkpoints import averaged_name, best_checkpoint, names_in, network_variables
from net.run.folder import RunFolder
from net.training.growing import grown, is_silent, other_shortcuts
from net.training.open_task import Anew, OpenTask
from net.training.origins import READERS
from records.runtime import tf, v1

FOLDED = "FusedBatchNormV3"  # the op whose place and name a folded batch norm's bias_add has
SAID = 3  # layers named of those that start anew
EXAMPLES = 256  # whose maps give a folded batch norm its statistics back


def starting_point(start: Path, task: OpenTask) -> Callable:
    """A function (scaffold, session) for tf.compat.v1.train.Scaffold that loads the weights, in the graph of now.

    start: a model's contract (or .pb), or a run folder; a narrower or shallower network grows into this one
    (`net.training.growing`). What has another shape there otherwise, and what the task starts anew, keeps its random
    start and is named. Raises FileNotFoundError, ValueError.
    """
    if start.is_dir():
        checkpoint = best_checkpoint(RunFolder(start))
        weights = {name: tf.train.load_variable(checkpoint, held) for name, held in names_in(checkpoint).items()}
        return lambda scaffold, session: _load(session, weights, {}, task.anew)
    graph = _graph_of(start, READERS[task.subject.kind.name](start).file)
    moments = _moments_before_batch_norm(task)
    return lambda scaffold, session: _load(session, weights_in(graph), moments, task.anew)


def weights_in(graph: v1.GraphDef) -> dict[str, np.ndarray]:
    """The network's variables in a frozen graph, float32, by name; a folded batch norm is the identity plus an offset.

    Half-precision constants are read as well. A folded convolution holds its batch norm's scale; of the batch norm
    only the offset is left, so that its other variables come out as scale 1, mean 0, variance 1 - epsilon.
    """
    nodes = {node.name: node for node in graph.node}
    values = {
        name: tf.make_ndarray(node.attr["value"].tensor).astype(np.float32)
        for name, node in nodes.items()
        if node.op == "Const" and node.attr["dtype"].type != tf.int32.as_datatype_enum
    }
    weights = {name: value for name, value in values.items() if name.endswith(("/weights", "/bias"))}
    for name, node in nodes.items():
        scope, _, last = name.rpartition("/")
        if last == FOLDED:
            convolution = nodes[node.input[0]]
            offset = values[node.input[1]]
            weights[f"{convolution.name.rpartition('/')[0]}/weights"] = values[convolution.input[1]]
            weights[f"{scope}/offset"], weights[f"{scope}/scale"] = offset, np.ones_like(offset)
            weights[f"{scope}/mean"], weights[f"{scope}/variance"] = 0 * offset, np.full_like(offset, 1 - BN_EPSILON)
    return weights


def _graph_of(start: Path, model: Path) -> v1.GraphDef:
    """The frozen graph of a model that a contract names."""
    if model.suffix != ".pb":
        raise ValueError(f"{start}: found the model {model.name}, expected a frozen graph, .pb")
    try:
        graph = v1.GraphDef.FromString(model.read_bytes())
    except DecodeError:
        graph = v1.GraphDef()
    if not graph.node:
        raise ValueError(f"{model}: found no graph, expected a whole frozen one")
    return graph


def _moments_before_batch_norm(task: OpenTask) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
    """Mean and variance, [C], of what enters each batch norm in inference on a batch of examples, by its scope."""
    with tf.name_scope("calibration") as scope:
        task.calibrate(EXAMPLES)
    inside = [op for op in v1.get_default_graph().get_operations() if op.name.startswith(scope) and op.type == FOLDED]
    places = {op.name.removeprefix(scope).rpartition("/")[0]: op.inputs[0] for op in inside}
    return {place: tf.nn.moments(maps, [0, 1, 2]) for place, maps in places.items()}


def _load(session: v1.Session, weights: dict[str, np.ndarray], moments: dict, anew: Anew | None) -> None:
    """Loads the weights but for what starts anew; then gives each batch norm in `moments` its statistics.

    Without a change to the answers. Folding lost them, but training needs them: with mean m and variance v of what
    comes in, scale sqrt(v + epsilon) and offset + m make batch norm the same plain addition of the offset.
    """
    found = {value.op.name: value for value in network_variables()}
    values = _starting_values(weights, session.run(found), anew)
    if left := sorted(found.keys() - values.keys()):
        why = f": {anew.why}" if anew else ""
        print(f"start: {len(left)} of {len(found)} variables keep their random start, of {_layers_in_words(left)}{why}")
    _assign(session, {found[name]: value for name, value in values.items()})
    statistics = {}
    for scope, (mean, variance) in session.run(moments).items():
        if f"{scope}/offset" in values:
            statistics[found[f"{scope}/mean"]] = mean
            statistics[found[f"{scope}/variance"]] = variance
            statistics[found[f"{scope}/scale"]] = np.sqrt(variance + BN_EPSILON)
            statistics[found[f"{scope}/offset"]] = values[f"{scope}/offset"] + mean
    _assign(session, statistics)
    _start_averages(session)


def _starting_values(
    weights: Mapping[str, np.ndarray], fresh: Mapping[str, np.ndarray], anew: Anew | None
) -> dict[str, np.ndarray]:
    """What variables start as, by name: the weights, grown where the network is larger than theirs; fresh: the random
    start of all, which those keep that are not named."""
    held = {name: value for name, value in weights.items() if name in fresh}
    if anew:
        held = {name: value for name, value in held.items() if _layer_of(name) not in anew.layers}
    values = {name: grown(name, value, fresh[name]) for name, value in held.items()}
    larger = sorted(name for name, value in values.items() if value is not None and value.shape != held[name].shape)
    if larger:
        print(f"start: {len(larger)} of {len(fresh)} variables are larger than there, of {_layers_in_words(larger)}")
    if other := other_shortcuts(weights, fresh):
        print(f"start: it does not answer as there at first, for the shortcut is another in {', '.join(other)}")
    silent = {name: np.zeros_like(value) for name, value in fresh.items() if is_silent(name, weights)}
    return {**{name: value for name, value in values.items() if value is not None}, **silent}


def _layers_in_words(variables: Iterable[str]) -> str:
    layers = list(dict.fromkeys(map(_layer_of, variables)))
    return ", ".join(layers[:SAID]) + (f" and {len(layers) - SAID} more" if len(layers) > SAID else "")


def _layer_of(variable: str) -> str:
    """The layer of a variable, by its name: what stands before the last slash."""
    return variable.rpartition("/")[0]


def _start_averages(session: v1.Session) -> None:
    """Moving averages, where there are any, begin with the network as it starts, not with its random start."""
    variables = {value.op.name: value for value in v1.global_variables()}
    averaged = {value.op.name: value for value in network_variables() if averaged_name(value.op.name) in variables}
    _assign(session, {variables[averaged_name(name)]: value for name, value in session.run(averaged).items()})


def _assign(session: v1.Session, values: dict[v1.Variable, np.ndarray]) -> None:
    """All in one run: one by one, Variable.load takes 20 s for a network with its averages."""
    feeds = {one.initializer.inputs[1]: value for one, value in values.items()}
    session.run([one.initializer for one in values], feeds)
