"""What a run has told TensorBoard, and what its checkpoints hold."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

from records.runtime import tf, v1


def write_scalars(folder: Path, values: Mapping[int, Mapping[str, float]], suffix: str = "") -> None:
    """Writes an event file as a run does; values: step -> {tag: value}; suffix: of its name."""
    with v1.Graph().as_default(), v1.summary.FileWriter(str(folder), filename_suffix=suffix) as writer:
        for step, found in values.items():
            told = [v1.Summary.Value(tag=tag, simple_value=value) for tag, value in found.items()]
            writer.add_summary(v1.Summary(value=told), step)


def events(folder: Path) -> list:
    """The summary values of a folder's TensorBoard files: (step, value)."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in v1.train.summary_iterator(str(path)):
            found += [(event.step, value) for value in event.summary.value]
    return found


def scalars(run: Path, tag: str) -> dict[int, float]:
    """A scalar by its steps."""
    return {step: value.simple_value for step, value in events(run) if value.tag == tag}


def graph_in(folder: Path) -> set[str]:
    """Names of the nodes of the first graph in a folder's TensorBoard files."""
    paths = sorted(folder.glob("events.out.tfevents.*"))
    graphs = [event.graph_def for path in paths for event in v1.train.summary_iterator(str(path)) if event.graph_def]
    return {node.name for node in v1.GraphDef.FromString(graphs[0]).node}


def hparams_in(folder: Path) -> list[plugin_data_pb2.HParamsPluginData]:
    """All that TensorBoard's HParams plugin finds in a folder's event files."""
    values = [value for _, value in events(folder)]
    ours = [value for value in values if value.metadata.plugin_data.plugin_name == metadata.PLUGIN_NAME]
    return [plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content) for value in ours]


def hyper_parameters_in(folder: Path) -> dict:
    """The hyper-parameters with which a run has begun, once."""
    (found,) = [data.session_start_info for data in hparams_in(folder) if data.HasField("session_start_info")]
    return {name: getattr(one, one.WhichOneof("kind")) for name, one in found.hparams.items()}


def weights_of(run: Path) -> dict[str, np.ndarray]:
    """All variables of a folder's last checkpoint, the optimiser's among them."""
    checkpoint = tf.train.latest_checkpoint(str(run))
    return {name: tf.train.load_variable(checkpoint, name) for name, _ in tf.train.list_variables(checkpoint)}


def assert_same_weights(found: Path, expected: Path) -> None:
    """Of the last checkpoints: all that is in them."""
    ours, theirs = weights_of(found), weights_of(expected)
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, atol=1e-6, err_msg=name)
