"""Variants of a record: turned, shifted, lighter or darker, mirrored; and sets with those of all training records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from infer.geometry.rotations import turned_pose
from records import record
from records.landmarks import Scheme, flip_points
from records.manifest import Manifest
from tools.make.cut import encode_image
from tools.rewrite.sets import Rewriter, Rewriting, noting, opened, rewrite


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


def variants_of(
    turns: Sequence[float], shifts: Sequence[float], brightness: Sequence[float], mirror: bool
) -> list[Variant]:
    """The original, each other way to change it, once, and with mirror the mirror image of each.

    turns: degrees, clockwise as seen; shifts: fractions of the crop's side, each to the left, right, up and down;
    brightness: what grey values are multiplied by.
    """
    ways = [Variant(), *(Variant(turn=turn) for turn in turns)]
    ways += [Variant(shift=(x * shift, y * shift)) for shift in shifts for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    ways += [Variant(brightness=factor) for factor in brightness]
    ways = list(dict.fromkeys(ways))  # a turn by 0 is the original, a number given twice one way
    if mirror:
        ways += [Variant(way.turn, way.shift, way.brightness, True) for way in ways]
    return ways


def augment_records(folder: Path, out: Path, ways: list[Variant], overwrite: bool, offset: float = 0.0) -> Manifest:
    """Writes the multiplied set beside its place and moves it there; returns its manifest.

    offset: how far labels lie to the right of their faces, fractions of the crop's side; of variants they do so too.
    Raises ValueError where something lies at `out` that may not be replaced, or no way changes anything.
    """
    if len(ways) < 2:
        raise ValueError(f"{folder}: found nothing to do, expected --turn, --shift, --brightness or --mirror")
    notes = {"variants": [way.suffix for way in ways]}
    return rewrite(folder, out, overwrite, Rewriting(varied_by(ways, offset), noting(notes)))


def varied_by(ways: list[Variant], offset: float = 0.0) -> Rewriter:
    """What gives a serialised training record and its variants; offset: as `augment_records` has it."""

    def varied(serialised: bytes, manifest: Manifest) -> Iterator[bytes]:
        found, image = opened(serialised, manifest)
        for way in ways:
            if way == Variant():
                yield serialised
            else:
                yield record.encode(changed(found, image, way, manifest, offset))

    return varied


def changed(
    found: record.Record, image: np.ndarray, way: Variant, manifest: Manifest, offset: float = 0.0
) -> record.Record:
    """The record of one variant of a parsed record, whose picture is uint8 [edge, edge, 3] RGB, with its context;
    offset: as `augment_records` has it."""
    context, size, edge = manifest.context, manifest.size, image.shape[0]
    aside = np.array([offset, 0], np.float32)  # the face is what turns and mirrors
    # the face moves one way where the crop moves the other
    centre = (edge - 1) / 2 - np.array(way.shift) * size
    crop = Crop(tuple(centre), size, size, np.radians(-way.turn))
    points = absolute_shape(found.label.reshape(-1, 2) - aside, picture_box(size, size)) + context
    label = crop.to_fractions(points)
    picture = lit(crop.cut(image, context), way.brightness)
    if way.mirrored:
        label, picture = mirrored_label(label, manifest.scheme), np.ascontiguousarray(picture[:, ::-1])
    return record.Record(
        encode_image(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), manifest.encoding),
        (label + aside).ravel(),
        turned_pose(found.pose, crop.angle, way.mirrored),
        found.side,
        found.subset,
        found.name + way.suffix,
        found.source,
        found.doubt,
    )


def lit(image: np.ndarray, factor: float) -> np.ndarray:
    """The picture with its values multiplied, rounded and clipped, uint8."""
    return image if factor == 1 else cv2.convertScaleAbs(image, alpha=factor)


def mirrored_label(label: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Fractions [K, 2] of the mirrored crop: x' = 1 - x, partners swapped."""
    return flip_points(label, 2.0, scheme)  # width - 1 - x with a width of 2
