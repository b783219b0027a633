"""Faces followed through a video: each frame starts from the points of the one before, and looking anew is rare.

A face that is followed costs one pass of the network a frame, from where it should be by now. Every now and then the
detector glances at the frame: for further faces, and for whether what is followed is one still. Where that is in doubt,
or a face was lost a moment ago, it glances at once. Where a face has become another from one frame to the next the
video was cut: it is looked for anew. Of two that came to the same place, the one that looks like what is seen there
stays, and the other is waited for where it was going.
"""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..detect.own import FIRST
from ..detect.parts import LOW
from ..faces.agreement import disagreement
from ..faces.face import Face, TrackedFace, faces_of
from ..faces.located import Located
from ..files.pictures import as_bgr
from ..geometry.boxes import OVERLAP, SAME, overlaps
from ..geometry.candidates import Candidates
from .looks import look_of
from .smoothing import FaceSmoother, SmoothingSettings
from .tracks import ALIKE, Memory, Sighting, Track, fit_of, is_apart, pairs

MOVED = 0.06  # of the face: points so far from where they were sought get a second pass, for their crop was off
CHEAP = 2 * FIRST  # pixels of the longest side: a glance up to there may be had in every frame for a while
FINEST = 1280  # pixels of the longest side of a glance: it has to show the smallest face that is followed


@dataclass(frozen=True)
class TrackerSettings:
    """look: seconds from one glance to the next, of a coarse one: finer ones are as much rarer as their area is larger,
    whichever network takes them, so that small faces need not wait for a slower one; idle: from one search of the whole
    frame to the next while none is followed; strikes: glances in a row without it that end a face; search: seconds for
    which a lost one is looked for in every frame, if the glance is not too fine; remember: for which it keeps its id;
    smooth: of the points, None for none."""

    look: float = 0.25
    idle: float = 0.25
    strikes: int = 2
    search: float = 0.5
    remember: float = 2.0
    smooth: SmoothingSettings | None = field(default_factory=SmoothingSettings)


class FaceFinder(Protocol):
    """What a tracker needs of a `Landmarker`; pictures are uint8 [height, width, 3], points float32 [N, K, 2]."""

    def detect(self, image: np.ndarray) -> list[Face]:
        """The faces of a picture."""

    def glance(self, frame: np.ndarray, side: int) -> Candidates:
        """What a quick look with a longest side of so many pixels shows, unsure things too."""

    def faces_at(self, image: np.ndarray, found: Candidates) -> list[Face]:
        """The candidates that are faces, with their points."""

    def refine(self, image: np.ndarray, points: np.ndarray) -> Located:
        """Points that were known nearly."""


