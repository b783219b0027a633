"""What files of a landmark network are compared with: faces of records, their points, and the original's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.checkpoint import LandmarkCheckpoint
from export.formats import Format
from export.networks import LANDMARKS, SPREADING
from export.parity import Difference, deviations, in_batches
from export.runtimes import Answer
from export.signature import Signature
from infer.model.contract import FRACTION
from net.data.batches import test_batches
from net.data.record_set import RecordSet
from records import metrics
from records.landmarks import Scheme
from records.runtime import tf

COMPARED = 64  # pictures whose answers are compared one by one
BATCHES = (1, 7, 64)  # so many of them at once
MEASURED = 2000  # test records at most that the NME is measured on
CALIBRATION = 256  # pictures for int8
AS_RECORDED = 0.01  # so much may the NME differ, relative, from what training measured
NO_PICTURES = np.empty((0, 1, 1, 3), np.float32)
NORM = "box"  # the inter-ocular distance says nothing of profiles


@dataclass(frozen=True)
class LandmarkReference:
    """A `Reference` of pictures float32 [N, S, S, C] 0..255, labels [N, K, 2] in fractions of the crop's side (NaN
    where unknown), and the original's own answers float32 [N, 2K], with their spreads [N, K] where it says them.
    """

    images: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    scheme: Scheme
    spreads: np.ndarray | None = None

    @property
    def signature(self) -> Signature:
        return LANDMARKS if self.spreads is None else SPREADING

    @property
    def unit(self) -> str:
        return FRACTION

    @property
    def judged(self) -> int:
        """How many pictures have points, so that the NME is of so many."""
        return int(np.isfinite(self.labels).any(axis=(1, 2)).sum())

    @property
    def compared(self) -> dict[str, Any]:
        return {"faces": min(COMPARED, len(self.images)), "nme_faces": self.judged}

    def nme(self, answers: np.ndarray) -> float:
        """NME by box size, as a fraction, of answers [N, 2K]; NaN where they are not finite."""
        if not np.isfinite(answers).all():
            return float("nan")
        return metrics.mean_nme(answers.reshape(self.labels.shape), self.labels, NORM, self.scheme)

    def difference(self, who: str, answer: Answer) -> Difference:
        """Of the first COMPARED pictures in each of the batch sizes BATCHES, and in the NME of all."""
        expected = [one[:COMPARED] for one in (self.answers, self.spreads) if one is not None]
        off, *wider = deviations(who, answer, self.images[:COMPARED], expected, BATCHES)
        answers, *_ = in_batches(answer, self.images, max(BATCHES))
        change = self.nme(answers) / self.nme(self.answers) - 1
        return Difference(float(off.max()), float(off.mean()), change, *(float(one.max()) for one in wider))

    def said(self, found: Difference) -> str:
        change = float("nan") if found.nme_change is None else round(100 * found.nme_change, 3) + 0.0
        nme = "unknown" if not np.isfinite(change) else f"{change:+.3f} % on {self.judged}"
        spread = "" if found.spread is None else f", spread at most {found.spread:.2e}"
        return f"{self.compared['faces']} {'faces' if self.judged else 'pictures'}, NME {nme}{spread}"


def reference(checkpoint: LandmarkCheckpoint, records: RecordSet) -> LandmarkReference:
    """Test records (training ones where there are none), at most MEASURED, and what the checkpoint answers to them.

    Raises ValueError where the checkpoint is not as good on the run's own records as when training saved it: then the
    network's code or the records are others now.
    """
    images, labels = faces(records, MEASURED, records.judge)
    points = labels.reshape(len(labels), -1, 2)
    answers, *spreads = checkpoint.answer(images)
    truth = LandmarkReference(images, points, answers, records.scheme, *spreads)
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


def calibration_of(records: RecordSet | None, formats: Sequence[Format]) -> np.ndarray:
    """Training pictures for the formats that need them, float32 [N, S, S, C]; none where no format does.

    Raises ValueError where a format needs some and there are no records.
    """
    calibrated = [form.name for form in formats if form.rise is not None]
    if not calibrated:
        return NO_PICTURES
    if records is None:
        raise ValueError(f"{', '.join(calibrated)}: found no --records, expected faces to calibrate and to judge it by")
    return faces(records, CALIBRATION, "train")[0]
