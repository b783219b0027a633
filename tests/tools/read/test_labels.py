"""The faces of labels.jsonl whose points people have set; its scenes are in test_scenes.py."""

import numpy as np
import pytest

from tests.helpers.drawn import HEIGHT, WIDTH
from tests.helpers.scenes import BOX, FIVE, OTHER, face, line, write_labels
from tools.read import formats
from tools.read.face import BadSample


def test_faces_of_people_alone_are_landmarks(tmp_path):
    people = face(by="yunet"), face(by="human5+fit"), face(OTHER, by="human")
    doubled = line("a.png", *people, width=2 * WIDTH, height=2 * HEIGHT)
    path = write_labels(tmp_path, doubled, line("a.png", face(OTHER, FIVE[::-1], "human")))
    items = formats.find(path, "set")
    assert [(item.key, item.format, item.scheme.name) for item in items] == [
        (f"set/all/a#{number}", "labels", "mtfl5") for number in (1, 2, 3)
    ]
    half, other, whole = (formats.read(item, "pts_2d") for item in items)
    np.testing.assert_allclose(half.points, (np.reshape(FIVE, (5, 2)) + 0.5) / 2 - 0.5, rtol=1e-5)
    np.testing.assert_allclose([half.box, other.box], (np.array([BOX, OTHER]) + 0.5) / 2 - 0.5)
    assert whole.points.ravel().tolist() == FIVE[::-1] and whole.box.tolist() == OTHER
    assert half.image.shape == whole.image.shape == (HEIGHT, WIDTH, 3)


def test_a_face_without_points_and_a_damaged_line_are_named(tmp_path):
    path = write_labels(tmp_path, '{"file": "b.png"}', line("a.png", face(five=None, by="human")))
    faults = []
    for item in formats.find(path, "set"):
        with pytest.raises(BadSample) as caught:
            formats.read(item, "pts_2d")
        faults.append((caught.value.reason, str(caught.value).partition(", expected")[0]))
    assert faults == [
        ("no known point", "labels.jsonl a#1: found no known point"),
        ("unreadable annotation", "labels.jsonl line 1: found no 'faces'"),
    ]


def test_a_list_of_what_a_detector_found_has_no_landmarks(tmp_path):
    path = write_labels(tmp_path, line("a.png", face(by="yunet"), face(by="fit")))
    with pytest.raises(ValueError, match='labels.jsonl: found no face, expected faces with "by": "human'):
        formats.find(path, "set")
