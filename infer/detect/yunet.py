"""YuNet, a small face detector that runs in OpenCV 4.x and 5.x alike; its `.onnx` file is the user's to bring.

W. Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023. It answers with the
box of the whole face, which the landmark box follows from, and five points, which the roll does. Those it places badly
in profiles and in faces that are turned: boxes around them are farther off.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ..faces.whole_face import landmark_boxes
from ..files.pictures import quiet
from ..files.plain import plain_path
from ..geometry.candidates import Candidates, candidates_of
from ..geometry.oriented import roll_of
from .kinds import CLOSEST
from .own import checked_size
from .reduced import reduced

THRESHOLD = 0.6  # a score from which on its finds are commonly taken for faces
DOUBT = 0.5  # from which on something may be one
OVERLAP, MOST = 0.3, 5000  # OpenCV's own
FIELDS = 15  # x, y, width, height; right eye, left eye, nose, right and left mouth corner; score


class YuNetDetector:
    """Finds faces by YuNet, rolled ones too.

    model: path of its `.onnx` file; size: longest side of the picture that it sees, pixels. Raises FileNotFoundError
    where there is no such file, ValueError where OpenCV cannot run it. One object serves one thread at a time.
    """

    name = "yunet"
    threshold = THRESHOLD
    decides: tuple[float, ...] = ()

    def __init__(self, model: str | Path, size: int = CLOSEST):
        self.model, self.size = Path(model), size
        self.files: tuple[Path, ...] = (self.model,)
        if not self.model.is_file():
            raise FileNotFoundError(f"{self.model}: found no such file, expected YuNet's .onnx")
        self._net = self._open()

    def find(self, image: np.ndarray, size: int | None = None) -> Candidates:
        """The faces of a picture uint8 [height, width, 3] BGR by one look, surest first, of scores from the threshold
        on.

        size: longest side of the look, pixels; None: as the object has it. Raises ValueError for a size beyond what
        our own detector takes, and where the network does not run.
        """
        return self.glance(image, self.size if size is None else checked_size(size), self.threshold)

    def glance(self, image: np.ndarray, side: int, least: float = DOUBT) -> Candidates:
        """What a look at the picture with a longest side of `side` pixels shows, from scores of `least` on, surest
        first, in the picture's pixels."""
        look = reduced(image, side)
        rows = self.run(look.image, least)
        whole = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        five = rows[:, 4:14].reshape(-1, 5, 2)
        return look.found(replace(candidates_of(landmark_boxes(whole), rows[:, -1], roll_of(five)), five=five))

    def run(self, image: np.ndarray, least: float) -> np.ndarray:
        """What it answers to a picture as it is, float64 [N, FIELDS], its pixels, scores from `least` on, highest
        first."""
        self._net.setInputSize(image.shape[1::-1])
        self._net.setScoreThreshold(least)
        try:
            _, rows = self._net.detect(np.ascontiguousarray(image))
        except cv2.error as error:
            raise ValueError(self._cannot(error)) from None
        rows = np.zeros((0, FIELDS)) if rows is None else np.asarray(rows, np.float64)
        return rows[np.argsort(-rows[:, -1], kind="stable")]

    def _open(self):
        if not hasattr(cv2, "FaceDetectorYN"):
            raise ValueError(
                f"detector: found OpenCV {cv2.__version__} without FaceDetectorYN, expected 4.5.4 or later"
            )
        try:
            with quiet(), plain_path(self.model) as model:
                net = cv2.FaceDetectorYN.create(model, "", (320, 320), THRESHOLD, OVERLAP, MOST)
                net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise ValueError(self._cannot(error)) from None
        return net

    def _cannot(self, error: cv2.error) -> str:
        reason = " ".join(str(error.err or error).split())[:120]
        return f"{self.model}: found no network that OpenCV {cv2.__version__} runs as YuNet ({reason})"
