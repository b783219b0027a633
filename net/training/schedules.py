"""Learning rates as functions of the step: exponential decay, cosine, and one that falls when nothing improves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from net.training.settings import Settings
from records.runtime import tf, v1


@dataclass(frozen=True)
class Plateau:
    """What lowers a learning rate: the op `judge`, run after every evaluation with both tensors fed.

    error: what it measured, float32 []; patience: steps without a lower one, int64 [], after which the rate falls. All
    that it knows is in variables, and twice at the same step is as once, so that a resumed run judges as a whole one.
    """

    judge: tf.Operation
    error: tf.Tensor
    patience: tf.Tensor


@dataclass(frozen=True)
class Rate:
    """The learning rate float32 [] of the present step, and what lowers it; `plateau` is None for other schedules."""

    value: tf.Tensor
    plateau: Plateau | None = None


def learning_rate(settings: Settings, step: tf.Tensor, steps: int) -> Rate:
    """The schedule that the settings ask for; steps: the run's length, at whose end a cosine is 0.

    exponential: rate * decay_factor ^ floor(step / decay_steps); cosine: rate / 2 * (1 + cos(pi step / steps)), without
    restarts (Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5); plateau: rate, times decay_factor whenever the
    error has stopped falling. The first `warmup` steps rise to it in a line.
    """
    plateau = None
    if settings.schedule == "exponential":
        rate = v1.train.exponential_decay(
            settings.rate, step, settings.decay_steps, settings.decay_factor, staircase=True
        )
    elif settings.schedule == "cosine":
        done = tf.minimum(tf.cast(step, tf.float32) / steps, 1.0)
        rate = settings.rate * 0.5 * (1 + tf.cos(np.float32(np.pi) * done))
    else:
        rate, plateau = _plateau(settings, step)
    if settings.warmup:
        rate *= tf.minimum((tf.cast(step, tf.float32) + 1) / settings.warmup, 1.0)
    return Rate(rate, plateau)


def _plateau(settings: Settings, step: tf.Tensor) -> tuple[tf.Tensor, Plateau]:
    with v1.variable_scope("plateau"):
        scale = v1.get_variable("scale", [], initializer=v1.ones_initializer(), trainable=False)
        best = v1.get_variable("best", [], initializer=v1.constant_initializer(np.inf), trainable=False)
        since = v1.get_variable("since", [], tf.int64, v1.zeros_initializer(), trainable=False)
        error, patience = v1.placeholder(tf.float32, [], "error"), v1.placeholder(tf.int64, [], "patience")
    better = error < best
    lower = ~better & (step - since >= patience)
    with tf.control_dependencies([better, lower]):  # both are known before anything changes
        judge = tf.group(
            v1.assign(scale, tf.where(lower, scale * settings.decay_factor, scale)),
            v1.assign(best, tf.where(better, error, best)),
            v1.assign(since, tf.where(better | lower, step, since)),
        )
    return settings.rate * scale, Plateau(judge, error, patience)
