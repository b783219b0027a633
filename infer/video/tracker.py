"""Faces followed through a video: each frame starts from the points of the one before, and looking anew is rare.

A face that is followed costs one pass of the network a frame. The detector looks for further ones on a second thread
every `TrackerSettings.look` seconds, in a reduced picture, and its answer is taken up a fixed number of frames later,
so that no frame waits for it and the same video gives the same faces on every machine. Where a face has become another
from one frame to the next the video was cut: it is looked for anew at once.
"""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..detect.detector import Detector
from ..faces.check import FACE, disagreement
from ..faces.face import Face, TrackedFace, distinct_faces
from ..files.pictures import as_bgr
from ..geometry.boxes import box_of, distinct, overlaps
from .looks import FaceLook, look_of
from .smoothing import OneEuro, SmoothingSettings

SAME = 0.3  # IoU of boxes from which on a found face is one that is followed, or one lost a moment ago
MOVED = 0.06  # of the face: points so far from the last ones get a second pass, for their crop was off


@dataclass(frozen=True)
class TrackerSettings:
    """look: seconds from one look for further faces to the next; idle: the same while none is followed; delay: frames
    after which a look's answer is taken up; check: frames from one check that a followed thing is a face to the next;
    strikes: failed checks in a row that end it; remember: seconds for which a lost face keeps its id; smooth: of the
    points, None for none."""

    look: float = 0.5
    idle: float = 0.1
    delay: int = 15
    check: int = 8
    strikes: int = 2
    remember: float = 2.0
    smooth: SmoothingSettings | None = field(default_factory=SmoothingSettings)


@dataclass(eq=False)
class _Track:
    """A face that is followed: its raw points [K, 2], look, score and filter, frames since its check, failed checks in
    a row, and the time it was last seen."""

    id: int
    points: np.ndarray
    look: FaceLook
    score: float | None
    filter: OneEuro | None
    seen: float
    unchecked: int = 0
    strikes: int = 0

    def shown(self, time: float) -> TrackedFace:
        """The face as it is at that time, smoothed."""
        points = self.filter(self.points, time) if self.filter else self.points
        return TrackedFace(box_of(points).astype(np.float32), points, self.score, self.id)


