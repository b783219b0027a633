"""What TensorBoard's HParams is told of several runs: which settings differ, and which measures to list beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from records.runtime import tf, v1  # isort: skip - silent only where it is TensorFlow's first import
from tensorboard.plugins.hparams import api_pb2, summary  # isort: skip


def write_experiment(folder: Path, settings: Sequence[str], tags: Sequence[str]) -> None:
    """Writes an event file that lists these settings and scalars. Raises ValueError where the folder takes none."""
    infos = [api_pb2.HParamInfo(name=name) for name in settings]
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag)) for tag in tags]
    try:
        with v1.Graph().as_default(), v1.summary.FileWriter(str(folder)) as writer:
            writer.add_summary(summary.experiment_pb(infos, metrics))
    except tf.errors.OpError as error:
        raise ValueError(str(error)) from error
