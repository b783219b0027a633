"""Measures how many faces are found, and how many are invented, on sources that training did not see.

    python tools/measure/detection.py --data data/300W data/300W_LP --photos data/photos

A face is found where the box around the found points shares half of its union with that around the true ones; what is
found elsewhere is invented, be it a face that nobody marked. Photos are marked in dlib's XML, small faces among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.detect.kinds import DETECTORS
from infer.files.console import speak_plainly
from infer.jobs.progress import Progress
from infer.landmarker import Landmarker
from records import metrics
from records.landmarks import IBUG_68
from tools.evaluation.answers import by_picture
from tools.evaluation.boxes import match
from tools.evaluation.held_out import held_out, part_of
from tools.read import dlib, formats
from tools.read.face import AnnotatedFace, BadSample, Item


@dataclass(frozen=True)
class FaceOutcome:
    """What came of one annotated face: the table's row it counts in, whether found, invented faces in its picture
    (counted at its first face), NME from the true and from the detector's box (NaN where missed or unknown)."""

    name: str
    found: bool
    invented: int
    true_box: float
    detector_box: float


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", nargs="*", type=Path, default=[], metavar="DIR", help="annotated sets, of which the test side counts")
    add("--photos", type=Path, metavar="DIR", help="photos marked in dlib's XML, all of which count")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--detector", choices=DETECTORS, help="what finds faces (default: as infer/run.py)")
    add("--detector-model", type=Path, metavar="FILE", help="its file")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    add("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    args = parser.parse_args(argv)
    if not args.data and not args.photos:
        parser.error("expected --data or --photos")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model, detector=args.detector, detector_model=args.detector_model)
        items = held_out(args.data, landmarker.contract, args.count, args.seed) if args.data else []
        rows = measure(landmarker, items + photos(args.photos))
    except (ValueError, OSError) as error:
        print(f"measure_detection: {error}", file=sys.stderr)
        return 2
    print(table(rows))
    return 0


def photos(folder: Path | None) -> list[Item]:
    """All marked faces of the photos."""
    return dlib.find(folder, "photos") if folder else []


def measure(landmarker: Landmarker, items: Sequence[Item]) -> list[FaceOutcome]:
    """A row for each face that can be read."""
    rows, groups = [], by_picture(items)
    with Progress(len(groups), "pictures") as progress:
        for group in groups:
            rows += measure_picture(landmarker, [pair for item in group if (pair := read(item))])
            progress.step()
    return rows


def read(item: Item) -> tuple[Item, AnnotatedFace] | None:
    """An item with its face; None, and said, where it cannot be read."""
    try:
        return item, formats.read(item, "pts_2d")
    except BadSample as error:
        print(f"skipped: {error}", file=sys.stderr)
        return None


def measure_picture(landmarker: Landmarker, faces: Sequence[tuple[Item, AnnotatedFace]]) -> list[FaceOutcome]:
    """A row for each annotated face of one picture."""
    if not faces:
        return []
    image = faces[0][1].image
    found = np.array([face.points for face in landmarker.detect(image)]).reshape(-1, IBUG_68.count, 2)
    partners = match(np.array([face.points for _, face in faces]), found)
    invented = len(found) - sum(index >= 0 for index in partners)
    rows: list[FaceOutcome] = []
    for (item, face), partner in zip(faces, partners, strict=True):
        own = landmarker.fit(image, face.box[None])[0]
        other = error_of(found[partner], face) if partner >= 0 else np.nan
        rows.append(
            FaceOutcome(row_name(item, face), partner >= 0, invented if not rows else 0, error_of(own, face), other)
        )
    return rows


def error_of(points: np.ndarray, face: AnnotatedFace) -> float:
    """Box NME as a fraction: the inter-ocular distance says nothing of turned heads."""
    return float(metrics.nme_per_face(points[None], face.points[None], "box")[0])


def row_name(item: Item, face: AnnotatedFace) -> str:
    """The subset, and the |yaw| bin where the set is of turned heads."""
    if item.dataset == "photos":
        return "photos"
    return part_of(item, face)


def table(rows: Sequence[FaceOutcome]) -> str:
    """The rows as Markdown, by name and, but for photos and turned heads, together."""
    names = sorted({row.name for row in rows}, key=lambda name: (name == "photos", name))
    lines = ["| faces of | number | missed % | invented % | NME box %, true box | detector's box | difference |"]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [line_of(name, [row for row in rows if row.name == name]) for name in names]
    centred = [row for row in rows if "yaw" not in row.name and row.name != "photos"]
    lines += [line_of("together, but for yaw and photos", centred)] if centred else []
    return "\n".join(lines)


def line_of(name: str, rows: Sequence[FaceOutcome]) -> str:
    """One line: NME over the faces that were found, from either box."""
    found = [row for row in rows if row.found]
    own, other = (100 * np.array([getattr(row, key) for row in found]) for key in ("true_box", "detector_box"))
    missed, invented = 1 - len(found) / len(rows), sum(row.invented for row in rows) / len(rows)
    if not found or name == "photos":  # machine-made points there
        return f"| {name} | {len(rows)} | {100 * missed:.1f} | {100 * invented:.1f} | | | |"
    errors = f"{np.nanmean(own):.2f} | {np.nanmean(other):.2f} | {np.nanmean(other) - np.nanmean(own):+.2f}"
    return f"| {name} | {len(rows)} | {100 * missed:.1f} | {100 * invented:.1f} | {errors} |"


if __name__ == "__main__":
    sys.exit(main())
