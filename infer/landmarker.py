"""Points from pictures: `Landmarker` finds faces, crops them, asks the network and brings the answer back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .detect.detector import Detector, detector_maker
from .faces.agreement import agreement_scores, disagreement
from .faces.face import Face, TrackedFace, distinct_faces, faces_of
from .faces.located import Located
from .faces.pose import lean
from .files.pictures import as_bgr
from .geometry.boxes import box_of, checked_boxes
from .geometry.candidates import Candidates
from .geometry.crop import Crop
from .model import network
from .model.contract import read_contract
from .model.shipped import model_path
from .model.specialist import Specialist
from .video.tracker import Tracker

PASSES = 2  # of the network, from boxes that may be off
FACES = 1000  # the surest of a picture: each costs passes, and a texture may look like thousands
BATCH = 32  # faces per forward: memory stays small whatever a picture holds
ALIKE = np.radians(12.0)  # by which crops of two passes are turned against each other at most, to mean what they show
UNSURE = 0.05  # of passes that disagree so much, the face may be rolled too far for the first of them
TURNS = (-np.pi / 4, np.pi / 4)  # of the first crop then; the network itself bears about 40 degrees either way


@dataclass(frozen=True)
class LandmarkerOptions:
    """What the commands let their user choose of a `Landmarker`; the fields are its arguments."""

    model: str | None = None
    detector: str | None = None
    detector_model: Path | None = None
    merge: Path | None = None
    detect_size: int | None = None

    def landmarker(self) -> Landmarker:
        """A landmarker as chosen. Raises as `Landmarker` does."""
        return Landmarker(self.model, None, self.detector, self.detector_model, self.merge, self.detect_size)


class Landmarker:
    """Finds faces and their landmark points.

        landmarker = Landmarker()
        faces = landmarker.detect(image)               # list of Face, surest first
        points = landmarker.fit(image, [[x0, y0, x1, y1]])    # float32 [1, 68, 2] of a known landmark box
        faces = landmarker.fit_faces(image, boxes)            # the same as list of Face, with the errors to be expected
        faces = landmarker.track(frame)                # of a video's next frame: the same, with ids, smoothed

    model: path of a model with its contract `.json` beside it, "3d" or "small" for one that came along, None for
    `default_model()`; threads: how many OpenCV may use (for the whole process), None leaves that alone; detector: one
    of `DETECTORS`, None for our own; detector_model: path of its file, which "yunet" needs, None for the one that came
    along; merge: path of a second model that answers some of the points in the first one's place; detect_size: longest
    side of the detector's closest look, pixels, None for its own. Raises FileNotFoundError where model or contract is
    missing, ValueError where they are damaged or do not fit each other, or for another detector or size. One object
    serves one thread at a time.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        threads: int | None = None,
        detector: str | None = None,
        detector_model: str | Path | None = None,
        merge: str | Path | None = None,
        detect_size: int | None = None,
    ):
        if threads is not None:
            if threads < 1:
                raise ValueError(f"threads: found {threads}, expected at least 1")
            cv2.setNumThreads(threads)
        self.contract = read_contract(model_path(model))
        self._net = network.load(self.contract)
        self._second = Specialist(self.contract, merge) if merge else None
        self._make_detector = detector_maker(detector, detector_model, detect_size)
        self._detector: Detector | None = None
        if detector_model is not None:
            self._detector = self._make_detector()  # what cannot be read is told before any work is done
        self._tracker: Tracker | None = None

    def open_detector(self) -> Detector:
        """What finds the faces, loaded the first time. Raises what `detector_maker` says."""
        self._detector = self._detector or self._make_detector()
        return self._detector

    def fit(self, image: np.ndarray, boxes: ArrayLike, passes: int | None = None, upright: bool = True) -> np.ndarray:
        """The points of the faces in the given boxes, float32 [N, K, 2], pixels (x, y), in the order of the contract.

        image: uint8 [height, width, 3] BGR or [height, width] grey (16-bit and alpha are converted); boxes: landmark
        boxes (x0, y0, x1, y1), pixels, [N, 4], N >= 0; passes: each pass after the first crops again around the points
        known so far, turned upright as the head leans if `upright`; None: 2. Every second one sees the mirrored crop,
        where the points have mirror partners. The answer is the mean of the last two, where they agree and their crops
        stand alike, else the last. Faces on which the passes disagree are then tried from crops turned by 45 degrees
        either way as well, so that heads may roll by 60 and more. Raises ValueError for another kind of picture, boxes
        that are no boxes, passes < 1.
        """
        return self._fitted(image, boxes, passes, upright).points

    def fit_faces(
        self, image: np.ndarray, boxes: ArrayLike, passes: int | None = None, upright: bool = True
    ) -> list[Face]:
        """The faces in the given boxes, as `fit` finds their points: with errors, where the model tells them."""
        return faces_of(self._fitted(image, boxes, passes, upright))

    def detect(self, image: np.ndarray, passes: int | None = None, size: int | None = None) -> list[Face]:
        """The faces of a picture, surest first; an empty list where none is found, and never more than `FACES`.

        image and passes as in `fit`, but None: 1, for a detector's boxes are near enough; size: longest side of the
        detector's closest look, pixels, None: as the object has it. The detector looks in a reduced picture first, and
        closer where that may show more. Raises ValueError for another kind of picture, or where this OpenCV lacks the
        detector.
        """
        image, passes = as_bgr(image), _checked_passes(passes, 1)
        return self._faces(image, self.open_detector().find(image, size), passes)

    def faces_at(self, image: np.ndarray, found: Candidates) -> list[Face]:
        """Those of a glance's candidates in a picture uint8 [height, width, 3] that are faces, with their points.

        Each has the detector's score. Of two candidates that lead to the same points the surer one counts.
        """
        return self._faces(image, found.chosen(found.scores >= self.open_detector().threshold), 1)

    def _faces(self, image: np.ndarray, found: Candidates, passes: int) -> list[Face]:
        """The surest of the finds as faces: how sure a find has to be is the detector's to say."""
        found = found.surest(FACES)
        if not len(found):
            return []
        located = self._passes(image, self._crops_at(found.oriented), passes, True)[-1]
        return distinct_faces(faces_of(located, found.scores.tolist()))

    def glance(self, frame: np.ndarray, side: int) -> Candidates:
        """What a quick look of the detector at a frame uint8 [height, width, 3] shows, unsure things too; side: its
        longest side, pixels."""
        return self.open_detector().glance(frame, side)

    def track(self, frame: np.ndarray, time: float | None = None) -> list[TrackedFace]:
        """The faces of a video's next frame, with ids that stay and points smoothed over time.

        frame: as `image` of `fit`; time: of the frame in seconds, later than the one before; None: now. By a `Tracker`
        with its default settings; make one yourself for others, or for a second video at the same time.
        """
        self._tracker = self._tracker or Tracker(self)
        return self._tracker(frame, time)

    def answers(self, image: np.ndarray, boxes: np.ndarray, passes: int) -> list[np.ndarray]:
        """The points after each pass, from landmark boxes [N, 4] as a detector gives them: float32 [N, K, 2] each."""
        return [located.points for located in self._passes(image, self._first_crops(boxes), passes, True)]

    def refine(self, image: np.ndarray, points: np.ndarray) -> Located:
        """One more pass, cropped upright around points [N, K, 2] known nearly (the last frame's), N >= 1.

        image: uint8 [height, width, 3] BGR.
        """
        return self.look(image, [self._upright_crop(some) for some in points])

    def mirrored(self, image: np.ndarray, points: np.ndarray) -> Located:
        """As `refine`, but by a look at the mirrored crops; the points are mirrored back.

        Of points whose partners nobody knows, by one more look as it is.
        """
        known = bool(self.contract.points.flip)
        return self.look(image, [self._upright_crop(some) for some in points], mirrored=known)

    def look(self, image: np.ndarray, crops: Sequence[Crop], mirrored: bool = False) -> Located:
        """One pass of the network over crops of a picture, N >= 0, in pixels of the picture.

        image: uint8 [height, width, 3] BGR; crops: of the contract's size and margin; mirrored: the network sees each
        crop mirrored, and its points are mirrored back.
        """
        crops = [self._moved(crop, mirrored) for crop in crops]
        most = min(BATCH, self.contract.input.batch or BATCH)
        batches = [crops[start : start + most] for start in range(0, len(crops), most)]
        if not batches:
            return Located(np.empty((0, self.contract.points.count, 2), np.float32))
        return Located.joined([self._seen(image, batch, mirrored).in_picture(batch) for batch in batches])

    def scores(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """How well the mirrored look at points [N, K, 2] in a picture uint8 [height, width, 3] agrees with them, as a
        face's does: float64 [N], 0 to 1."""
        return agreement_scores(points, self.mirrored(image, points).points)

    def _crops_at(self, oriented: np.ndarray) -> list[Crop]:
        """The crops around oriented boxes [N, 5], standing as these do."""
        return [Crop.of_oriented(box, self.contract.crop.margin, self.contract.input.size) for box in oriented]

    def _first_crops(self, boxes: ArrayLike) -> list[Crop]:
        """The crops around landmark boxes [N, 4]."""
        return [Crop.around(box, self.contract.crop.margin, self.contract.input.size) for box in checked_boxes(boxes)]

    def _fitted(self, image: np.ndarray, boxes: ArrayLike, passes: int | None, upright: bool) -> Located:
        """What `fit` says."""
        image, crops, passes = as_bgr(image), self._first_crops(boxes), _checked_passes(passes, PASSES)
        answers = self._passes(image, crops, passes, upright)
        return self._best_turned(image, crops, answers) if upright and passes > 1 else answers[-1]

    def _seen(self, image: np.ndarray, crops: Sequence[Crop], mirrored: bool) -> Located:
        """What the networks say of a few crops, in fractions of the crop's side."""
        cuts = [crop.cut(image) for crop in crops]
        if mirrored:
            cuts = [np.ascontiguousarray(cut[:, ::-1]) for cut in cuts]
        located = network.locate(self._net, self.contract, cuts)
        if self._second:
            located = self._second.replace(located, cuts)
        if not mirrored:
            return located
        offset = self._second.offsets if self._second else self.contract.output.offset
        return located.mirrored(self.contract.points.flip, offset)

    def _passes(self, image, crops: list[Crop], passes: int, upright: bool) -> list[Located]:
        """What is known after each pass, the first one looking at the crops.

        Every second pass looks at the mirrored crops: that sees a face anew, and the mean of two looks is steadier than
        either. The look before counts no more where its crop had to be turned far, or the two disagree.
        """
        looks = [self.look(image, crops)]
        answers = looks.copy()
        for number in range(1, passes):
            before, answered = crops, answers[-1].points
            crops = [self._closer(crop, points, upright) for crop, points in zip(before, answered, strict=True)]
            looks.append(self.look(image, crops, mirrored=number % 2 == 1 and bool(self.contract.points.flip)))
            alike = np.array([_stand_alike(*pair) for pair in zip(before, crops, strict=True)], bool)
            agree = disagreement(looks[-2].points, looks[-1].points) <= UNSURE
            answers.append(looks[-1].mean_with(looks[-2], alike & agree))
        return answers

    def _best_turned(self, image, crops: list[Crop], answers: list[Located]) -> Located:
        """The last answers; where the passes disagree on a face, those of the turn whose mirrored look agrees best."""
        located = answers[-1]
        unsure = np.flatnonzero(disagreement(answers[-2].points, located.points) > UNSURE)
        if not len(unsure):
            return located
        best = self.scores(image, located.points[unsure])
        for turn in TURNS:
            turned = [replace(crops[index], angle=turn) for index in unsure]
            last = self._passes(image, turned, len(answers), True)[-1]
            scores = self.scores(image, last.points)
            better = scores > best
            located, best[better] = located.replaced(unsure[better], last.chosen(better)), scores[better]
        return located

    def _closer(self, crop: Crop, points: np.ndarray, upright: bool) -> Crop:
        """The crop around the points of a first pass; where they have fallen together, the crop they came from."""
        x0, y0, x1, y1 = box_of(points)
        if not max(x1 - x0, y1 - y0) > 1e-3 * crop.side:
            return crop
        known = self.contract.points
        angle = lean(points, known.whole, known.left_eye, known.right_eye) if upright else 0.0
        closer = Crop.upright(points, angle, self.contract.recrop.margin, self.contract.input.size)
        return closer.shifted(self.contract.recrop.shift, self.contract.recrop.margin)

    def _upright_crop(self, points: np.ndarray) -> Crop:
        """The crop around points, which may have fallen together: then of a pixel."""
        x, y = points.mean(axis=0)
        spot = Crop((float(x), float(y)), 1.0, self.contract.input.size)
        return self._closer(spot, points, True)

    def _moved(self, crop: Crop, mirrored: bool = False) -> Crop:
        """The crop shifted along its own axes as the contract wants it; mirrored: as it wants the mirrored crop."""
        x, y = self.contract.crop.shift
        return crop.shifted((-x if mirrored else x, y), self.contract.crop.margin)


def _stand_alike(crop: Crop, other: Crop) -> bool:
    """Whether a look at one crop tells as much as one at the other, which is turned against it by little."""
    return abs((crop.angle - other.angle + np.pi) % (2 * np.pi) - np.pi) <= ALIKE


def _checked_passes(passes: int | None, usual: int) -> int:
    """How many passes; `usual` where it is not said. Raises ValueError for less than one."""
    passes = usual if passes is None else passes
    if passes < 1:
        raise ValueError(f"passes: found {passes}, expected at least 1")
    return passes
