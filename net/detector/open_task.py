"""The task of a face detector with its scenes open: their batches, losses and tests."""

from __future__ import annotations

from collections.abc import Callable

from net.cluster.machine import Machine
from net.detector.batches import scene_batches
from net.detector.evaluation import DetectorEvaluation, DetectorLook, chosen_scenes
from net.detector.kind import DETECTOR_RUNS, JUDGE, ScenesSummary
from net.detector.losses import detection_losses
from net.detector.network import SCOPE, detector, named_cells
from net.detector.pictures import ScenePictures
from net.detector.shape import LEVELS, DetectorShape
from net.detector.task import DetectorTask
from net.model.losses import weight_decay
from net.model.senet import is_hidden_kernel, kernels
from net.run.folder import RunFolder
from net.run.reporter import Subject
from net.training.open_task import Batch, Losses, OpenTask, RecordsOrigin
from net.training.settings import Settings
from records.manifest import SceneManifest
from records.mixes import check_mix
from records.runtime import tf, v1
from records.scene import SceneRecord, read
from records.shards import checked_set

CALIBRATION_SEED = 1  # of the scenes that give batch norm its statistics back
FACE_SIDE = 128  # pixels: of the pictures that `OpenTask.calibrate` counts in
OUTERMOST = ("rest", "score")  # kernels that answer


class OpenDetectorTask(OpenTask[DetectorShape, ScenesSummary]):
    """A detector with its scenes in memory, their pictures still encoded.

    pictures: of the training scenes; scenes: those that test.
    """

    def __init__(self, task: DetectorTask, manifest: SceneManifest, pictures: ScenePictures, scenes: list[SceneRecord]):
        self.task, self.pictures, self.scenes = task, pictures, scenes
        self.folder, self.network = task.records, task.shape
        self.subject = Subject(DETECTOR_RUNS, JUDGE, len(scenes), ("score", "box", "points"))
        summary = ScenesSummary(manifest.points, manifest.longest, manifest.subsets)
        self.origin = RecordsOrigin(summary, manifest.split, tuple(manifest.notes.get("terms", [])))

    def batches(self, machine: Machine, size: int, seed: int, first: int) -> tf.data.Dataset:
        return self._scenes(size, seed, first)

    def _scenes(self, size: int, seed: int, first: int) -> tf.data.Dataset:
        return scene_batches(self.pictures, size, self.task.ranges, seed, first, self.task.own.side)

    def losses(self, batch: Batch, settings: Settings, step: tf.Tensor) -> Losses:
        answers = detector(batch["image"], self.network, True, tf.dtypes.as_dtype(settings.precision))
        parts = detection_losses(answers, [batch[level.name] for level in LEVELS])
        weights = {"score": 1.0, "box": self.task.own.box_weight, "points": self.task.own.points_weight}
        weighted = {name: weights[name] * part for name, part in parts.items()}
        return Losses({**weighted, "decay": settings.weight_decay * weight_decay(kernels(SCOPE))}, {})

    def is_hidden_kernel(self, variable: tf.Variable) -> bool:
        return is_hidden_kernel(variable) and not any(f"/{part}/" in variable.name for part in OUTERMOST)

    def evaluation(self, saver: v1.train.Saver) -> DetectorEvaluation:
        return DetectorEvaluation(self.look(), saver, self.scenes)

    def look(self) -> DetectorLook:
        """The network in inference, added to the default graph."""
        image = v1.placeholder(tf.float32, [1, None, None, 3], "image")
        return DetectorLook(image, named_cells(detector(image, self.network, is_training=False)), self.task.own.look)

    def calibrate(self, examples: int) -> None:
        # augmented as in training: that is what batch norm sees
        count = max(1, examples * FACE_SIDE**2 // self.task.own.side**2)
        batch = v1.data.make_one_shot_iterator(self._scenes(count, CALIBRATION_SEED, 0)).get_next()
        detector(batch["image"], self.network, is_training=False)

    def page_writer(self) -> Callable[[RunFolder], None]:
        from net.detector import page  # matplotlib takes a second, and only what has ended is drawn

        return lambda run: page.write(run, self)


def open_scenes(task: DetectorTask) -> OpenDetectorTask:
    """The task with its scenes in memory. Raises ValueError or FileNotFoundError for scenes that cannot serve it."""
    manifest = checked_set(task.records, SceneManifest)
    if not manifest.count("train"):
        raise ValueError(f"{task.records}: found no training scenes, expected at least one")
    if task.mix:
        names = [name for name, counts in manifest.subsets.items() if counts.get("train")]
        check_mix(task.mix, names, task.records)
    pictures = ScenePictures(read(manifest.files(task.records, "train")), task.mix)
    return OpenDetectorTask(task, manifest, pictures, chosen_scenes(task.records, manifest, task.own.judged))
