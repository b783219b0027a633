"""The task of landmarks with its records open: their batches, losses and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from net.cluster.machine import Machine
from net.data.batches import subset_shares, test_batches, training_batches
from net.data.moments import inherit_moments, with_moments
from net.data.ranges import NO_AUGMENTATION
from net.data.record_set import RecordSet
from net.landmarks.evaluation import LandmarkEvaluation
from net.landmarks.settings import ALL, LandmarkSettings
from net.landmarks.task import LandmarkTask
from net.model.contours import neighbours_of
from net.model.losses import PointLoss, heat_loss, mean_absolute_error, pose_loss, weight_decay
from net.model.senet import POINTWISE, Answer, is_hidden_kernel, kernels, pose_head, senet
from net.model.shape import LEARNED, Shape
from net.model.spread import laplace_loss
from net.run.folder import LANDMARK_RUNS, RecordsSummary, RunFolder
from net.run.reporter import Subject
from net.training.open_task import Anew, Batch, Losses, OpenTask, RecordsOrigin
from net.training.origins import network_of
from net.training.settings import Settings
from net.training.start_scheme import scheme_of_start
from records.landmarks import is_same, told
from records.mixes import check_mix
from records.runtime import tf, v1
from records.scheme import Scheme

EVAL_BATCH = 100
HINT = "tools/guess_partners.py proposes some"
CALIBRATION_SEED = 1  # of the order of the faces that give batch norm its statistics back


class OpenLandmarkTask(OpenTask[Shape, RecordsSummary]):
    """Landmarks with their records open."""

    def __init__(self, task: LandmarkTask, records: RecordSet, anew: Anew | None = None):
        self.task, self.records, self.anew = task, records, anew
        self.folder, self.network = records.folder, task.shape
        own, neighbours = task.own, neighbours_of(records.scheme)
        self.on_points = PointLoss(own.loss, self.network.label_std, own.along, neighbours)
        self.subject = Subject(LANDMARK_RUNS, records.judge, records.count(records.judge), ("points",))
        manifest = records.manifest
        about = {key: getattr(manifest, key) for key in ("points", "margin", "context", "encoding", "subsets")}
        terms = tuple(manifest.notes.get("terms", []))  # these of who gave the labels
        self.origin = RecordsOrigin(RecordsSummary(**about, scheme=told(records.scheme)), manifest.split, terms)

    def batches(self, machine: Machine, size: int, seed: int, first: int) -> tf.data.Dataset:
        records, chosen = machine.share(self.records), self.task.records
        ranges, offset = self.task.ranges, self.network.label_offset
        return training_batches(records, size, ranges, seed, first, mix=chosen.mix, weigh=chosen.weigh, offset=offset)

    def losses(self, batch: Batch, settings: Settings, step: tf.Tensor) -> Losses:
        return landmark_losses(batch, self.network, self.task.own, self.on_points, settings, step)

    def is_hidden_kernel(self, variable: tf.Variable) -> bool:
        return is_hidden_kernel(variable)

    def evaluation(self, saver: v1.train.Saver) -> LandmarkEvaluation:
        records = self.records
        iterator = v1.data.make_initializable_iterator(test_batches(records, EVAL_BATCH, records.judge))
        batch = iterator.get_next()
        predicted = senet(batch["image"], self.network, is_training=False).landmarks
        loss = self.on_points(predicted, batch["label"])
        answers = {**batch, "predicted": predicted, "loss": loss[None]}
        return LandmarkEvaluation(iterator, answers, saver, records.judge, records.scheme)

    def calibrate(self, examples: int) -> None:
        count = min(examples, self.records.count("train"))
        batches = training_batches(self.records, count, NO_AUGMENTATION, CALIBRATION_SEED)
        senet(v1.data.make_one_shot_iterator(batches).get_next()["image"], self.network, is_training=False)

    def page_writer(self) -> Callable[[RunFolder], None]:
        from net.landmarks import page  # matplotlib takes a second, and only what has ended is drawn

        return lambda run: page.write(run, self.records, self.network, self.on_points)


def open_landmarks(task: LandmarkTask, start: Path | None) -> OpenLandmarkTask:
    """The task with the number of points and the moments of its records in its shape.

    start: the model or run folder that training starts from. Its moments go on, those of labels and the head where its
    points are those of the records. Raises ValueError, FileNotFoundError.
    """
    records = RecordSet.of(task.records, grey=task.shape.picture == "grey")
    if task.records.mix:
        subset_shares(records, task.records.mix)  # refuses a mix of other sets before the run's folder is made
    _check_losses(task, records)
    if task.ranges.flip and not records.scheme.flip:
        print(f"{records.folder}: {records.scheme.name} has no mirror partners, so no face is mirrored ({HINT})")
    shape = replace(task.shape, points=records.scheme.count)
    anew = other_points(start, records.scheme) if start else None
    if anew and task.own.learn != ALL:
        raise ValueError(f"{start}: found {anew.why}; expected the same, for --learn spread leaves the points alone")
    if start:
        before = network_of(start, LANDMARK_RUNS)
        shape = inherit_moments(shape, replace(before, label_mean=(), label_std=()) if anew else before)
    return OpenLandmarkTask(replace(task, shape=with_moments(shape, records)), records, anew)


def other_points(start: Path, scheme: Scheme) -> Anew | None:
    """What does not go on from a model or run folder for points of a scheme: all that is of its own, other points.

    None where its points are these, by name and order. Raises ValueError, FileNotFoundError.
    """
    before = scheme_of_start(start)
    if is_same(before, scheme):
        return None
    order = " in another order" if before.name == scheme.name else ""
    return Anew(POINTWISE, f"points of {before.name} there, of {scheme.name}{order} here")


def _check_losses(task: LandmarkTask, records: RecordSet) -> None:
    """Raises ValueError for losses that ask of records what they do not have."""
    scheme, along, weigh = records.scheme, task.own.along, task.records.weigh
    if along != 1 and all(before == after for before, after in neighbours_of(scheme)):
        raise ValueError(f"along: found {along} with points of {scheme.name}, none of them within a line; expected 1")
    if weigh and not records.manifest.doubts:
        expected = "expected a set by tools/rewrite/distil.py or teach.py"
        raise ValueError(f"{records.folder}: found no doubts of labels for weigh, {expected}")
    check_mix(weigh, records.manifest.doubts, records.folder, "weigh")


def landmark_losses(
    batch: Batch, shape: Shape, own: LandmarkSettings, on_points: PointLoss, settings: Settings, step: tf.Tensor
) -> Losses:
    """The parts of the loss, weighted: points, a learned spread, and what asks the whole network; and the MAE.

    batch: image [B, S, S, 3] RGB 0..255 or grey, label [B, 2K] in fractions of the crop's side, pose [B, 3] in radians;
    weight [B], where faces count by their doubt: in the losses on points and heat maps. on_points: that on points.
    Where the spread alone learns, the network answers as in inference, and its other losses are told, no more.
    """
    whole, dtype = own.learn == ALL, tf.dtypes.as_dtype(settings.precision)
    seed = tf.stack([tf.constant(settings.seed, tf.int64), step])
    answer = senet(batch["image"], shape, whole, own.dropout, seed, dtype)
    landmarks = answer.landmarks if whole else tf.stop_gradient(answer.landmarks)
    losses = {"points": on_points(landmarks, batch["label"], batch.get("weight"))}
    if answer.spread is not None and shape.spread == LEARNED:
        losses["spread"] = laplace_loss(answer.spread, landmarks, batch["label"])
    if whole:
        losses |= further_losses(answer, batch, own)
        losses["decay"] = settings.weight_decay * weight_decay(kernels())
    return Losses(losses, {"mae": mean_absolute_error(landmarks, batch["label"])})


def further_losses(answer: Answer, batch: Batch, own: LandmarkSettings) -> dict[str, tf.Tensor]:
    """The losses of heat maps and pose, weighted, where they are asked for."""
    losses = {}
    if own.heat and answer.heat is not None and answer.centres is not None:  # `check_network` has seen to it
        heat = heat_loss(answer.heat, answer.centres, batch["label"], own.heat_width, batch.get("weight"))
        losses["heat"] = own.heat * heat
    if own.pose:
        losses["pose"] = own.pose * pose_loss(pose_head(answer.last), batch["pose"])
    return losses
