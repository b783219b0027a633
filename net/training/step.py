"""The training graph: batches, network, loss, optimiser, and the network once more for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from net.cluster.machine import ALONE, Machine
from net.run.checkpoints import best_saver, network_variables
from net.run.evaluation import Evaluation
from net.training.muon import MuonOptimizer
from net.training.open_task import Batch, OpenTask
from net.training.plan import Plan
from net.training.schedules import Rate, learning_rate
from net.training.settings import Settings
from records.runtime import tf, v1

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


def build(plan: Plan, task: OpenTask, machine: Machine = ALONE, first: int = 0) -> TrainingGraph:
    """The training graph in the default graph.

    machine: what this process is; first: the step of the checkpoint, where the batches start.
    """
    seed, size = machine.seed(plan.settings.seed), machine.batch(plan.length.batch)
    settings = replace(plan.settings, seed=seed, average=machine.average(plan.settings.average))
    batch = v1.data.make_one_shot_iterator(task.batches(machine, size, seed, first)).get_next()
    step = training_step(task, batch, settings, plan.length.steps, machine)
    with tf.control_dependencies([step.op]):
        number = v1.train.get_global_step().read_value()
    return TrainingGraph(number, step.scalars, step.rate, step.averages)


def training_step(task: OpenTask, batch: Batch, settings: Settings, steps: int, machine: Machine = ALONE) -> Step:
    """One gradient step on a batch of a task; steps: the run's length, at whose end a cosine is 0."""
    step = v1.train.get_or_create_global_step()
    rate = learning_rate(settings, step, steps)
    losses = task.losses(batch, settings, step)
    total = tf.add_n(list(losses.parts.values()))
    optimizer = machine.synchronised(_optimizer(settings, rate.value, task.is_hidden_kernel))
    with tf.control_dependencies(machine.chosen(v1.get_collection(v1.GraphKeys.UPDATE_OPS))):
        op = optimizer.minimize(total, global_step=step)
    op, averages = _averaged(op, settings.average, step)
    parts = {f"loss_{name}": loss for name, loss in losses.parts.items()}
    return Step(op, {"loss": total, **parts, **losses.further, "rate": rate.value}, rate, averages)


def _optimizer(
    settings: Settings, rate: tf.Tensor, is_hidden_kernel: Callable[[tf.Variable], bool]
) -> v1.train.Optimizer:
    if settings.optimizer == "adam":
        return v1.train.AdamOptimizer(rate)
    if settings.optimizer == "muon":
        return MuonOptimizer(rate, is_hidden_kernel)
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


def build_evaluation(task: OpenTask, graph: TrainingGraph) -> Evaluation:
    """The part that tests on the records that judge: in the training's graph, with averaged weights if it has any."""
    saver = best_saver(graph.averages)
    scope = v1.variable_scope(v1.get_variable_scope(), custom_getter=_getter_of(graph.averages))
    with tf.name_scope("evaluation"), scope:
        return task.evaluation(saver)


def _getter_of(averages: tf.train.ExponentialMovingAverage | None) -> Callable[..., tf.Tensor] | None:
    """What gives the averages in place of the variables, where there are any."""
    if averages is None:
        return None
    return lambda getter, name, *args, **others: averages.average(getter(name, *args, **others))
