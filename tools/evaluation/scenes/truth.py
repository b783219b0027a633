"""Pictures with all their faces as an evaluation of detectors takes them, and the same pictures turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from infer.faces.pose import rotation_from, rotation_from_five
from infer.geometry.boxes import box_of
from infer.geometry.oriented import boxes_around, oriented_from, roll_of
from infer.geometry.rotations import angles_of, rotation
from records.judging import TruePicture

UNKNOWN_FIVE = np.full((5, 2), np.nan)
MASKED, BARE = "masked", "not masked"
MASKS, BY_HAND = "masks", "box"  # the set, and who says so of its masked faces: nobody could mark points on them


@dataclass(frozen=True, eq=False)
class TrueFace:
    """A face that is known to be there.

    box: upright, tight around its points, (x0, y0, x1, y1) in pixels; height: as it stands, pixels; five: [5, 2], NaN
    unknown; by: who says so; points: [K, 2] of its landmarks, None where they are not known; yaw: radians, NaN unknown.
    """

    box: np.ndarray
    height: float
    five: np.ndarray = field(default_factory=UNKNOWN_FIVE.copy)
    by: str = ""
    points: np.ndarray | None = None
    yaw: float = float("nan")


@dataclass(frozen=True, eq=False)
class TrueScene:
    """A picture uint8 [height, width, 3] BGR with its faces; ignore: boxes [K, 4] of what is neither face nor
    background; key: of the picture, `<set>/<part>/<name>`; source: what no split may part."""

    image: np.ndarray
    faces: Sequence[TrueFace]
    ignore: np.ndarray
    key: str
    source: str

    @property
    def name(self) -> str:
        """What its set is called."""
        return self.key.partition("/")[0]

    def truth(self) -> TruePicture:
        """What its faces are judged by."""
        boxes = np.array([face.box for face in self.faces], np.float64).reshape(-1, 4)
        five = np.array([face.five for face in self.faces], np.float64).reshape(-1, 5, 2)
        heights = np.array([face.height for face in self.faces], np.float64)
        yaws = np.array([face.yaw for face in self.faces], np.float64)
        kinds = [kind_of(self.name, face.by) for face in self.faces]
        return TruePicture(self.name, boxes, heights, yaws, roll_of(five), kinds, self.ignore)


def kind_of(name: str, by: str) -> str:
    """Whether a face of the set `masks` is masked; of another set nothing."""
    return (MASKED if by == BY_HAND else BARE) if name == MASKS else ""


def yaw_of(points: np.ndarray | None, five: np.ndarray) -> float:
    """A head's yaw in radians by its 68 points, else by five; NaN where neither is known."""
    found = rotation_from(points) if points is not None and len(points) == 68 else None
    found = rotation_from_five(five) if found is None else found
    return float("nan") if found is None else float(angles_of(found)[1])


def turned(scene: TrueScene, degrees: float) -> TrueScene:
    """The whole scene turned clockwise, on a canvas that holds all of it; what is new there is black."""
    if degrees % 360 == 0:
        return scene
    turn = _Turn.of(scene.image.shape, np.radians(degrees))
    image = cv2.warpAffine(scene.image, turn.matrix, turn.size, flags=cv2.INTER_LINEAR)
    faces = [_turned_face(face, turn) for face in scene.faces]
    return replace(scene, image=image, faces=faces, ignore=turn.boxes(scene.ignore, np.zeros(len(scene.ignore))))


@dataclass(frozen=True, eq=False)
class _Turn:
    """angle: radians, clockwise; matrix: [2, 3], from a picture's pixels to the turned one's; size: its (width,
    height)."""

    angle: float
    matrix: np.ndarray
    size: tuple[int, int]

    @classmethod
    def of(cls, shape: Sequence[int], angle: float) -> _Turn:
        turn = rotation(angle).round(12)  # so that quarters of a turn move whole pixels
        before = np.array([shape[1], shape[0]])
        after = np.ceil((np.abs(turn) @ before).round(6)).astype(int)
        shift = (after - 1) / 2 - turn @ ((before - 1) / 2)
        return cls(angle, np.column_stack([turn, shift]), (int(after[0]), int(after[1])))

    def points(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2] in the turned picture."""
        return np.asarray(points, np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def boxes(self, boxes: np.ndarray, rolls: np.ndarray) -> np.ndarray:
        """Upright boxes [N, 4] in the turned picture around what is in those of the picture itself, [N, 4].

        rolls: radians, of the heads in them, [N]. By quarters of a turn exactly; else as if it were an ellipse.
        """
        corners = np.asarray(boxes, np.float64).reshape(-1, 2, 2)
        if np.isclose(np.sin(2 * self.angle), 0):
            places = self.points(corners)
            return np.concatenate([places.min(axis=1), places.max(axis=1)], axis=1)
        oriented = oriented_from(corners.reshape(-1, 4), np.nan_to_num(rolls))
        oriented[:, :2] = self.points(oriented[:, :2])
        oriented[:, 4] += self.angle
        return boxes_around(oriented)


def _turned_face(face: TrueFace, turn: _Turn) -> TrueFace:
    """A face in the turned picture; its height and yaw are those of its head, which stay."""
    five = turn.points(face.five)
    points = None if face.points is None else turn.points(face.points)
    if points is not None and np.isfinite(points).all():
        return replace(face, box=box_of(points), five=five, points=points)
    return replace(face, box=turn.boxes(face.box[None], roll_of(face.five)[None])[0], five=five, points=points)