class FaceFinder(Protocol):
    """What a tracker needs of a `Landmarker`; pictures are uint8 [height, width, 3], points float32 [N, K, 2]."""

    def detect(self, image: np.ndarray) -> list[Face]:
        """The faces of a picture."""

    def faces_in(self, image: np.ndarray, boxes: np.ndarray) -> list[Face]:
        """Those of the landmark boxes [N, 4] that hold a face, with its points."""

    def refine(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Points that were known nearly."""

    def scores(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """How surely points are a face's, float64 [N]."""

    def new_detector(self) -> Detector:
        """A detector for another thread."""


class Tracker:
    """Follows the faces of one video. Called with each frame in turn, it answers with the faces in it, by id.

    landmarker: a `Landmarker`, not used elsewhere at the same time; settings: of following and smoothing. Looks for
    faces at once while it follows none.
    """

    def __init__(self, landmarker: FaceFinder, settings: TrackerSettings | None = None):
        self.landmarker, self.settings = landmarker, settings or TrackerSettings()
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._detector: Detector | None = None  # the second thread's own
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future | None = None  # a look under way
        self._wait = 0  # frames until its answer is taken up
        self._turn = 0  # which of the detector's looks it is
        self._next_look = self._time = float("-inf")
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
        self._follow(frame)
        self._notice_cut(frame)
        self._check(frame)
        self._search(frame) if self._tracks else self._detect(frame)
        kept = distinct(np.array([box_of(track.points) for track in self._tracks]).reshape(-1, 4))
        self._tracks = [self._tracks[index] for index in kept]  # the older one of two that came to the same face
        return [track.shown(time) for track in self._tracks]

    def _follow(self, frame: np.ndarray) -> None:
        """The points of every followed face in the new frame; twice where they moved far."""
        if not self._tracks:
            return
        before = np.array([track.points for track in self._tracks])
        points = self.landmarker.refine(frame, before)
        far = np.flatnonzero(disagreement(before, points) > MOVED)
        if len(far):
            points[far] = self.landmarker.refine(frame, points[far])
        for track, answer in zip(self._tracks, points, strict=True):
            track.points, track.seen = answer, self._time

    def _notice_cut(self, frame: np.ndarray) -> None:
        """Ends every face that has become another one, or none at all, and takes up at once what is there now."""
        ended = []
        for track in self._tracks:
            look = look_of(frame, track.points)
            if look.is_another(track.look):
                ended.append(track)
            else:
                track.look = look
        if ended:
            self._lose(ended)
            boxes = np.array([box_of(track.points) for track in ended])
            boxes = boxes[np.ptp(boxes.reshape(-1, 2, 2), axis=1).min(axis=1) > 1]  # points may have fallen together
            # the detector may miss a face on which the points already lie
            self._look_now(frame, self.landmarker.faces_in(frame, boxes))

    def _check(self, frame: np.ndarray) -> None:
        """Ends what is a face no more; every track is asked about once in a few frames."""
        due = []
        for track in self._tracks:
            track.unchecked += 1
            if track.unchecked >= self.settings.check or track.strikes:
                due.append(track)
        if not due:
            return
        points = np.array([track.points for track in due])
        scores = self.landmarker.scores(frame, points)
        for track, score in zip(due, scores.tolist(), strict=True):
            track.score, track.unchecked = score, 0
            track.strikes = track.strikes + 1 if score < FACE else 0
        self._lose([track for track in due if track.strikes >= self.settings.strikes])

    def _lose(self, tracks: list[_Track]) -> None:
        """Follows these no more, but knows them for a while."""
        self._tracks = [track for track in self._tracks if track not in tracks]
        self._lost += tracks
        if tracks:
            self._next_look = self._time

    def _detect(self, frame: np.ndarray) -> None:
        """Looks for faces while none is followed: here nothing has to wait but the next look."""
        if self._time >= self._next_look:
            self._look_now(frame)

    def _look_now(self, frame: np.ndarray, known: Sequence[Face] = ()) -> None:
        """Looks for faces while the frame waits, and follows these and the known ones that are not followed yet."""
        self._pending = None  # what it finds is older
        faces = distinct_faces([*self.landmarker.detect(frame), *known])
        self._add(frame, [face for face in faces if self._is_free(face.box)])
        self._next_look = self._time + (self.settings.look if self._tracks else self.settings.idle)

    def _search(self, frame: np.ndarray) -> None:
        """Looks for further faces on the second thread, and takes up what was found some frames ago."""
        if self._pending:
            self._wait -= 1
            if self._wait <= 0:
                boxes, self._pending = self._pending.result(), None
                self._add(frame, self.landmarker.faces_in(frame, self._free(boxes)))
        elif self._time >= self._next_look:
            self._next_look = self._time + self.settings.look
            self._pending, self._wait = self._pool.submit(self._one_look, frame), self.settings.delay

    def _one_look(self, frame: np.ndarray) -> np.ndarray:
        """Boxes from one of the detector's looks, the next one in turn."""
        self._detector = self._detector or self.landmarker.new_detector()
        self._turn += 1
        return self._detector.look(frame, self._turn)

    def _free(self, boxes: np.ndarray) -> np.ndarray:
        """Those of the boxes that lie on no face that is followed."""
        boxes = boxes[distinct(boxes)]
        return boxes[[self._is_free(box) for box in boxes]] if len(boxes) else boxes

    def _is_free(self, box: np.ndarray) -> bool:
        followed = [box_of(track.points) for track in self._tracks]
        return not followed or overlaps(box, np.array(followed)).max() < SAME

    def _add(self, frame: np.ndarray, faces: Sequence[Face]) -> None:
        """Follows these too, under the id of one lost a moment ago where they lie on it and look like it."""
        self._lost = [track for track in self._lost if self._time - track.seen <= self.settings.remember]
        for face in faces:
            look = look_of(frame, face.points)
            old = self._known(face, look)
            smooth = OneEuro(self.settings.smooth) if self.settings.smooth else None
            number = old.id if old else self._next_id
            self._next_id += not old
            self._tracks.append(_Track(number, face.points, look, face.score, smooth, self._time))
        self._tracks.sort(key=lambda track: track.id)

    def _known(self, face: Face, look: FaceLook) -> _Track | None:
        """The lost one that a face is, taken out of those; None where it is a new one."""
        shared = [
            0.0 if look.is_another(track.look) else overlaps(face.box, box_of(track.points)[None])[0]
            for track in self._lost
        ]
        return self._lost.pop(int(np.argmax(shared))) if shared and max(shared) >= SAME else None
