"""Labels of training records moved towards what a teacher answers, and given where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from records import record
from records.manifest import Manifest
from records.mixes import check_mix, weight_of
from records.shards import checked_manifest
from tools.rewrite.doubts import Doubts, doubt_of
from tools.rewrite.sets import Rewriting, noting, opened, rewrite
from tools.rewrite.teacher import Teacher


@dataclass
class PointCounts:
    """What became of the points: moved, kept as they were, filled in; mean: how far those moved that did.

    mean: in fractions of the crop's side.
    """

    moved: int = 0
    kept: int = 0
    filled: int = 0
    mean: float = 0.0

    def add(self, label: np.ndarray, new: np.ndarray) -> None:
        """Counts a face's points, before and after: [K, 2], NaN where unknown."""
        unknown, apart = np.isnan(label).any(axis=1), np.linalg.norm(new - label, axis=1)
        moved, before = int((apart > 0).sum()), self.moved
        self.moved = before + moved
        self.kept += int((apart == 0).sum())
        self.filled += int((unknown & np.isfinite(new).all(axis=1)).sum())
        if moved:
            self.mean = (self.mean * before + float(apart[apart > 0].sum())) / (before + moved)


@dataclass(frozen=True)
class Distillation:
    """How labels move: trust by subset or pattern (0: stays, 1: replaced; others 0.5); far: points further apart stay.

    far: in fractions of the crop's side.
    """

    trust: dict[str, float]
    far: float


def distil_records(folder: Path, out: Path, teacher: Teacher, way: Distillation, overwrite: bool) -> Manifest:
    """Writes the new set; returns its manifest, whose notes tell of the teacher and of the points.

    Records that the teacher looked at, those of subsets with a trust over 0, tell their doubt: of the label as it was.
    Raises what `tools.rewrite.sets.rewrite` raises, ValueError for a teacher of other points or a trust that fits no
    subset.
    """
    before = checked_manifest(folder)
    teacher.check(before)
    check_mix(way.trust, before.subsets, folder, "trust")
    counts, doubts = PointCounts(), Doubts()

    def distilled(serialised: bytes, manifest: Manifest) -> Iterator[bytes]:
        found, image = opened(serialised, manifest)
        trust = weight_of(found.subset, way.trust, 0.5)
        if not trust:
            yield serialised
            return
        label, answer = found.label.reshape(-1, 2), teacher.answer(image, manifest)
        new, doubt = taught(label, answer.points, trust, way.far), doubt_of(answer, label)
        counts.add(label, new)
        doubts.add(found.subset, doubt)
        yield record.encode(replace(found, label=new.ravel(), doubt=doubt))

    def told(manifest: Manifest) -> Manifest:
        said = {"distilled": asdict(counts), "trust": way.trust, "far": way.far}
        doubted = replace(manifest, doubts=manifest.doubts | doubts.summary())
        return noting(said | teacher.notes(before))(doubted)

    return rewrite(folder, out, overwrite, Rewriting(distilled, told))


def taught(label: np.ndarray, answer: np.ndarray, trust: float, far: float) -> np.ndarray:
    """The new label, float32 [K, 2]: known points moved by `trust` (0 to 1) towards the answer unless `far` from it.

    label: float32 [K, 2], NaN where unknown, and answer: [K, 2], both in fractions of the crop's side, as far is.
    """
    apart = np.linalg.norm(answer - label, axis=1)
    share = np.where(apart <= far, trust, 0.0)[:, None]  # NaN is not
    moved = np.where(share > 0, label + share * (answer - label), label)
    unknown = np.isnan(label).any(axis=1)[:, None] & (trust > 0)
    return np.where(unknown, answer, moved).astype(np.float32)
