"""Moves labels of training records towards what a teacher answers: distillation, and labels where there are none.

    python tools/rewrite/distil.py data/records --teacher infer/landmark.pb --trust "*=0.5,300W/YTF=1" --out DIR

The teacher, a trained model or several, looks at each face from --views crops, shifted, scaled and turned a little,
half of them mirrored; the mean of its answers is steadier than any of them. A known point moves by its subset's --trust
towards that (0: stays, 1: replaced), unless the two are further apart than --far; an unknown point becomes the
teacher's where trust is over 0. Test records stay as they are. A network trained on the new set learns from both at
once, at no cost in training.

After Hinton et al., "Distilling the Knowledge in a Neural Network" (2015), and Radosavovic et al., "Data Distillation:
Towards Omni-Supervised Learning", CVPR 2018, for the mean over views.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np

from infer.geometry.boxes import picture_box, relative_shape
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from records import record
from records.manifest import Manifest
from records.mixes import check_mix, mix_of, weight_of
from records.shards import checked_manifest
from records.split import SPLITS
from tools.rewrite.sets import opened, rewrite

TURN, SHIFT, SCALE = 12.0, 0.05, 0.08  # of a view, at most: degrees, fractions of the crop's side, log of its side


@dataclass(frozen=True)
class View:
    """A crop beside the record's own: angle in radians, shift (x, y) in fractions of its side, scale of its side."""

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


