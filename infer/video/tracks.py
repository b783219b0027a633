"""A followed face: where it is, where it goes, what it looks like; and which of those lost a found one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..faces.face import Face, TrackedFace
from ..geometry.boxes import SAME, box_of, overlaps
from .looks import MARGIN, FaceLook
from .smoothing import FaceSmoother

BLEND, SLOWLY = 0.3, 0.05  # of the velocity from the last frame to this one in what is gone by; near others
STILL = 0.02  # of the face's edge: what moves less from frame to frame may only tremble
FARTHEST = 1.0  # seconds for which a lost face is thought to go on as it went
REACH = 1.0  # of the face's edge: so far from where it should be a lost face may turn up at once,
SPREAD = 1.5  # and so much farther with every second
HIDDEN = 0.75  # of the face's edge: so near to where it should be a face that is half hidden is the one waited for
ALIKE = 0.4  # likeness of looks from which on a face is surely the same one


@dataclass(frozen=True)
class Sighting:
    """A face that was found anew, its look, and whether it shows whole: no face that is followed touches it."""

    face: Face
    look: FaceLook
    whole: bool


@dataclass(frozen=True)
class Memory:
    """A face as it was when it was last surely itself: its look, box float64 [4], velocity [2] in pixels a second and
    the time in seconds."""

    look: FaceLook
    box: np.ndarray
    velocity: np.ndarray
    time: float

    def box_at(self, time: float) -> np.ndarray:
        """Where it should be by now, float64 [4], if it went on as it went."""
        return self.box + np.tile(self.velocity * min(time - self.time, FARTHEST), 2)


@dataclass(eq=False)
class Track:
    """A face that is followed: its raw points [K, 2], score, look, filter, memory, the time it was last seen, how often
    in a row nothing was seen on it, whether its points would not come to rest, and the points' errors [K], if known."""

    id: int
    points: np.ndarray
    score: float | None
    look: FaceLook
    filter: FaceSmoother | None
    memory: Memory
    seen: float
    strikes: int = 0
    restless: bool = False
    errors: np.ndarray | None = None

    @property
    def box(self) -> np.ndarray:
        """The box around the points, float64 [4]."""
        return box_of(self.points)

    def expected(self, time: float) -> np.ndarray:
        """Where its points should be in a frame of that time, [K, 2]; where they were, if that is hardly elsewhere."""
        gone = self.memory.velocity * min(time - self.seen, FARTHEST)
        moves = float(np.linalg.norm(gone)) > STILL * edge_of(self.box)
        return self.points + gone.astype(np.float32) if moves else self.points

    def remember(self, time: float, before: np.ndarray, since: float, alone: bool) -> None:
        """Takes it as it is now for itself; before: its points in the frame of `since`.

        alone: else others may hide a part of it, which neither its look nor its way is to be taken from.
        """
        gone, blend = (middle_of(self.box) - middle_of(box_of(before))) / (time - since), BLEND if alone else SLOWLY
        velocity = blend * gone + (1 - blend) * self.memory.velocity
        self.memory = Memory(self.look if alone else self.memory.look, self.box, velocity, time)

    def take(self, found: Sighting, smooth: FaceSmoother | None, time: float) -> None:
        """Goes on, smoothed anew, from a face that was found; its way there says nothing of how it goes on."""
        self.points, self.score, self.look, self.seen = found.face.points, found.face.score, found.look, time
        self.errors = found.face.errors
        self.strikes, self.restless, self.filter = 0, False, smooth
        if found.whole:
            self.memory = Memory(found.look, self.box, np.zeros(2), time)

    def shown(self, time: float) -> TrackedFace:
        """The face as it is at that time, smoothed."""
        points = self.filter(self.points, time, self.errors) if self.filter else self.points
        return TrackedFace(box_of(points).astype(np.float32), points, self.score, self.id, errors=self.errors)


def middle_of(box: np.ndarray) -> np.ndarray:
    """The middle (x, y) of a box [4]."""
    return (box[:2] + box[2:]) / 2


def edge_of(box: np.ndarray) -> float:
    """The longer edge of a box [4], at least a pixel."""
    return float(max(*(box[2:] - box[:2]), 1.0))


def is_apart(box: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether a face with this box [4] shows whole, its surroundings as well: none of the others touches them."""
    room = MARGIN * edge_of(box) * np.array([-1, -1, 1, 1])
    return not others or float(overlaps(box + room, np.array(others)).max()) == 0


def fit_of(memory: Memory, box: np.ndarray, look: FaceLook, time: float, whole: bool = True) -> float:
    """How well a face with this box [4] and look is the one remembered: the likeness, less what it is off, in edges of
    the face, from where it should be; -inf where it cannot be.

    It may be where it should be, if it does not look like another one, or near there, if it looks alike; and where it
    does not show whole, its look says nothing against it.
    """
    there = memory.box_at(time)
    likeness = memory.look.likeness(look)
    off = float(np.linalg.norm(middle_of(box) - middle_of(there))) / edge_of(there)
    at_place = overlaps(box, there[None])[0] >= SAME and not look.is_another(memory.look)
    near = off <= REACH + SPREAD * (time - memory.time) and likeness >= ALIKE
    comes_out = not whole and off <= HIDDEN
    return likeness - off if at_place or near or comes_out else -np.inf


def pairs(found: Sequence[Sighting], tracks: Sequence[Track], time: float) -> dict[int, Track]:
    """Which found faces are which of the tracks, by the faces' indices: the best pair first, each track once."""
    fits = np.array(
        [[fit_of(track.memory, one.face.box, one.look, time, one.whole) for track in tracks] for one in found]
    )
    chosen: dict[int, Track] = {}
    while fits.size and fits.max() > -np.inf:
        face, track = (int(index) for index in np.unravel_index(fits.argmax(), fits.shape))
        chosen[face] = tracks[track]
        fits[face], fits[:, track] = -np.inf, -np.inf
    return chosen
