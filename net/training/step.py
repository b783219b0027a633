"""The training graph: batches, network, loss, optimiser, and the network once more for evaluation."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from infer.files.atomic import remove_leftovers
from net.cluster.member import Replica
from net.data.augment import Ranges
from net.data.batches import test_batches, training_batches
from net.data.record_set import RecordSet, Share
from net.model.losses import LOSSES, heat_loss, mean_absolute_error, point_loss, pose_loss, weight_decay
from net.model.senet import is_hidden_kernel, kernels, pose_head, senet
from net.model.shape import Shape
from net.options import option
from net.training.muon import MuonOptimizer
from net.training.schedules import SCHEDULES, Rate, learning_rate
from records.runtime import tf

v1 = tf.compat.v1
EVAL_BATCH = 100
REPORT = ("report.md", "faces.png", "curves.png", "answers.png")  # what a run that ends leaves to look at
OPTIMIZERS = ("adam", "sgd", "muon")
MOMENTUM = 0.9
PRECISIONS = ("float32", "bfloat16")
CHOICES = {"loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES, "precision": PRECISIONS}
INFINITE = float("inf")
LIMITS = {  # of the settings: from the first, below the second
    "heat": (0, INFINITE),
    "pose": (0, INFINITE),
    "weight_decay": (0, INFINITE),
    "rate": (0, INFINITE),
    "heat_width": (0, INFINITE),
    "decay_steps": (1, INFINITE),
    "patience": (1, INFINITE),
    "warmup": (0, INFINITE),
    "average": (0, 1),
    "dropout": (0, 1),
    "seed": (0, 2**31),
}


@dataclass(frozen=True)
class Settings:
    """Loss and optimiser; seed: of the weights, the order, the augmentation and the dropout."""

    loss: str = option("l2", "on the points, in pixels of the crop", LOSSES)
    heat: float = option(0.0, "weight of a loss that asks every heat map for one peak at its point")
    heat_width: float = option(1.0, "standard deviation of that peak, in cells of the heat map")
    pose: float = option(0.0, "weight of an extra answer, pitch, yaw and roll, which the exported graph leaves out")
    weight_decay: float = option(1e-4, "L2 of the kernels")
    optimizer: str = option("adam", "Adam, momentum 0.9 (Nesterov), or orthogonalised momentum", OPTIMIZERS)
    rate: float = option(0.001, "the first learning rate")
    schedule: str = option("exponential", "how the learning rate falls; cosine: to 0 at the last step", SCHEDULES)
    decay_factor: float = option(0.98, "exponential, plateau: the learning rate is multiplied by this")
    decay_steps: int = option(1000, "exponential: every so many steps")
    patience: int = option(3, "plateau: after so many evaluations without a lower test NME")
    warmup: int = option(0, "steps in which the learning rate rises to its first value")
    average: float = option(0.0, "decay of the weights' moving average that is tested and exported; 0: none")
    precision: str = option(
        "float32", "of the convolutions in training; bfloat16 is faster where it is built in", PRECISIONS
    )
    dropout: float = option(0.1, "part dropped before the head, 0 to 1")
    seed: int = option(1, "of weights, order, augmentation and dropout")

    def __post_init__(self):
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: found {getattr(self, name)!r}, expected one of {', '.join(choices)}")
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) < high:
                raise ValueError(f"{name}: found {getattr(self, name)}, expected {low} or more, under {high}")
        if not self.rate > 0 or not 0 < self.decay_factor <= 1 or not self.heat_width > 0:
            raise ValueError(
                f"optimiser: found rate {self.rate}, decay_factor {self.decay_factor}, heat_width {self.heat_width}, "
                "expected rate > 0, decay_factor in (0, 1], heat_width > 0"
            )


@dataclass(frozen=True)
class Model:
    """Tensors and ops of the training graph.

    train_op: one gradient step; step: makes it and is the number of steps made then, int64 []; scalars: name -> tensor
    for reports; rate: the learning rate; eval_iterator: its initializer starts the test records; eval_batch: their dict
    with `predicted` added, from the averaged weights where there are any; best_saver: saves what `eval_batch` was
    answered with, under the plain names of the variables. The last three are None where another process of a cluster
    tests.
    """

    train_op: tf.Operation
    step: tf.Tensor
    scalars: dict[str, tf.Tensor]
    rate: Rate
    eval_iterator: object
    eval_batch: dict[str, tf.Tensor]
    best_saver: object


def build(
    records: RecordSet,
    shape: Shape,
    settings: Settings,
    ranges: Ranges,
    batch: int,
    steps: int,
    first_step: int = 0,
    mix: dict[str, float] | None = None,
    replica: Replica | None = None,
) -> Model:
    """The training graph in the default graph.

    batch: faces a step, of this process; steps: the last step, where a cosine schedule ends; first_step: that of the
    checkpoint, where the batches start; mix: as `training_batches` takes it; replica: what this process is
    in a cluster: it then takes its own part of the records.
    """
    own = Share(records, replica.member.number, replica.member.workers) if replica else records
    batches = training_batches(own, batch, ranges, settings.seed, first_step, mix=mix)
    train_op, scalars, rate, averages = training_step(
        v1.data.make_one_shot_iterator(batches).get_next(), shape, settings, steps, replica
    )
    with tf.control_dependencies([train_op]):
        step = v1.train.get_global_step().read_value()
    if replica and not replica.member.tests:
        return Model(train_op, step, scalars, rate, None, None, None)
    iterator, eval_batch = _evaluation(records, shape, settings, averages)
    return Model(train_op, step, scalars, rate, iterator, eval_batch, _best_saver(averages))


def training_step(
    batch: dict[str, tf.Tensor], shape: Shape, settings: Settings, steps: int, replica: Replica | None = None
):
    """One gradient step on a batch: the op, the scalars to report, the Rate, and the averages or None.

    batch: image [B, S, S, C] RGB 0..255 or grey, label [B, 2K] in fractions of the crop's side, pose [B, 3] in radians.
    """
    check_heat(shape, settings)
    step = v1.train.get_or_create_global_step()
    rate = learning_rate(settings, step, steps)
    losses, error = _losses(batch, shape, settings, step)
    total = tf.add_n(list(losses.values()))
    optimizer = _optimizer(settings, rate.value)
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    if replica:
        optimizer, updates = replica.synchronised(optimizer), replica.chosen(updates)
    with tf.control_dependencies(updates):
        train_op = optimizer.minimize(total, global_step=step)
    train_op, averages = _averaged(train_op, settings.average, step)
    parts = {f"loss_{name}": loss for name, loss in losses.items()}
    scalars = {"loss": total, **parts, "mae": error, "rate": rate.value}
    return train_op, scalars, rate, averages


def _losses(batch: dict[str, tf.Tensor], shape: Shape, settings: Settings, step: tf.Tensor):
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
    if settings.heat:
        losses["heat"] = settings.heat * heat_loss(answer.heat, answer.centres, batch["label"], settings.heat_width)
    if settings.pose:
        losses["pose"] = settings.pose * pose_loss(pose_head(answer.last), batch["pose"])
    losses["decay"] = settings.weight_decay * weight_decay(kernels())
    return losses, mean_absolute_error(answer.landmarks, batch["label"])


def check_heat(shape: Shape, settings: Settings) -> None:
    """Raises ValueError where the loss asks for heat maps that the network lacks, or counts in another unit."""
    if shape.labels == "standardised" and settings.loss == "wing":
        raise ValueError(
            "labels: found 'standardised' with loss 'wing', which counts in pixels; expected l2, smooth_l1"
        )
    if settings.heat and shape.head == "dense":
        raise ValueError(f"heat: found weight {settings.heat} with head 'dense', which has no heat maps; expected 0")


def _optimizer(settings: Settings, rate: tf.Tensor) -> v1.train.Optimizer:
    if settings.optimizer == "adam":
        return v1.train.AdamOptimizer(rate)
    if settings.optimizer == "muon":
        return MuonOptimizer(rate, is_hidden_kernel, tf.dtypes.as_dtype(settings.precision))
    return v1.train.MomentumOptimizer(rate, MOMENTUM, use_nesterov=True)


def _averaged(train_op: tf.Operation, decay: float, step: tf.Tensor):
    """The step followed by an update of the averages of weights and batch statistics, and these; or (step, None)."""
    if not decay:
        return train_op, None
    averages = tf.train.ExponentialMovingAverage(decay, num_updates=step)
    with tf.control_dependencies([train_op]):
        return averages.apply(network_variables()), averages


def network_variables() -> list[tf.Variable]:
    """Weights and batch statistics of the network, without what optimiser and averages keep of them."""
    statistics = [value for value in v1.global_variables("senet") if value.op.name.endswith(("/mean", "/variance"))]
    return v1.trainable_variables("senet") + statistics


def _evaluation(records: RecordSet, shape: Shape, settings: Settings, averages):
    iterator = v1.data.make_initializable_iterator(test_batches(records, EVAL_BATCH, records.judge))
    batch = iterator.get_next()

    def averaged(getter, name, *args, **kwargs):
        return averages.average(getter(name, *args, **kwargs))

    with (
        tf.name_scope("evaluation"),
        v1.variable_scope(v1.get_variable_scope(), custom_getter=averaged if averages else None),
    ):
        predicted = senet(batch["image"], shape, is_training=False).landmarks
    loss = point_loss(settings.loss, predicted, batch["label"], shape.label_std)
    return iterator, {**batch, "predicted": predicted, "loss": loss[None]}


def _best_saver(averages):
    variables = {value.op.name: value for value in network_variables()}
    if averages:
        variables = {name: averages.average(value) for name, value in variables.items()}
    step = v1.train.get_or_create_global_step()
    return v1.train.Saver({**variables, step.op.name: step}, max_to_keep=1, save_relative_paths=True)


def names_in(checkpoint: str) -> dict[str, str]:
    """The name in a checkpoint of each of the default graph's network variables that it holds, by their own name.

    Averages where it holds them: a run's own checkpoints hold both, its best one the averages under the plain names and
    nothing of the optimiser.
    """
    held = {name for name, _ in tf.train.list_variables(checkpoint)}
    names = [value.op.name for value in network_variables()]
    found = {name: averaged_name(name) if averaged_name(name) in held else name for name in names}
    return {name: place for name, place in found.items() if place in held}


def averaged_name(name: str) -> str:
    """What TensorFlow calls the moving average of the variable of a name."""
    return f"{name}/ExponentialMovingAverage"


def restorer(checkpoint: str):
    """A Saver that restores the default graph's network from a checkpoint (see `names_in`), which must hold it all."""
    places = names_in(checkpoint)
    return v1.train.Saver({places.get(value.op.name, value.op.name): value for value in network_variables()})


def last_step(run: Path) -> int:
    """The step of a run's last checkpoint, 0 without one."""
    checkpoint = tf.train.latest_checkpoint(str(run))
    return int(tf.train.load_variable(checkpoint, v1.GraphKeys.GLOBAL_STEP)) if checkpoint else 0


def remove_run(run: Path) -> None:
    """Removes what a run wrote in its folder, and nothing else."""
    patterns = ("checkpoint", "model.ckpt-*", "graph.pbtxt", "events.out.tfevents.*", "settings.json")
    for pattern in (*patterns, *REPORT):
        for path in run.glob(pattern):
            path.unlink()
    remove_leftovers(run)
    shutil.rmtree(run / "best", ignore_errors=True)
