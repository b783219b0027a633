"""Measures how far to the right of their faces the labels of data sets lie: the number for --label-offset.

    python tools/measure/offset.py infer/landmark.pb --data data/300W data/300W_LP
    python tools/measure/offset.py infer/landmark.pb --data data/mine --count 300 --json offset.json

Of faces of the training side. Where a face is says the mean of two looks from its true box, at the crop and at the
mirrored crop: what lies aside in a model's answers goes away, so that any model tells the same of the labels. A face
counts by the mean of its known points.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from records.landmarks import common, convert, scheme_in_contract
from records.scheme import Scheme
from tools.evaluation.held_out import held_out, read_all
from tools.evaluation.splits import SIDES, TRAIN
from tools.make.datasets import named
from tools.read.face import AnnotatedFace, Item

ALL = "all"
HINT = "tools/guess_partners.py proposes some"


@dataclass(frozen=True)
class Aside:
    """How far the labels of one face lie to the right of it, in pixels of the picture; part: its subset; side: of its
    crop, pixels."""

    part: str
    pixels: float
    side: float


class Mean(NamedTuple):
    """A mean and its standard error, which is None of one value."""

    value: float
    error: float | None

    @classmethod
    def of(cls, values: np.ndarray) -> Mean:
        """Of at least one value, [N]."""
        several = len(values) > 1
        return cls(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if several else None)

    def rounded(self, digits: int) -> str:
        """`0.78 ± 0.07`."""
        return f"{self.value:.{digits}f}" + ("" if self.error is None else f" ± {self.error:.{digits}f}")


@dataclass(frozen=True)
class MeanAside:
    """The same of several faces, in pixels of the picture and in fractions of the crop's side."""

    faces: int
    pixels: Mean
    fractions: Mean

    @classmethod
    def of(cls, found: Sequence[Aside]) -> MeanAside:
        """Of at least one face."""
        pixels, sides = (np.array([getattr(one, name) for one in found]) for name in ("pixels", "side"))
        return cls(len(found), Mean.of(pixels), Mean.of(pixels / sides))

    def as_json(self) -> dict[str, Any]:
        """What the document says of a subset."""
        means = {"pixels": self.pixels, "fractions": self.fractions}
        return {"faces": self.faces, **{name: mean._asdict() for name, mean in means.items()}}


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", metavar="MODEL", help="network with its .json beside it, or small")
    add("--data", nargs="+", type=Path, required=True, metavar="DATASET", help="annotated sets")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    add("--side", choices=SIDES, default=TRAIN, help="of the model's split (default: %(default)s)")
    add("--json", type=Path, metavar="FILE", help="the numbers, unrounded")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        found = measure(landmarker, held_out(args.data, landmarker.contract, args.count, side=args.side))
        print(table(found))
        if args.json:
            document = {"model": args.model, "side": args.side}
            subsets = {name: one.as_json() for name, one in found.items()}
            write_text_atomically(args.json, json.dumps({**document, "subsets": subsets}, indent=1) + "\n")
    except (ValueError, OSError) as error:
        print(f"measure_offset: {error}", file=sys.stderr)
        return 2
    return 0


def measure(landmarker: Landmarker, items: Sequence[Item]) -> dict[str, MeanAside]:
    """How far labels lie aside, by subset, and last of all faces, as ALL.

    Raises ValueError where points of the model or of a data set have no mirror partners, where no mapping leads from
    both to the same points, and where no face is readable.
    """
    scheme = scheme_in_contract(vars(landmarker.contract.points))
    items = named(items, scheme)
    _check_partners({str(landmarker.contract.model): scheme, **{item.part: item.scheme for item in items}})
    parts: dict[str, list[Aside]] = {}
    for item, face in read_all(items):
        if (found := aside_of(landmarker, face, scheme, item.part)) is not None:
            parts.setdefault(item.part, []).append(found)
    if not parts:
        raise ValueError(f"found {len(items)} faces, none of them readable, expected one")
    parts[ALL] = [one for several in parts.values() for one in several]
    return {name: MeanAside.of(several) for name, several in parts.items()}


def aside_of(landmarker: Landmarker, face: AnnotatedFace, scheme: Scheme, part: str) -> Aside | None:
    """How far the labels of a face lie to the right of it, in the points that they and the model's lead to; None where
    none of these is known. scheme: of the model. Raises ValueError where there are no such points."""
    shared = common((face.scheme, scheme))
    if shared is None:
        raise ValueError(
            f"{part}: found points of {face.scheme.name}, expected some that lead to those of {scheme.name}"
        )
    known = landmarker.contract
    crop = Crop.around(face.box, known.crop.margin, known.input.size)
    found = convert(middle(landmarker, face.image, crop), scheme, shared)
    off = convert(face.points.astype(np.float64), face.scheme, shared)[:, 0] - found[:, 0]
    return Aside(part, float(np.nanmean(off)), crop.side) if np.isfinite(off).any() else None


def middle(landmarker: Landmarker, image: np.ndarray, crop: Crop) -> np.ndarray:
    """Where the points of a face are by the looks at an upright crop and at the mirrored one, float64 [K, 2], pixels:
    in the middle of the face, whatever the offset that the model answers with."""
    looks = [landmarker.look(image, [crop], mirrored).points[0].astype(np.float64) for mirrored in (False, True)]
    # taken back, the mirrored look lies twice the contract's offset to the right of the plain one's mirror image
    return np.mean(looks, axis=0) - (landmarker.contract.output.offset * crop.side, 0)


def table(found: Mapping[str, MeanAside]) -> str:
    """The means as Markdown, and which option takes the last one."""
    lines = [
        "| labels | faces | to the right of their faces, px of the picture | of the crop's side |",
        "|---|---|---|---|",
    ]
    for name, one in found.items():
        lines.append(f"| {name} | {one.faces} | {one.pixels.rounded(2)} | {one.fractions.rounded(4)} |")
    option = f"--label-offset {found[ALL].fractions.value:.4f} of net/train.py"
    return "\n".join([*lines, "", f"Over all faces: {option}"])


def _check_partners(schemes: Mapping[str, Scheme]) -> None:
    """Raises ValueError, naming it, for a model's or subset's scheme that knows no mirror partners."""
    for name, scheme in schemes.items():
        if not scheme.flip:
            expected = f"expected a scheme that names them ({HINT})"
            raise ValueError(f"{name}: found points of {scheme.name} without mirror partners, {expected}")


if __name__ == "__main__":
    sys.exit(main())