class Tracker:
    """Follows the faces of one video. Called with each frame in turn, it answers with the faces in it, by id.

    landmarker: a `Landmarker`, not used elsewhere at the same time; settings: of following and smoothing. Looks for
    faces at once while it follows none.
    """

    def __init__(self, landmarker: FaceFinder, settings: TrackerSettings | None = None):
        self.landmarker, self.settings = landmarker, settings or TrackerSettings()
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._next_look = self._next_search = self._time = float("-inf")
        self._next_id = 1

    def __call__(self, frame: np.ndarray, time: float | None = None) -> list[TrackedFace]:
        """The faces of the next frame: uint8 [height, width, 3] BGR (grey, alpha, 16-bit too); time in seconds.

        time: later than that of the frame before; None: now. Raises ValueError for another kind of picture, a time
        that is not later, or where this OpenCV lacks the detector.
        """
        frame, time = as_bgr(frame), clock.monotonic() if time is None else float(time)
        if not time > self._time:
            raise ValueError(f"track: found a frame of {time} s, expected one later than {self._time} s")
        self._time = time
        self._lost = [track for track in self._lost if time - track.seen <= self.settings.remember]
        before = {track.id: (track.points, track.seen) for track in self._tracks}
        self._follow(frame)
        cut = self._notice_cut(frame)
        self._part()
        for track in self._tracks:
            self._note(track, *before[track.id])
        self._search(frame) if cut or not self._tracks else self._glance_if_due(frame)
        return [track.shown(time) for track in self._tracks]

    def _follow(self, frame: np.ndarray) -> None:
        """The points of every followed face in the new frame; twice where they are not where they should be."""
        if not self._tracks:
            return
        sought = np.array([track.expected(self._time) for track in self._tracks])
        located = self.landmarker.refine(frame, sought)
        far = np.flatnonzero(disagreement(sought, located.points) > MOVED)
        restless = np.zeros(len(sought), bool)
        if len(far):
            again = self.landmarker.refine(frame, located.points[far])
            restless[far] = disagreement(located.points[far], again.points) > MOVED
            located = located.replaced(far, again)
        for track, answer, moves in zip(self._tracks, faces_of(located), restless.tolist(), strict=True):
            track.points, track.errors, track.seen, track.restless = answer.points, answer.errors, self._time, moves

    def _notice_cut(self, frame: np.ndarray) -> bool:
        """Ends every face that has become another one, or none at all; whether there is one."""
        ended = []
        for track in self._tracks:
            look = look_of(frame, track.points)
            if look.is_another(track.look):
                ended.append(track)
            else:
                track.look = look
        self._lose(ended)
        return bool(ended)

    def _part(self) -> None:
        """Of two that came to the same face, ends the one that it does not look like, or is farther from it."""
        fits = {track.id: fit_of(track.memory, track.box, track.look, self._time) for track in self._tracks}
        kept: list[Track] = []
        # of two that fit alike the older one
        for track in sorted(self._tracks, key=lambda track: -fits[track.id]):
            if not kept or overlaps(track.box, np.array([other.box for other in kept])).max() <= OVERLAP:
                kept.append(track)
        self._lose([track for track in self._tracks if track not in kept])

    def _note(self, track: Track, points: np.ndarray, since: float) -> None:
        """Remembers a face as it is, while it is surely itself: alone, or looking as it did."""
        if track.strikes or track.restless:
            return
        alone = is_apart(track.box, [other.box for other in self._tracks if other is not track])
        if alone or track.memory.look.likeness(track.look) >= ALIKE:
            track.remember(self._time, points, since, alone)

    def _lose(self, tracks: Sequence[Track]) -> None:
        """Follows these no more, but knows them for a while."""
        self._tracks = [track for track in self._tracks if track not in tracks]
        self._lost += tracks
        if tracks:
            self._next_look = self._next_search = self._time

    def _search(self, frame: np.ndarray) -> None:
        """Looks for faces in the whole frame, as in a picture; while none is followed, now and then, and glances in
        between."""
        if self._time >= self._next_search:
            self._next_search = self._time + self.settings.idle
            self._next_look = self._time + self.settings.look
            self._add(frame, self.landmarker.detect(frame))
        else:
            self._glance(frame)

    def _glance_if_due(self, frame: np.ndarray) -> None:
        unsure = any(track.strikes or track.restless for track in self._tracks)
        fresh = any(self._time - track.seen <= self.settings.search for track in self._lost)
        cheap = self._side(frame) <= CHEAP
        if self._time >= self._next_look or unsure or (fresh and cheap):
            self._glance(frame)

    def _glance(self, frame: np.ndarray) -> None:
        """Ends what is a face no more, and follows what else the detector sees."""
        side = self._side(frame)
        self._next_look = self._time + self.settings.look * (side / FIRST) ** 2
        seen = self.landmarker.glance(frame, side)
        for track in self._tracks:
            on = seen.scores[overlaps(track.box, seen.boxes) >= SAME]
            track.strikes, track.score = (0, float(on.max())) if len(on) else (track.strikes + 1, track.score)
        free = seen.chosen([self._is_free(box) for box in seen.boxes] or [])
        self._add(frame, self.landmarker.faces_at(frame, free))
        self._lose([track for track in self._tracks if track.strikes >= self.settings.strikes])

    def _side(self, frame: np.ndarray) -> int:
        """The longest side, pixels, of a glance that shows the lowest face followed or lost, within bounds."""
        heights = [track.memory.box[3] - track.memory.box[1] for track in self._tracks + self._lost]
        wanted = LOW * max(frame.shape[:2]) / max(min(heights), 1.0) if heights else FIRST
        return int(np.clip(np.ceil(wanted), FIRST, FINEST))

    def _is_free(self, box: np.ndarray) -> bool:
        followed = [track.box for track in self._tracks]
        return not followed or overlaps(box, np.array(followed)).max() < SAME

    def _add(self, frame: np.ndarray, faces: Sequence[Face]) -> None:
        """Follows these too, where nobody is followed yet: under the id of one lost a moment ago, or of one that was
        just missed at its place, if they lie where it should be and look like it."""
        steady = [track.box for track in self._tracks if not track.strikes]
        found = [
            Sighting(face, look_of(frame, face.points), is_apart(face.box, steady))
            for face in faces
            if self._is_free(face.box)
        ]
        missed = [track for track in self._tracks if track.strikes]
        known = pairs(found, [*self._lost, *missed], self._time)
        for index, one in enumerate(found):
            track = known.get(index)
            if track is None:
                self._tracks.append(self._new(one))
                continue
            track.take(one, self._smoothing(), self._time)
            self._lost = [other for other in self._lost if other is not track]
            self._tracks += [] if track in self._tracks else [track]
        self._tracks.sort(key=lambda track: track.id)

    def _new(self, found: Sighting) -> Track:
        """A face that nobody knows yet."""
        face, look = found.face, found.look
        memory = Memory(look, face.box.astype(np.float64), np.zeros(2), self._time)
        self._next_id += 1
        seen = (face.points, face.score, look, self._smoothing(), memory, self._time)
        return Track(self._next_id - 1, *seen, errors=face.errors)

    def _smoothing(self) -> FaceSmoother | None:
        return FaceSmoother(self.settings.smooth) if self.settings.smooth else None
