"""The training graph: batches, network, loss, optimiser, and the network once more for evaluation."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from net.augment import Ranges
from net.batches import RecordSet, test_batches, training_batches
from net.losses import point_loss, weight_decay
from net.senet import Shape, senet, weights_of

v1 = tf.compat.v1
EVAL_BATCH = 100


@dataclass(frozen=True)
class Model:
    """Tensors and ops of the training graph.

    train_op: one gradient step; scalars: name -> tensor for reports; image, label, predicted: the training batch;
    eval_iterator: its initializer starts the test records; eval_batch: their dict with `predicted` added.
    """

    train_op: tf.Operation
    scalars: dict[str, tf.Tensor]
    eval_iterator: object
    eval_batch: dict[str, tf.Tensor]
    best_saver: object


def build(args: argparse.Namespace, records: RecordSet, shape: Shape, ranges: Ranges, first_step: int) -> Model:
    """The training graph in the default graph; batches start at `first_step`, the step of the checkpoint."""
    batches = training_batches(records, args.batch, ranges, args.seed, first_step)
    image, label = v1.data.make_one_shot_iterator(batches).get_next()
    step = v1.train.get_or_create_global_step()
    seed = tf.stack([tf.constant(args.seed, tf.int64), step])
    predicted = senet(image, shape, is_training=True, dropout=args.dropout, seed=seed)
    points = point_loss(args.loss, predicted, label)
    decay = args.weight_decay * weight_decay(weights_of())
    rate = v1.train.exponential_decay(args.rate, step, args.decay_steps, args.decay_factor, staircase=True)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        train_op = v1.train.AdamOptimizer(rate).minimize(points + decay, global_step=step)
    scalars = {"loss": points + decay, "loss_points": points, "loss_decay": decay, "rate": rate}
    iterator, batch = _evaluation(records, shape)
    return Model(train_op, scalars, iterator, batch, v1.train.Saver(max_to_keep=1))


def _evaluation(records: RecordSet, shape: Shape):
    iterator = v1.data.make_initializable_iterator(test_batches(records, EVAL_BATCH))
    batch = iterator.get_next()
    with tf.name_scope("evaluation"):
        predicted = senet(batch["image"], shape, is_training=False)
    return iterator, {**batch, "predicted": predicted}


def last_step(run: Path) -> int:
    """The step of a run's last checkpoint, 0 without one."""
    checkpoint = tf.train.latest_checkpoint(str(run))
    return int(tf.train.load_variable(checkpoint, v1.GraphKeys.GLOBAL_STEP)) if checkpoint else 0


def remove_run(run: Path) -> None:
    """Removes what a run wrote in its folder, and nothing else."""
    for pattern in ("checkpoint", "model.ckpt-*", "graph.pbtxt", "events.out.tfevents.*", "settings.json", "*.partial"):
        for path in run.glob(pattern):
            path.unlink()
    shutil.rmtree(run / "best", ignore_errors=True)
