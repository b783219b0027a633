"""The training graph: batches, network, loss, optimiser, and the network once more for evaluation."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from net.augment import Ranges
from net.batches import RecordSet, test_batches, training_batches
from net.losses import LOSSES, point_loss, weight_decay
from net.options import option
from net.senet import Shape, senet, weights_of
from records.runtime import tf

v1 = tf.compat.v1
EVAL_BATCH = 100


@dataclass(frozen=True)
class Settings:
    """Loss and optimiser; seed: of the weights, the order, the augmentation and the dropout."""

    loss: str = option("l2", "on the points, in pixels of the crop", LOSSES)
    weight_decay: float = option(1e-4, "L2 of the kernels")
    rate: float = option(0.001, "Adam's first learning rate")
    decay_factor: float = option(0.98, "the learning rate is multiplied by this")
    decay_steps: int = option(1000, "every so many steps")
    dropout: float = option(0.1, "part dropped before the head, 0 to 1")
    seed: int = option(1, "of weights, order, augmentation and dropout")

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise ValueError(f"loss: found {self.loss!r}, expected one of {', '.join(LOSSES)}")
        numbers = 0 < self.rate < float("inf") and 0 <= self.weight_decay < float("inf")
        if not numbers or not 0 < self.decay_factor <= 1 or self.decay_steps < 1:
            raise ValueError(
                f"optimiser: found {self}, expected rate > 0, weight_decay >= 0, decay_factor in (0, 1], "
                "decay_steps >= 1"
            )
        if not 0 <= self.dropout < 1 or not 0 <= self.seed < 2**31:
            raise ValueError(f"dropout {self.dropout}, seed {self.seed}: expected dropout in [0, 1), seed in [0, 2^31)")


@dataclass(frozen=True)
class Model:
    """Tensors and ops of the training graph.

    train_op: one gradient step; scalars: name -> tensor for reports; eval_iterator: its initializer starts the test
    records; eval_batch: their dict with `predicted` added; best_saver: saves the best checkpoint.
    """

    train_op: tf.Operation
    scalars: dict[str, tf.Tensor]
    eval_iterator: object
    eval_batch: dict[str, tf.Tensor]
    best_saver: object


def build(records: RecordSet, shape: Shape, settings: Settings, ranges: Ranges, batch: int, first_step: int) -> Model:
    """The training graph in the default graph; batches start at `first_step`, the step of the checkpoint."""
    batches = training_batches(records, batch, ranges, settings.seed, first_step)
    image, label = v1.data.make_one_shot_iterator(batches).get_next()
    train_op, scalars = training_step(image, label, shape, settings)
    iterator, eval_batch = _evaluation(records, shape)
    return Model(train_op, scalars, iterator, eval_batch, v1.train.Saver(max_to_keep=1, save_relative_paths=True))


def training_step(image: tf.Tensor, label: tf.Tensor, shape: Shape, settings: Settings):
    """One gradient step on a batch, image [B, S, S, 3] and label [B, 2K]: the op, and the scalars to report."""
    step = v1.train.get_or_create_global_step()
    seed = tf.stack([tf.constant(settings.seed, tf.int64), step])
    predicted = senet(image, shape, is_training=True, dropout=settings.dropout, seed=seed)
    points = point_loss(settings.loss, predicted, label)
    decay = settings.weight_decay * weight_decay(weights_of())
    rate = v1.train.exponential_decay(settings.rate, step, settings.decay_steps, settings.decay_factor, staircase=True)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        train_op = v1.train.AdamOptimizer(rate).minimize(points + decay, global_step=step)
    return train_op, {"loss": points + decay, "loss_points": points, "loss_decay": decay, "rate": rate}


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
