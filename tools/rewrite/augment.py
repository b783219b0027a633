"""Multiplies the training records of a set: turned, shifted, lighter and darker, mirrored, written as a set of its own.

    python tools/rewrite/augment.py data/records --out DIR --turn=-12,12 --shift 0.06 --brightness 0.6,1.2 --mirror

The classic way, for comparison: training itself makes new faces at every step (net/train.py, augmentation), which is
better and needs no disk. Every variant is the original changed in one way; --mirror adds the mirror image of each. Test
records stay as they are, and a face's variants share its source, so that no split parts them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from infer.geometry.rotations import turned_pose
from records import record
from records.landmarks import Scheme, flip_points
from records.manifest import Manifest
from records.split import SPLITS
from tools.make.cut import encode_image
from tools.rewrite.sets import Rewriter, opened, rewrite


@dataclass(frozen=True)
class Variant:
    """One way to change a face: turn in degrees, clockwise as seen; shift (x, y) of the face in fractions of the crop's
    side; brightness: what grey values are multiplied by; mirrored: at the end."""

    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    brightness: float = 1.0
    mirrored: bool = False

    @property
    def suffix(self) -> str:
        """What a record's name gets; nothing for the original."""
        x, y = self.shift
        parts = [f"turn{self.turn:+g}"] * (self.turn != 0) + [f"shift{x:+g}{y:+g}"] * (self.shift != (0.0, 0.0))
        parts += [f"light{self.brightness:g}"] * (self.brightness != 1) + ["mirror"] * self.mirrored
        return "".join(f"~{part}" for part in parts)


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, metavar="RECORDS", help="set of records made by tools/make_records.py")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--turn", type=numbers, default=(), metavar="DEGREES,...", help="angles, clockwise as seen")
    help_shift = "fractions of the crop's side; each moves the face to the left, right, up and down"
    add("--shift", type=numbers, default=(), metavar="FRACTIONS,...", help=help_shift)
    add("--brightness", type=numbers, default=(), metavar="FACTORS,...", help="what grey values are multiplied by")
    add("--mirror", action="store_true", help="and the mirror image of every variant")
    add("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if not all(abs(turn) <= 180 for turn in args.turn) or not all(0 < shift < 1 for shift in args.shift):
        parser.error(f"found turns {args.turn} and shifts {args.shift}, expected within 180 degrees, between 0 and 1")
    if not all(0 < factor <= 10 for factor in args.brightness):
        parser.error(f"--brightness: found {args.brightness}, expected factors over 0, at most 10")
    return args


def numbers(text: str) -> tuple[float, ...]:
    """Numbers between commas. Raises argparse.ArgumentTypeError on other text."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected numbers between commas") from None


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        manifest = augment_records(args.records, args.out, variants_of(args), args.overwrite)
    except (ValueError, OSError) as error:
        print(f"augment_records: {error}", file=sys.stderr)
        return 2
    counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
    print(f"written: {args.out} ({counts} records; look at preview.jpg in it)")
    return 0


def variants_of(args: argparse.Namespace) -> list[Variant]:
    """The original, each other way to change it, once, and with --mirror the mirror image of each."""
    ways = [Variant(), *(Variant(turn=turn) for turn in args.turn)]
    ways += [
        Variant(shift=(x * shift, y * shift)) for shift in args.shift for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    ways += [Variant(brightness=factor) for factor in args.brightness]
    ways = list(dict.fromkeys(ways))  # a turn by 0 is the original, a number given twice one way
    if args.mirror:
        ways += [Variant(way.turn, way.shift, way.brightness, True) for way in ways]
    return ways


def augment_records(folder: Path, out: Path, ways: list[Variant], overwrite: bool) -> Manifest:
    """Writes the multiplied set beside its place and moves it there; returns its manifest.

    Raises ValueError where something lies at `out` that may not be replaced, or no way changes anything.
    """
    if len(ways) < 2:
        raise ValueError(f"{folder}: found nothing to do, expected --turn, --shift, --brightness or --mirror")
    return rewrite(folder, out, overwrite, varied_by(ways), len(ways), {"variants": [way.suffix for way in ways]})


def varied_by(ways: list[Variant]) -> Rewriter:
    """What gives a serialised training record and its variants."""

    def varied(serialised: bytes, manifest: Manifest) -> Iterator[bytes]:
        found, image = opened(serialised, manifest)
        for way in ways:
            if way == Variant():
                yield serialised
            else:
                yield record.encode(changed(found, image, way, manifest))

    return varied


def changed(found: dict, image: np.ndarray, way: Variant, manifest: Manifest) -> record.Record:
    """The record of one variant of a parsed record, whose picture is uint8 [edge, edge, 3] RGB, with its context."""
    context, size, edge = manifest.context, manifest.size, image.shape[0]
    # the face moves one way where the crop moves the other
    centre = (edge - 1) / 2 - np.array(way.shift) * size
    crop = Crop(tuple(centre), size, size, np.radians(-way.turn))
    points = absolute_shape(found["label"].reshape(-1, 2), picture_box(size, size)) + context
    label = crop.to_fractions(points)
    picture = lit(crop.cut(image, context), way.brightness)
    if way.mirrored:
        label, picture = mirrored_label(label, manifest.scheme), np.ascontiguousarray(picture[:, ::-1])
    return record.Record(
        encode_image(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), manifest.encoding),
        label.ravel(),
        turned_pose(found["pose"], crop.angle, way.mirrored),
        float(found["side"]),
        found["subset"].decode(),
        found["name"].decode() + way.suffix,
        found["source"].decode(),
    )


def lit(image: np.ndarray, factor: float) -> np.ndarray:
    """The picture with its values multiplied, rounded and clipped, uint8."""
    return image if factor == 1 else cv2.convertScaleAbs(image, alpha=factor)


def mirrored_label(label: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Fractions [K, 2] of the mirrored crop: x' = 1 - x, partners swapped."""
    return flip_points(label, 2.0, scheme)  # width - 1 - x with a width of 2


if __name__ == "__main__":
    sys.exit(main())
