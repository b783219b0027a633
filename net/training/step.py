"""The training graph: batches, network, loss, optimiser, and the network once more for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from net.cluster.machine import ALONE, Machine
from net.data.batches import test_batches, training_batches
from net.data.record_set import RecordSet
from net.model.losses import heat_loss, mean_absolute_error, point_loss, pose_loss, weight_decay
from net.model.senet import is_hidden_kernel, kernels, pose_head, senet
from net.model.shape import Shape
from net.run.checkpoints import best_saver, network_variables
from net.run.evaluation import Evaluation
from net.training.muon import MuonOptimizer
from net.training.plan import Plan
from net.training.schedules import Rate, learning_rate
from net.training.settings import Settings
from records.runtime import tf, v1

EVAL_BATCH = 100
MOMENTUM = 0.9


@dataclass(frozen=True)
class Step:
    """One gradient step.

    op: makes it; scalars: what reports tell, by name; rate: the learning rate; averages: the moving averages of weights
    and batch statistics that it moves, None without any.
    """

    op: tf.Operation
    scalars: Mapping[str, tf.Tensor]
    rate: Rate
    averages: tf.train.ExponentialMovingAverage | None


@dataclass(frozen=True)
class TrainingGraph:
    """Tensors and ops of the training graph.

    step: makes one gradient step and is the number of steps made then, int64 []; scalars: name -> tensor for reports;
    rate: the learning rate; averages: moving ones of weights and batch statistics, None without any.
    """

    step: tf.Tensor
    scalars: Mapping[str, tf.Tensor]
    rate: Rate
    averages: tf.train.ExponentialMovingAverage | None


def build(plan: Plan, records: RecordSet, machine: Machine = ALONE, first: int = 0) -> TrainingGraph:
    """The training graph in the default graph.

    machine: what this process is; first: the step of the checkpoint, where the batches start.
    """
    seed, size = machine.seed(plan.settings.seed), machine.batch(plan.length.batch)
    settings = replace(plan.settings, seed=seed, average=machine.average(plan.settings.average))
    batches = training_batches(machine.share(records), size, plan.ranges, seed, first, mix=plan.records.mix)
    batch = v1.data.make_one_shot_iterator(batches).get_next()
    step = training_step(batch, plan.shape, settings, plan.length.steps, machine)
    with tf.control_dependencies([step.op]):
        number = v1.train.get_global_step().read_value()
    return TrainingGraph(number, step.scalars, step.rate, step.averages)


def training_step(
    batch: Mapping[str, tf.Tensor], shape: Shape, settings: Settings, steps: int, machine: Machine = ALONE
) -> Step:
    """One gradient step on a batch; steps: the run's length, at whose end a cosine is 0.

    batch: image [B, S, S, C] RGB 0..255 or grey, label [B, 2K] in fractions of the crop's side, pose [B, 3] in radians.
    Raises ValueError for a loss that the network cannot have.
    """
    settings.check_network(shape)
    step = v1.train.get_or_create_global_step()
    rate = learning_rate(settings, step, steps)
    losses, error = _losses(batch, shape, settings, step)
    total = tf.add_n(list(losses.values()))
    optimizer = machine.synchronised(_optimizer(settings, rate.value))
    with tf.control_dependencies(machine.chosen(v1.get_collection(v1.GraphKeys.UPDATE_OPS))):
        op = optimizer.minimize(total, global_step=step)
    op, averages = _averaged(op, settings.average, step)
    parts = {f"loss_{name}": loss for name, loss in losses.items()}
    return Step(op, {"loss": total, **parts, "mae": error, "rate": rate.value}, rate, averages)


def _losses(
    batch: Mapping[str, tf.Tensor], shape: Shape, settings: Settings, step: tf.Tensor
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """The parts of the loss, weighted: points, decay, and heat and pose where they are asked for; and the MAE."""
    answer = senet(
        batch["image"],
        shape,
        is_training=True,
        dropout=settings.dropout,
        seed=tf.stack([tf.constant(settings.seed, tf.int64), step]),
        dtype=tf.dtypes.as_dtype(settings.precision),
    )
    losses = {"points": point_loss(settings.loss, answer.landmarks, batch["label"], shape.label_std)}
    if settings.heat and answer.heat is not None and answer.centres is not None:  # `check_network` has seen to it
        losses["heat"] = settings.heat * heat_loss(answer.heat, answer.centres, batch["label"], settings.heat_width)
    if settings.pose:
        losses["pose"] = settings.pose * pose_loss(pose_head(answer.last), batch["pose"])
    losses["decay"] = settings.weight_decay * weight_decay(kernels())
    return losses, mean_absolute_error(answer.landmarks, batch["label"])


def _optimizer(settings: Settings, rate: tf.Tensor) -> v1.train.Optimizer:
    if settings.optimizer == "adam":
        return v1.train.AdamOptimizer(rate)
    if settings.optimizer == "muon":
        return MuonOptimizer(rate, is_hidden_kernel, tf.dtypes.as_dtype(settings.precision))
    return v1.train.MomentumOptimizer(rate, MOMENTUM, use_nesterov=True)


def _averaged(
    op: tf.Operation, decay: float, step: tf.Tensor
) -> tuple[tf.Operation, tf.train.ExponentialMovingAverage | None]:
    """The step followed by an update of the averages of weights and batch statistics, and these; or (step, None)."""
    if not decay:
        return op, None
    averages = tf.train.ExponentialMovingAverage(decay, num_updates=step)
    with tf.control_dependencies([op]):
        return averages.apply(network_variables()), averages


def build_evaluation(plan: Plan, records: RecordSet, graph: TrainingGraph) -> Evaluation:
    """The part that tests on the records that judge: in the training's graph, with averaged weights if it has any."""
    iterator = v1.data.make_initializable_iterator(test_batches(records, EVAL_BATCH, records.judge))
    batch = iterator.get_next()
    scope = v1.variable_scope(v1.get_variable_scope(), custom_getter=_getter_of(graph.averages))
    with tf.name_scope("evaluation"), scope:
        predicted = senet(batch["image"], plan.shape, is_training=False).landmarks
    loss = point_loss(plan.settings.loss, predicted, batch["label"], plan.shape.label_std)
    return Evaluation(iterator, {**batch, "predicted": predicted, "loss": loss[None]}, best_saver(graph.averages))


def _getter_of(averages: tf.train.ExponentialMovingAverage | None) -> Callable[..., tf.Tensor] | None:
    """What gives the averages in place of the variables, where there are any."""
    if averages is None:
        return None
    return lambda getter, name, *args, **others: averages.average(getter(name, *args, **others))
