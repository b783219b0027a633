"""Points from pictures: `Landmarker` finds faces, crops them, asks the network and brings the answer back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .contract import Contract, read_contract
from .crop import Crop, box_of
from .detect import HaarDetector, distinct
from .pictures import as_bgr, quiet

HERE = Path(__file__).resolve().parent
BATCH = 32  # faces per forward: memory stays small whatever a picture holds
# A found thing is a face if the second pass agrees with the first: mean distance of the points as a fraction of the
# box's longer edge. Of 610 faces and 94 false alarms found in 609 pictures this keeps 97 % and 40 % (some of the faces
# were in the training set, so a held-out measurement may come out lower).
AGREEMENT = 0.05


@dataclass(frozen=True)
class Face:
    """A found face: box (x0, y0, x1, y1), float32 [4], tight around points, float32 [K, 2]; pixels of the picture."""

    box: np.ndarray
    points: np.ndarray


def default_model() -> Path:
    """The model taken when none is named: `local/landmark.pb` of this folder if it is there, else the shipped one."""
    local = HERE / "local" / "landmark.pb"
    return local if local.is_file() else HERE / "landmark.pb"


class Landmarker:
    """Finds faces and their landmark points.

    model: path of a frozen graph with its contract `.json` beside it, None for `default_model()`; threads: how many
    OpenCV may use (for the whole process), None leaves that alone. Raises FileNotFoundError where model or contract is
    missing, ValueError where they are damaged or do not fit each other. One object serves one thread at a time.
    """

    def __init__(self, model: str | Path | None = None, threads: int | None = None):
        if threads is not None:
            if threads < 1:
                raise ValueError(f"threads: found {threads}, expected at least 1")
            cv2.setNumThreads(threads)
        self.contract = read_contract(default_model() if model is None else model)
        self._net = _load(self.contract)
        self._detector: HaarDetector | None = None

    def fit(self, image: np.ndarray, boxes, passes: int = 2, upright: bool = False) -> np.ndarray:
        """The points of the faces in the given boxes, float32 [N, K, 2], pixels (x, y), in the order of the contract.

        image: uint8 [height, width, 3] BGR or [height, width] grey (16-bit and alpha are converted); boxes: landmark
        boxes (x0, y0, x1, y1), pixels, [N, 4], N >= 0; passes: each pass after the first crops again around the points
        of the one before, turned upright along the line of the eyes if `upright`. Raises ValueError for another kind
        of picture, boxes that are no boxes, passes < 1.
        """
        image, boxes = as_bgr(image), _checked_boxes(boxes)
        if passes < 1:
            raise ValueError(f"passes: found {passes}, expected at least 1")
        return self._passes(image, boxes, passes, upright)[-1]

    def detect(self, image: np.ndarray, passes: int = 2) -> list[Face]:
        """The faces of a picture, surest first; an empty list where none is found.

        image and passes as in `fit`. With two passes or more, a found thing on which the passes disagree is dropped.
        Raises ValueError for another kind of picture, or where this OpenCV has no Haar cascades.
        """
        image = as_bgr(image)
        self._detector = self._detector or HaarDetector()
        boxes = self._detector.find(image)
        if passes < 1:
            raise ValueError(f"passes: found {passes}, expected at least 1")
        answers = self._passes(image, boxes, passes, False)
        faces = [face_of(points) for points in answers[-1]]
        agree = [disagreement(*pair) <= AGREEMENT for pair in zip(answers[0], answers[-1], strict=True)]
        faces = [face for face, same in zip(faces, agree, strict=True) if same]
        return [faces[index] for index in distinct(np.array([face.box for face in faces]).reshape(-1, 4))]

    def _passes(self, image, boxes: np.ndarray, passes: int, upright: bool) -> list[np.ndarray]:
        """The points after each pass."""
        crops = [Crop.around(box, self.contract.margin, self.contract.size) for box in boxes]
        answers = [self._points(image, crops)]
        for _ in range(passes - 1):
            crops = [self._closer(crop, points, upright) for crop, points in zip(crops, answers[-1], strict=True)]
            answers.append(self._points(image, crops))
        return answers

    def _closer(self, crop: Crop, points: np.ndarray, upright: bool) -> Crop:
        """The crop around the points of a first pass; where they have fallen together, the crop they came from."""
        x0, y0, x1, y1 = box_of(points)
        if not max(x1 - x0, y1 - y0) > 1e-3 * crop.side:
            return crop
        angle = self._eye_angle(points) if upright else 0.0
        return Crop.upright(points, angle, self.contract.margin, self.contract.size)

    def _eye_angle(self, points: np.ndarray) -> float:
        """Direction of the line from the right eye to the left one, radians: 0 for an upright face.

        The subject's left eye is at the picture's right, so the line points along the x axis of an upright face.
        """
        x, y = points[self.contract.left_eye].mean(axis=0) - points[self.contract.right_eye].mean(axis=0)
        return float(np.arctan2(y, x))

    def _points(self, image, crops: list[Crop]) -> np.ndarray:
        """One pass of the network: float32 [N, K, 2], pixels of the picture."""
        points = np.empty((len(crops), self.contract.count, 2), np.float32)
        for start in range(0, len(crops), BATCH):
            batch = crops[start : start + BATCH]
            fractions = _forward(self._net, self.contract, [crop.cut(image) for crop in batch])
            for index, (crop, answer) in enumerate(zip(batch, fractions, strict=True), start):
                points[index] = crop.to_picture(answer)
        return points


def face_of(points: np.ndarray) -> Face:
    """The face of points [K, 2]: the box is the tight one around them."""
    return Face(box_of(points).astype(np.float32), points)


def disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of two sets of points [K, 2] as a fraction of the longer edge of the second's box."""
    x0, y0, x1, y1 = box_of(second)
    return float(np.linalg.norm(first - second, axis=1).mean() / max(x1 - x0, y1 - y0, 1e-6))


def _load(contract: Contract):
    try:
        with quiet():
            net = cv2.dnn.readNetFromTensorflow(np.fromfile(contract.model, np.uint8))
            _forward(net, contract, [np.zeros((contract.size, contract.size, 3), np.uint8)])
    except cv2.error as error:
        reason = " ".join(str(error.err or error).split())[:120]
        raise ValueError(
            f"{contract.model}: found no graph that OpenCV {cv2.__version__} can run ({reason}), "
            "expected a frozen TensorFlow graph"
        ) from None
    return net


def _forward(net, contract: Contract, crops: list[np.ndarray]) -> np.ndarray:
    """The network's answer for crops uint8 [size, size, 3] BGR: float32 [N, K, 2], fractions of the crop's side."""
    if contract.order == "GRAY":
        crops = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops]
    blob = cv2.dnn.blobFromImages(crops, swapRB=contract.order == "RGB", ddepth=cv2.CV_32F)
    net.setInput(blob, contract.input_name)
    answer = net.forward(contract.output_name)
    if answer.size != len(crops) * contract.count * 2:
        raise ValueError(
            f"{contract.model}: answers {list(answer.shape)} for {len(crops)} faces, "
            f"expected [{len(crops)}, {contract.count * 2}]"
        )
    return answer.reshape(len(crops), contract.count, 2)


def _checked_boxes(boxes) -> np.ndarray:
    boxes = np.asarray(boxes, np.float64)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes: found shape {list(boxes.shape)}, expected [N, 4]")
    wrong = ~(np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    if wrong.any():
        raise ValueError(f"boxes: found {boxes[wrong][0].tolist()}, expected x0 < x1 and y0 < y1")
    return boxes
