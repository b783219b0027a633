"""The proof that a written model answers like its original: loaded again, by every runtime, on real records.

The original is a checkpoint, or the model that was converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.checkpoint import Checkpoint
from export.formats import Format
from export.runtimes import RUNTIMES, Answer
from net.data.batches import test_batches
from net.data.record_set import RecordSet
from records import metrics
from records.landmarks import Scheme
from records.runtime import tf

COMPARED = 64  # pictures whose answers are compared one by one
BATCHES = (1, 7, 64)  # so many of them at once
MEASURED = 2000  # test records at most that the NME is measured on
AS_RECORDED = 0.01  # so much may the NME differ, relative, from what training measured
NORM = "box"  # the inter-ocular distance says nothing of profiles


@dataclass(frozen=True)
class Reference:
    """What files are compared with: pictures float32 [N, S, S, 3] RGB 0..255, labels [N, K, 2] in fractions of the
    crop's side (NaN where unknown), and the original's own answers float32 [N, 2K].
    """

    images: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    scheme: Scheme

    @property
    def judged(self) -> int:
        """How many pictures have points, so that the NME is of so many."""
        return int(np.isfinite(self.labels).any(axis=(1, 2)).sum())

    def nme(self, answers: np.ndarray) -> float:
        """NME by box size, as a fraction, of answers [N, 2K]; NaN where they are not finite."""
        if not np.isfinite(answers).all():
            return float("nan")
        return metrics.mean_nme(answers.reshape(self.labels.shape), self.labels, NORM, self.scheme)


@dataclass(frozen=True)
class Difference:
    """How far a runtime's answers are from the original's.

    max, mean: of a coordinate, in fractions of the crop's side; nme_change: of the NME, relative (0.01: 1 % worse).
    """

    max: float
    mean: float
    nme_change: float


def reference(checkpoint: Checkpoint, records: RecordSet) -> Reference:
    """Test records (training ones where there are none), at most MEASURED, and what the checkpoint answers to them.

    Raises ValueError where the checkpoint is not as good on the run's own records as when training saved it: then the
    network's code or the records are others now.
    """
    images, labels = faces(records, MEASURED, records.judge)
    truth = Reference(images, labels.reshape(len(labels), -1, 2), checkpoint.answer(images), records.scheme)
    recorded, found = checkpoint.recorded_nme(), truth.nme(truth.answers)
    same = records.folder == checkpoint.settings.selection.folder and records.count(records.judge) == len(images)
    if recorded and same and not abs(found / recorded - 1) <= AS_RECORDED:
        raise ValueError(
            f"{checkpoint.path}: found an NME of {100 * found:.2f} %, expected the {100 * recorded:.2f} % of training; "
            "have net/ or the records changed since? (--records takes any)"
        )
    return truth


def faces(records: RecordSet, count: int, split: str = "test") -> tuple[np.ndarray, np.ndarray]:
    """Pictures float32 [N, S, S, C] and labels float32 [N, 2K] of the first records of a split, or else the other."""
    split = split if records.count(split) else "train"
    with tf.init_scope():
        batch = next(iter(test_batches(records, count, split)))
    return batch["image"].numpy().astype(np.float32), batch["label"].numpy()


def verify(model: Path, form: Format, truth: Reference) -> dict[str, Difference]:
    """The difference of each runtime that reads the format.

    Raises ValueError naming the runtime that is over the format's limit, answers in another shape, or refuses it.
    """
    differences = {}
    for name in form.runtimes:
        differences[name] = found = difference(model.name, name, RUNTIMES[name](model), truth)
        if form.limit is not None and not found.max <= form.limit:
            raise ValueError(
                f"{model.name}: {name} is {found.max:.2e} of the crop's side from the original, "
                f"expected at most {form.limit:g}"
            )
        if form.rise is not None and not found.nme_change <= form.rise:
            raise ValueError(
                f"{model.name}: {name} has {100 * found.nme_change:+.1f} % of the original's NME, "
                f"expected at most {100 * form.rise:+g} %"
            )
    return differences


def difference(file: str, runtime: str, answer: Answer, truth: Reference) -> Difference:
    """How far a runtime's answers are off: of the first COMPARED pictures, and in the NME of all.

    Raises ValueError where it answers in another shape.
    """
    off = deviations(f"{file}: {runtime}", answer, truth.images[:COMPARED], truth.answers[:COMPARED])
    change = truth.nme(in_batches(answer, truth.images, max(BATCHES))) / truth.nme(truth.answers) - 1
    return Difference(float(off.max()), float(off.mean()), change)


def deviations(who: str, answer: Answer, images: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Absolute differences from the expected answers [N, 2K], float32 [B, N, 2K], for each of the batch sizes BATCHES.

    Raises ValueError, which begins with `who`, where the answers have another shape.
    """
    found = [in_batches(answer, images, size) for size in BATCHES]
    for one in found:
        if one.shape != expected.shape:
            raise ValueError(f"{who} answers {one.shape}, the original {expected.shape}")
    return np.abs(np.stack(found) - expected)


def in_batches(answer: Answer, images: np.ndarray, size: int) -> np.ndarray:
    """The answers to pictures asked so many at once: float32 [N, 2K]."""
    return np.concatenate([answer(images[start : start + size]) for start in range(0, len(images), size)])
