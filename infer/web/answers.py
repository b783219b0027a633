"""From a picture's bytes to what is answered: done by a worker, with infer's own reading, drawing and writing."""

from __future__ import annotations

import time
from dataclasses import dataclass

import cv2
import numpy as np

from ..draw import draw_faces
from ..faces.face import Face
from ..files.headers import UnknownKind
from ..files.kinds import COMMON
from ..files.pictures import TooLarge, decode_picture
from ..files.points import csv_lines, json_line, picture_entry, pts_text
from ..landmarker import Landmarker
from ..model.contract import Contract
from .problems import Problem
from .uploads import AnswerOptions, Upload

TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pts": "text/plain; charset=utf-8"}
TYPES["png"] = "image/png"
STATUSES: dict[type[Exception], int] = {UnknownKind: 415, TooLarge: 413}  # all else that is wrong is 422


@dataclass(frozen=True)
class Found:
    """What came of a picture: the entry that the JSON has of it, the body of the answer, and the milliseconds that
    waiting for a worker, decoding, finding and writing took."""

    entry: dict
    body: bytes
    times: dict[str, float]


class Job:
    """One picture to do, for `Workers.submit`."""

    def __init__(self, upload: Upload, options: AnswerOptions, pixels: int):
        self.upload, self.options, self.pixels = upload, options, pixels
        self._times: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, landmarker: Landmarker) -> Found:
        """Raises Problem where the picture cannot be done."""
        self._note("wait")
        try:
            image = decode_picture(self.upload.data, self.upload.name, limit=self.pixels, kinds=COMMON)
            self._note("decode")
            faces = self._faces(landmarker, image)
            self._note("find")
            entry = picture_entry(self.upload.name, image.shape, faces, landmarker.contract.points.whole)
            body = body_of(entry, image, faces, landmarker.contract, self.options)
            self._note("write")
        except (ValueError, MemoryError, cv2.error) as error:
            raise problem_of(error, self.upload.name) from None
        return Found(entry, body, self._times)

    def _faces(self, landmarker: Landmarker, image: np.ndarray) -> list[Face]:
        boxes, passes = self.upload.boxes, self.options.passes
        if boxes is None:
            return landmarker.detect(image, passes, self.options.detect_size)
        return landmarker.fit_faces(image, boxes, passes)

    def _note(self, step: str) -> None:
        now = time.perf_counter()
        self._times[step], self._last = (now - self._last) * 1000, now


def body_of(entry: dict, image: np.ndarray, faces: list[Face], contract: Contract, options: AnswerOptions) -> bytes:
    """The answer in the wanted format. Raises Problem where a `.pts` is wanted of a face that there is not."""
    if options.format == "csv":
        return b"".join(csv_lines([entry], contract.points.count, contract.tells_errors))
    if options.format == "pts":
        if options.face >= len(faces):
            raise Problem(422, f"{entry['file']}: found {len(faces)} faces, expected one of number {options.face}")
        return pts_text(faces[options.face].points).encode()
    if options.format == "png":
        return png_of(image, faces, contract, options)
    return json_body([entry])


def json_body(entries: list[dict]) -> bytes:
    """The shape of the command line's points.json."""
    return json_line({"images": entries}).encode()


def png_of(image: np.ndarray, faces: list[Face], contract: Contract, options: AnswerOptions) -> bytes:
    """The picture with the wanted groups of points drawn in, as PNG."""
    names = contract.points.groups if options.groups is None else options.groups
    groups = {name: contract.points.groups[name] for name in names}
    lines = {name: chains for name, chains in contract.points.lines.items() if name in groups}
    shown = faces if groups else []
    errors = [face.errors for face in shown] if options.errors else []
    drawn = draw_faces(image, [face.points for face in shown], groups, lines, options.numbers, errors=errors)
    return cv2.imencode(".png", drawn)[1].tobytes()


def problem_of(error: Exception, name: str) -> Problem:
    """What is said of a picture that cannot be done."""
    if isinstance(error, MemoryError):
        return Problem(413, f"{name}: found no memory for it, expected a smaller picture")
    if isinstance(error, cv2.error):
        return Problem(422, f"{name}: found a picture that OpenCV cannot work on, expected a plain one")
    return Problem(STATUSES.get(type(error), 422), str(error))
