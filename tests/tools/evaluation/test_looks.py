"""tools/evaluation/looks.py: what is told and what is true, in pixels and by the box; halves of the sources."""

from types import SimpleNamespace

import numpy as np
import pytest

from infer.geometry.crop import Crop
from infer.model.trained_on import SplitRule, TrainedOn
from records.split import hash_fraction
from tests.helpers.drawn import draw_set, one_face
from tests.helpers.telling import MARGIN, Telling, contract
from tests.helpers.tiny_model import CALIBRATED, expected_spreads, write_model
from tools.evaluation.looks import Looks, faces_as_learnt, halves, look_at, uncalibrated
from tools.read import formats


def test_a_look_says_what_is_told_and_true():
    image, points, box = one_face(120)
    off = np.linspace(1, 5, 68)
    telling = Telling(lambda *_: points, lambda *_: off, lambda off: 2 * off + 1)
    start = box + (3, 0, 3, 0)
    unknown = points.copy()
    unknown[7] = np.nan
    looks = Looks.joined([look_at(telling, image, unknown, box, "a", start)] * 2)
    np.testing.assert_allclose(np.delete(looks.true, 7, 1), np.delete([off, off], 7, 1), rtol=1e-4)
    assert np.isnan(looks.true[:, 7]).all() and looks.told.shape == (2, 68)
    width, height = box[2:] - box[:2]
    told, true = looks.by_box()
    np.testing.assert_allclose(told[1], (2 * off + 1) / np.sqrt(width * height), rtol=1e-4)
    np.testing.assert_allclose(true[1, 8], off[8] / np.sqrt(width * height), rtol=1e-4)
    np.testing.assert_allclose(looks.sides, Crop.around(start, MARGIN, 128).side)
    assert 0 < looks.sure[0] < 1 and looks.sources.tolist() == ["a", "a"]


def test_faces_have_the_points_that_a_model_answers(tmp_path, capsys):
    items = formats.find(draw_set(tmp_path / "tiny", sources=3, views=1), "tiny")
    items[1].annotation.write_bytes(b"none")
    wanted = contract(TrainedOn(points="pts_3d"))
    wanted.points = SimpleNamespace(scheme="mtfl5", count=5)
    found = list(faces_as_learnt(items, wanted))
    assert [item for item, _ in found] == [items[0], items[2]] and "skipped" in capsys.readouterr().out
    for item, face in found:
        whole = formats.read(item, "pts_3d").points
        assert face.scheme.name == "mtfl5"
        np.testing.assert_allclose(face.points[[0, 2]], [whole[36:42].mean(axis=0), whole[30]], rtol=1e-5)


def test_what_tells_no_errors_and_no_looks_are_refused():
    image, points, box = one_face(90)
    silent = Telling(lambda *_: points, lambda *_: np.ones(68))
    silent.fit_faces = lambda *_: [SimpleNamespace(errors=None)]
    with pytest.raises(ValueError, match="telling.pb: tells no errors"):
        look_at(silent, image, points, box, "a", box)
    with pytest.raises(ValueError, match="found no face"):
        Looks.joined([])


def test_the_errors_of_an_uncalibrated_model_are_its_spreads(tmp_path):
    model = write_model(tmp_path, spread=CALIBRATED)
    rgb, box = (210, 90, 30), np.array([100.0, 60.0, 160.0, 110.0])
    (face,) = uncalibrated(model).fit_faces(np.full((210, 340, 3), rgb[::-1], np.uint8), box[None], 1)
    side = 60 * 2  # the longer edge, and half of it on either side
    np.testing.assert_allclose(face.errors, side * expected_spreads(rgb), rtol=1e-3)
    with pytest.raises(ValueError, match="landmark.pb: has no output of spreads"):
        uncalibrated(write_model(tmp_path / "plain"))


def test_the_held_out_sources_fall_in_two_halves():
    items = [SimpleNamespace(source=f"s{number}") for number in range(400)]
    held = [item for item in items if hash_fraction(item.source) < 0.3]
    first, second = halves(held, contract(TrainedOn(split=SplitRule(0.3, 1))))
    assert first == [item for item in held if hash_fraction(item.source) < 0.15]
    assert second == [item for item in held if item not in first] and len(second) > 40
