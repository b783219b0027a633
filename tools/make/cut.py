"""From an item of a data set to the bytes of its record's picture: what the worker processes of make_records.py do."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from infer.geometry.crop import Crop
from infer.geometry.rotations import turned_pose
from records.landmarks import IBUG_68, SCHEMES, Scheme, convert, mapping
from tools.make.workers import Work
from tools.read import formats as readers
from tools.read.face import AnnotatedFace, BadSample, Item, Remark
from tools.read.standing import oriented_of

JPEG_QUALITY = 95
COORDINATE = 1e6  # no picture is as wide
FAR = 3.0  # a label further than this many crop sides from the crop is no label
OUTSIDE = 1.0  # of the picture's longer edge; genuine points lie 0.02 of it outside at most, AFLW2000's somewhat more
MIRRORED = 0.3  # of `eye_span`, below 0; no real face has under -0.12, at 90 degrees of yaw (15,096 measured)


@dataclass(frozen=True)
class CutSettings(Work):
    """How faces are cut: 300W-LP's key, crop size, margin, border in pixels, encoding "jpeg" or "raw", point scheme;
    upright: as the heads stand."""

    points: str
    size: int
    margin: float
    context: int
    encoding: str
    scheme: Scheme = IBUG_68
    upright: bool = False

    def cut(self, item: Item) -> Cut:
        return cut_face(item, self)


@dataclass(frozen=True)
class Cut:
    """A face cut out: encoded picture, label float32 [2K], pose float32 [3], side of the crop in source pixels, remarks
    of its reader."""

    image: bytes
    label: np.ndarray
    pose: np.ndarray
    side: float
    remarks: tuple[Remark, ...] = ()


def cut_face(item: Item, settings: CutSettings) -> Cut:
    """The crop of one item, encoded, with its label in fractions of the crop's side. Raises BadSample."""
    face = readers.read(item, settings.points)
    largest = max(np.nanmax(np.abs(face.points)), np.abs(face.box).max())
    if largest > COORDINATE:
        message = f"{item.annotation.name}: found a coordinate of {largest:.3g}, expected at most {COORDINATE:g}"
        raise BadSample("points far outside", message)
    crop = crop_of(face, settings)
    points = convert(face.points, face.scheme, settings.scheme)
    label = crop.to_fractions(points).ravel()
    if np.nanmax(np.abs(label - 0.5)) > FAR:
        raise BadSample(
            "points far outside",
            f"{item.annotation.name}: a point lies {np.nanmax(np.abs(label - 0.5)):.1f} crop sides off",
        )
    image = crop.cut(face.image, settings.context)
    if not image.any():
        raise BadSample(
            "face outside the picture",
            f"{item.name}: the crop around {face.box.round(1).tolist()} shows nothing of the picture",
        )
    check_points(face, item)
    pose = turned_pose(face.pose, crop.angle, False) if crop.angle else face.pose
    return Cut(encode_image(image, settings.encoding), label, pose, float(crop.side), face.remarks)


def crop_of(face: AnnotatedFace, settings: CutSettings) -> Crop:
    """The crop of a face: around its box, or turned as its head stands, where that is known."""
    if settings.upright:
        return Crop.of_oriented(oriented_of(face), settings.margin, settings.size)
    return Crop.around(face.box, settings.margin, settings.size)


def check_points(face: AnnotatedFace, item: Item) -> None:
    """Raises BadSample for points that can't be right: far outside the picture, or with left and right exchanged."""
    edge = max(face.image.shape[:2])
    beyond = np.nanmax(np.maximum(-face.points, face.points - face.image.shape[1::-1]))
    if beyond > OUTSIDE * edge:
        raise BadSample(
            "points far outside",
            f"{item.annotation.name}: a point lies {beyond:.0f} px outside the picture, expected at most {edge}",
        )
    ratio = eye_span(face.points, face.scheme)
    if ratio < -MIRRORED:
        raise BadSample(
            "mirrored order",
            f"{item.annotation.name}: left and right are exchanged (eye span {ratio:.2f}), expected over {-MIRRORED}",
        )


def eye_span(points: np.ndarray, scheme: Scheme = IBUG_68) -> float:
    """From right eye to left eye, across the way from eyes to mouth, as a part of that way.

    points: [K, 2]; where they do not hold the 68, the mouth is its corners. About 0.9 for a frontal face whichever way
    up, about 0 for a profile, negative where left and right are exchanged; NaN where the eyes or the mouth are unknown,
    and for points of which no scheme says where they lie.
    """
    held = next((one for one in (IBUG_68, SCHEMES["mtfl5"]) if mapping(scheme, one)), None)
    if held is None:
        return np.nan
    points = convert(points, scheme, held)
    places = (held.right_eye, held.left_eye, held.groups["mouth"])
    return eyes_apart(*(points[list(group)].mean(axis=0, dtype=np.float64) for group in places))


def eyes_apart(right: np.ndarray, left: np.ndarray, mouth: np.ndarray) -> float:
    """`eye_span` of the places (x, y) of both eyes and the mouth."""
    across, down = left - right, mouth - (left + right) / 2
    return float((across[0] * down[1] - across[1] * down[0]) / max(down @ down, 1e-6))


def encode_image(image: np.ndarray, encoding: str) -> bytes:
    """A BGR picture uint8 [N, N, 3] as record bytes: a JPEG (decodes to RGB), or raw RGB."""
    if encoding == "raw":
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).tobytes()
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