class Teacher:
    """The mean answer of models over views of a record.

    models: paths; views: how many crops, at least 1. Raises what `infer.landmarker.Landmarker` raises, ValueError for
    views < 1.
    """

    def __init__(self, models: list[Path], views: int):
        if views < 1:
            raise ValueError(f"views: found {views}, expected at least 1")
        self.landmarkers = [Landmarker(model) for model in models]
        self.straight, self.mirrored = views_of(views - views // 2), views_of(views // 2)

    def check(self, manifest: Manifest) -> None:
        """Raises ValueError where a model answers other points than the records have: of another scheme or kind."""
        scheme, kind = manifest.scheme.name, manifest.points
        for landmarker in self.landmarkers:
            contract = landmarker.contract
            learnt = contract.trained_on.points or kind  # a contract by hand does not say
            for found, expected in ((contract.points.scheme, scheme), (learnt, kind)):
                if found != expected:
                    expected = f"expected those of the records, {expected}"
                    raise ValueError(f"{contract.model}: found points of {found}, {expected}")

    def answer(self, image: np.ndarray, manifest: Manifest) -> np.ndarray:
        """The mean answer for a record's picture uint8 [edge, edge, 3] RGB: float64 [K, 2], fractions of its crop."""
        image, answers = np.ascontiguousarray(image[..., ::-1]), []
        for landmarker in self.landmarkers:
            for views, mirrored in ((self.straight, False), (self.mirrored, True)):
                crops = [crop_of(view, image.shape[0], manifest, landmarker.contract) for view in views]
                answers.extend(landmarker.look(image, crops, mirrored))
        points = np.mean(answers, axis=0, dtype=np.float64) - manifest.context
        return relative_shape(points, picture_box(manifest.size, manifest.size))


def views_of(count: int) -> list[View]:
    """So many views, the same in every run: first the record's own crop."""
    rng = np.random.default_rng(0)
    drawn = rng.uniform(-1, 1, (max(0, count - 1), 4)) * (np.radians(TURN), SHIFT, SHIFT, SCALE)
    return [View(), *(View(angle, (x, y), float(np.exp(log))) for angle, x, y, log in drawn.tolist())][:count]


def crop_of(view: View, edge: int, manifest: Manifest, contract) -> Crop:
    """A view's crop, as wide as the model's contract wants it, in a record's picture of `edge` pixels."""
    # the record's crop is the box's longer edge and the set's margin on both sides
    side = manifest.size / (1 + 2 * manifest.margin) * (1 + 2 * contract.crop.margin) * view.scale
    centre = (edge - 1) / 2 + np.array(view.shift) * side
    return Crop(tuple(centre), side, contract.input.size, view.angle)


def taught(label: np.ndarray, answer: np.ndarray, trust: float, far: float) -> np.ndarray:
    """The new label, float32 [K, 2]: known points moved by `trust` (0 to 1) towards the answer unless `far` from it.

    label: float32 [K, 2], NaN where unknown, and answer: [K, 2], both in fractions of the crop's side, as far is.
    """
    apart = np.linalg.norm(answer - label, axis=1)
    share = np.where(apart <= far, trust, 0.0)[:, None]  # NaN is not
    moved = np.where(share > 0, label + share * (answer - label), label)
    unknown = np.isnan(label).any(axis=1)[:, None] & (trust > 0)
    return np.where(unknown, answer, moved).astype(np.float32)


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, metavar="RECORDS", help="set of records made by tools/make_records.py")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--teacher", type=Path, nargs="+", required=True, metavar="MODEL", help=".pb with its .json beside it")
    help_trust = "how far labels move, 0 to 1, by subset or pattern: NAME=TRUST,...; others 0.5"
    add("--trust", type=mix_of, default={}, metavar="TRUST", help=help_trust)
    add("--views", type=int, default=16, metavar="N", help="crops of each face (default: %(default)s)")
    help_far = "fractions of the crop's side: points further apart stay (default: %(default)s)"
    add("--far", type=float, default=0.06, metavar="DISTANCE", help=help_far)
    add("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if not all(trust <= 1 for trust in args.trust.values()) or not args.far > 0 or args.views < 1:
        found = f"trust {args.trust}, far {args.far}, views {args.views}"
        parser.error(f"found {found}, expected trust from 0 to 1, a distance over 0, at least 1 view")
    return args


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        manifest = distil_records(args)
    except (ValueError, OSError) as error:
        print(f"distil_records: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"distil_records: stopped; {args.out} is as it was", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    points = manifest.notes["distilled"]
    counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
    print(f"written: {args.out} ({counts} records; look at preview.jpg in it)")
    moved = f"{points['moved']} moved, by {points['mean']:.4f} of the crop's side on average"
    print(f"points: {moved}; {points['kept']} kept, {points['filled']} filled in")
    return 0


def distil_records(args: argparse.Namespace) -> Manifest:
    """Writes the new set; returns its manifest. Raises what `rewrite` and `Teacher` raise, ValueError
    for a teacher of other points or a trust that fits no subset."""
    teacher, before = Teacher(args.teacher, args.views), checked_manifest(args.records)
    teacher.check(before)
    check_mix(args.trust, before.subsets, args.records, "trust")
    counts = {"moved": 0, "kept": 0, "filled": 0, "mean": 0.0}

    def distilled(serialised: bytes, manifest: Manifest) -> Iterator[bytes]:
        found, image = opened(serialised, manifest)
        trust = weight_of(found["subset"].decode(), args.trust, 0.5)
        if not trust:
            yield serialised
            return
        label = found["label"].reshape(-1, 2)
        new = taught(label, teacher.answer(image, manifest), trust, args.far)
        count_points(label, new, counts)
        texts = {name: found[name].decode() for name in ("subset", "name", "source")}
        plain = {"image": found["image"], "pose": found["pose"], "side": float(found["side"])}
        yield record.encode(record.Record(label=new.ravel(), **plain, **texts))

    notes = {"distilled": counts, "trust": args.trust, "views": args.views, "far": args.far}
    notes["teachers"] = [one.contract.sha256 for one in teacher.landmarkers]
    return rewrite(args.records, args.out, args.overwrite, distilled, 1, notes)


def count_points(label: np.ndarray, new: np.ndarray, counts: dict) -> None:
    """Adds to the counts what became of a face's points; mean: of how far those moved that did."""
    unknown, apart = np.isnan(label).any(axis=1), np.linalg.norm(new - label, axis=1)
    moved, before = int((apart > 0).sum()), counts["moved"]
    counts["moved"] = before + moved
    counts["kept"] += int((apart == 0).sum())
    counts["filled"] += int((unknown & np.isfinite(new).all(axis=1)).sum())
    if moved:
        counts["mean"] = (counts["mean"] * before + float(apart[apart > 0].sum())) / (before + moved)


if __name__ == "__main__":
    sys.exit(main())
