import cv2
import numpy as np

from tools.evaluation.scenes import times


class Slow:
    threshold = 0.5

    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def find(self, image):
        self.calls.append((self.name, image.shape[:2], cv2.getNumThreads()))


def test_rows_of_each_side_in_turns_by_one_thread(monkeypatch):
    calls, before = [], cv2.getNumThreads()
    finders = {name: Slow(name, calls) for name in ("one", "two")}
    rows = times.time_rows(finders, rounds=2, calls=1)
    assert [(row["model"], row["side"]) for row in rows] == [("one", 320), ("two", 320), ("one", 640), ("two", 640)]
    assert rows[0]["ratio"] == 1 and rows[2]["ratio"] == 1 and rows[1]["milliseconds"] > 0
    turns = [name for name, shape, _ in calls if shape == (640, 640)]
    assert turns == ["one"] * 3 + ["two"] * 3 + ["one"] * 3 + ["two"] * 3  # two calls warm up
    assert {threads for *_, threads in calls} == {1} and cv2.getNumThreads() == before


def test_the_picture_is_of_its_side_and_soft():
    image = times.patches(320)
    assert image.shape == (320, 320, 3) and np.abs(np.diff(image.astype(int), axis=0)).max() < 40
