"""Films whose faces are known, and a landmarker that knows them: for the tracker and the jobs around it."""

from __future__ import annotations

import cv2
import numpy as np

from infer.faces.face import face_of
from infer.faces.located import Located
from infer.geometry.boxes import box_of
from infer.geometry.candidates import candidates_of
from infer.video.frames import VideoFile
from infer.video.tracker import Tracker

SHAPE = np.array([[-1, -1], [1, -1], [0, 0.2], [-0.6, 1], [0.6, 1]]) * 20.0
RATE = 30.0
SIZE = (160, 120)  # of a clip


class Truth:
    """A landmarker, and a detector, for films whose faces are known: the middle of each by frame, None where it is not
    there; errors: of the points, [K], by frame, None where it tells none. The frame's first pixels tell its number."""

    def __init__(self, *paths, errors=None):
        self.paths, self.errors = paths, errors
        self.detected, self.glanced, self.refined = [], [], []

    def at(self, frame) -> list[np.ndarray]:
        index = int(frame[0, 0, 0]) + 256 * int(frame[0, 0, 1])
        return [SHAPE + path(index) for path in self.paths if path(index) is not None]

    def errors_at(self, frame) -> np.ndarray | None:
        return self.errors and self.errors(int(frame[0, 0, 0]) + 256 * int(frame[0, 0, 1])).astype(np.float32)

    def nearest(self, frame, points):
        near = [true for true in self.at(frame) if np.abs(true.mean(axis=0) - points.mean(axis=0)).max() < 15]
        return near[0] if near else None

    def detect(self, frame):
        self.detected.append(int(frame[0, 0, 0]))
        return [face_of(true.astype(np.float32), 0.9, self.errors_at(frame)) for true in self.at(frame)]

    def faces_at(self, frame, found):
        found = found.chosen(found.scores >= 0.5)
        return [
            face_of(true.astype(np.float32), 0.8, self.errors_at(frame))
            for true in self.at(frame)
            if any(np.abs(true.mean(axis=0) - box[:2]).max() < 25 for box in found.oriented)
        ]

    def refine(self, frame, points):
        self.refined.append(len(points))
        found = [self.nearest(frame, some) for some in points]
        places = [some if true is None else true for some, true in zip(points, found, strict=True)]
        return Located(np.array(places, np.float32), self.errors and np.array([self.errors_at(frame)] * len(places)))

    def glance(self, frame, side):
        self.glanced.append((int(frame[0, 0, 0]), side))
        true = self.at(frame)
        return candidates_of([box_of(some) for some in true], [0.9] * len(true))


def film(tracker: Tracker, count: int, start: int = 0, paint=lambda index: np.zeros((200, 400, 3), np.uint8)) -> list:
    """What the tracker answers to so many frames, each painted by its number."""
    answers = []
    for index in range(start, start + count):
        frame = paint(index).copy()
        frame[0, 0, :2] = index % 256, index // 256
        answers.append(tracker(frame, index / RATE))
    return answers


def still(x, y):
    return lambda index: np.array([x, y])


def between(first, last, path):
    return lambda index: path(index) if first <= index < last else None


def write_clip(path, count: int = 24, rate: float = 12.0):
    """A film of SIZE whose frames grow brighter one by one."""
    with VideoFile(path, rate, SIZE) as file:
        for index in range(count):
            file.write(np.full((SIZE[1], SIZE[0], 3), 10 * index % 256, np.uint8))
    return path


def write_uneven_clip(path, stamps: list[int]):
    """A film of SIZE as MJPEG with a frame at each of these hundredths of a second, one brighter than the other."""
    settings = [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 100, SIZE, settings)
    assert writer.isOpened()
    for index, stamp in enumerate(stamps):
        writer.set(cv2.VIDEOWRITER_PROP_PTS, stamp)
        writer.set(cv2.VIDEOWRITER_PROP_KEY_FLAG, 1)
        picture = np.full((SIZE[1], SIZE[0], 3), 10 * index, np.uint8)
        writer.write(cv2.imencode(".jpg", picture)[1].reshape(1, -1))
    writer.release()
    return path
