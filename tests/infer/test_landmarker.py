"""infer/landmarker.py: boxes in, points out, against a model whose answer can be worked out by hand."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from infer import landmarker as module
from infer.detect.detector import detector_maker
from infer.faces import agreement
from infer.faces.located import Located
from infer.geometry.boxes import box_of
from infer.geometry.candidates import candidates_of
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model import network, shipped
from infer.model.shipped import default_model, model_path
from tests.helpers.tiny_detector import LEVELS, face_at, score_of, with_faces, write_detector
from tests.helpers.tiny_model import (
    CALIBRATED,
    COUNT,
    FLIP,
    MARGIN,
    SHAPE,
    SIZE,
    by_hand,
    expected_fractions,
    expected_spreads,
    write_model,
)

RGB = (210, 90, 30)


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return Landmarker(tiny_model)


@pytest.fixture
def plain():
    """A picture of one colour, uint8 [210, 340, 3] BGR."""
    return np.full((210, 340, 3), RGB[::-1], np.uint8)


@pytest.mark.parametrize("passes", [1, 3])
def test_fit_by_hand(tiny, plain, passes):
    boxes = [(100, 60, 160, 110), (150, 90, 190, 140.5)]
    points = tiny.fit(plain, boxes, passes)
    assert points.dtype == np.float32 and points.shape == (2, COUNT, 2)
    for box, answer in zip(boxes, points, strict=True):
        np.testing.assert_allclose(answer, by_hand(box, expected_fractions(RGB), passes), atol=0.05)


def test_channels_and_their_order_matter(tiny, plain, tmp_path):
    box = [(100, 60, 160, 110)]
    swapped = tiny.fit(plain[:, :, ::-1].copy(), box, 1)[0]
    np.testing.assert_allclose(swapped, by_hand(box[0], expected_fractions(RGB[::-1]), 1), atol=0.05)
    grey = Landmarker(write_model(tmp_path, channels=1)).fit(plain, box, 1)[0]
    level = cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY)[0, 0]
    np.testing.assert_allclose(grey, by_hand(box[0], expected_fractions([level] * 3), 1), atol=0.05)


def test_every_pass_looks_at_its_own_crop(tiny):
    image = np.random.default_rng(0).integers(0, 256, (150, 190, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 6)
    box, looks = (40, 30, 95, 88), []
    for passes in (1, 2, 3):
        around = box_of(np.mean(looks[-2:], axis=0)) if looks else box
        crop = Crop.around(around, MARGIN, SIZE)
        fractions = expected_fractions(crop.cut(image).mean(axis=(0, 1))[::-1])
        mirrored = fractions[FLIP] * (-1, 1) + (1, 0)  # every second pass; answers are the means with the look before
        looks.append(crop.to_picture(fractions if passes != 2 else mirrored))
        wanted = np.mean(looks[-2:], axis=0)
        np.testing.assert_allclose(tiny.fit(image, [box], passes, upright=False)[0], wanted, atol=1e-2)


@pytest.mark.parametrize("turn, off, meant", [(11.0, 0.04, True), (13.0, 0.04, False), (11.0, 0.06, False)])
def test_a_look_counts_beside_the_next_one_where_crops_stand_alike_and_looks_agree(tiny, monkeypatch, turn, off, meant):
    """Both looks are made up: of a face that leans by so many degrees, so far off each other, of its box."""
    first = Crop((90, 80), 70, SIZE, np.radians(turn)).to_picture(SHAPE)
    edge = np.ptp(first, axis=0).max()
    looks = [Located(first[None]), Located(first[None] + [off * edge, 0])]
    monkeypatch.setattr(tiny, "look", lambda image, crops, mirrored=False: looks[bool(mirrored)])
    monkeypatch.setattr(tiny, "_best_turned", lambda image, crops, answers: answers[-1])
    found = tiny.fit(np.zeros((200, 200, 3), np.uint8), [(50, 40, 130, 120)], 2)[0]
    np.testing.assert_allclose(found - first, [[off * edge / (2 if meant else 1), 0]] * COUNT, atol=1e-3)


def test_many_boxes_go_in_batches_and_in_order(tiny, monkeypatch):
    image = np.random.default_rng(1).integers(0, 256, (120, 140, 3), np.uint8)
    corners = np.random.default_rng(2).uniform(0, 60, (23, 2))
    boxes = np.concatenate([corners, corners + [31, 29]], axis=1)
    wanted = np.concatenate([tiny.fit(image, box[None]) for box in boxes])
    sizes, forward = [], network.forward
    monkeypatch.setattr(network, "forward", lambda *args: sizes.append(len(args[-1])) or forward(*args))
    monkeypatch.setattr(module, "BATCH", 10)
    np.testing.assert_allclose(tiny.fit(image, boxes), wanted, atol=1e-3)
    assert sizes == [10, 10, 3] * 2


def test_wrong_pictures_passes_threads(tiny, tiny_model, plain):
    assert tiny.fit(plain, []).shape == (0, COUNT, 2)
    for call, wanted in [
        (lambda: tiny.detect(np.zeros((5, 6))), "picture: found float64"),
        (lambda: tiny.fit(np.zeros((5, 6)), []), "picture: found float64"),
        (lambda: tiny.detect(plain, 0), "passes: found 0, expected at least 1"),
        (lambda: tiny.fit(plain, [], 0), "passes: found 0, expected at least 1"),
        (lambda: tiny.fit(plain, [[0, 0, 9, 9], [5, 1, 5, 9]]), r"boxes: found \[5.0, 1.0, 5.0, 9.0\]"),
        (lambda: Landmarker(tiny_model, threads=0), "threads: found 0, expected at least 1"),
    ]:
        with pytest.raises(ValueError, match=wanted):
            call()
    before = cv2.getNumThreads()
    try:
        Landmarker(tiny_model, threads=1)
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_upright_turns_with_the_eyes(tiny, monkeypatch):
    image = np.zeros((200, 200, 3), np.uint8)
    angle = 0.6
    turned = Crop((90, 80), 70, SIZE, angle).to_picture(SHAPE)
    crops, points = [], tiny.look

    def watch(image, several, mirrored=False):
        crops.append(several[0])
        return Located(turned[None]) if len(crops) == 1 else points(image, several, mirrored)

    monkeypatch.setattr(tiny, "look", watch)
    answer = tiny.fit(image, [(50, 40, 130, 120)], upright=True)[0]
    assert crops[1].angle == pytest.approx(angle, abs=1e-5)
    np.testing.assert_allclose(crops[1].to_fractions(turned), SHAPE, atol=1e-5)
    np.testing.assert_allclose(answer, turned, atol=1e-3)
    crops.clear()
    tiny.fit(image, [(50, 40, 130, 120)], upright=False)
    assert crops[1].angle == 0


def test_points_fallen_together_keep_their_crop(tiny, plain, monkeypatch):
    points, calls = tiny.look, []

    def collapse(image, crops, **_):
        calls.append(crops[0])
        return Located(np.full((1, COUNT, 2), 9, np.float32)) if len(calls) == 1 else points(image, crops)

    monkeypatch.setattr(tiny, "look", collapse)
    tiny.fit(plain, [(100, 60, 160, 110)])
    assert calls[0] == calls[1]


def errors_by_hand(rgb, side):
    """What the tiny model's contract expects of its points in a crop of a colour and side, pixels: float64 [5]."""
    curve = CALIBRATED["curve"]
    return np.interp(expected_spreads(rgb), curve["spread"], curve["error"]) * CALIBRATED["points"] * side


def test_errors_are_pixels_of_the_last_passs_crop(tmp_path, plain):
    sure = Landmarker(write_model(tmp_path, spread=CALIBRATED))
    boxes = [(100, 60, 160, 110), (20, 30, 50, 50), (150, 80, 220, 120)]
    for passes in (1, 3):
        faces = sure.fit_faces(plain, boxes, passes)
        np.testing.assert_array_equal([face.points for face in faces], sure.fit(plain, boxes, passes))
        for face, box in zip(faces, boxes, strict=True):
            before = box_of(by_hand(box, expected_fractions(RGB), passes - 1)) if passes > 1 else np.array(box)
            side = (before[2:] - before[:2]).max() * (1 + 2 * MARGIN)
            assert face.errors.dtype == np.float32 and face.errors.shape == (COUNT,)
            np.testing.assert_allclose(face.errors, errors_by_hand(RGB, side), rtol=2e-3)
    sure._detector = Finds(boxes[1], boxes[0])
    for face, side in zip(sure.detect(plain), (60, 120), strict=True):
        np.testing.assert_allclose(face.errors, errors_by_hand(RGB, side), rtol=1e-3)
        assert 0 < face.sure < 1
    assert sure.fit_faces(plain, []) == []


def test_without_a_calibrated_spread_there_are_no_errors_and_the_same_points(tmp_path, tiny, plain):
    bare = {key: CALIBRATED[key] for key in ("name", "unit")}
    boxes = [(100, 60, 160, 110)]
    for model in (tiny, Landmarker(write_model(tmp_path / "bare", spread=bare))):
        (face,) = model.fit_faces(plain, boxes)
        assert face.errors is face.sure is None
    whole = Landmarker(write_model(tmp_path, spread=CALIBRATED))
    np.testing.assert_array_equal(whole.fit(plain, boxes), tiny.fit(plain, boxes))


def test_a_mirrored_look_has_the_partners_errors(tmp_path, plain):
    sure = Landmarker(write_model(tmp_path, spread=CALIBRATED))
    crop = Crop((120, 90), 70, SIZE)
    straight, mirrored = (sure.look(plain, [crop], flipped).errors[0] for flipped in (False, True))
    np.testing.assert_allclose(mirrored, straight[[1, 0, 2, 4, 3]], rtol=1e-5)
    assert straight[0] != pytest.approx(straight[1], rel=0.1)


def test_a_local_model_comes_first_and_names_stand_for_those_that_come_along(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "HERE", tmp_path)
    assert default_model() == model_path(None) == tmp_path / "landmark.pb"
    write_model(tmp_path / "local")
    assert Landmarker().contract.model == default_model() == tmp_path / "local" / "landmark.pb"
    assert model_path("small") == tmp_path / "landmark_small.pb" and model_path("a/b.pb").as_posix() == "a/b.pb"
    with pytest.raises(FileNotFoundError, match=r"landmark_3d\.pb: no such model"):
        Landmarker("3d")


class Finds:
    """A detector that finds these boxes in every picture, the first one surest; asked: for which sizes."""

    threshold = 0.5

    def __init__(self, *boxes, lowest=0.6):
        self.found, self.asked = candidates_of(boxes, np.linspace(0.9, lowest, len(boxes))), []

    def find(self, image, size=None):
        self.asked.append(size)
        return self.found


def test_detect_fits_once_and_drops_what_is_the_same_face(tiny_model, plain):
    tiny = Landmarker(tiny_model)
    tiny._detector = detector = Finds((100, 60, 160, 110), (100, 58, 160, 112), (200, 60, 260, 110))
    for passes in (None, 1, 2, 3):
        points = tiny.fit(plain, [(100, 60, 160, 110), (200, 60, 260, 110)], passes or 1)
        faces = tiny.detect(plain, passes, 640)
        for face, wanted, score in zip(faces, points, (0.9, 0.6), strict=True):
            np.testing.assert_allclose(face.points, wanted, atol=1e-4)
            np.testing.assert_allclose(face.box, box_of(wanted), atol=1e-4)
            assert face.box.dtype == np.float32 and face.score == pytest.approx(score)
    assert detector.asked == [640] * 4
    tiny._detector = Finds()
    assert tiny.detect(plain) == []


def test_what_the_detector_finds_is_a_face_and_of_very_many_the_surest_are_taken(tiny_model, plain, monkeypatch):
    tiny, sizes, forward = Landmarker(tiny_model), [], network.forward
    monkeypatch.setattr(network, "forward", lambda *args: sizes.append(len(args[-1])) or forward(*args))
    monkeypatch.setattr(module, "FACES", 3)
    boxes = [(10 + 60 * i, 40, 50 + 60 * i, 80) for i in range(5)]
    tiny._detector = Finds(*boxes[:2], lowest=0.4)  # under its threshold, but it says that it is one
    assert [round(face.score, 3) for face in tiny.detect(plain)] == [0.9, 0.4] and sizes == [2]
    seen = candidates_of(boxes, [0.2, 0.9, 0.49, 0.725, 0.55])  # by a glance, unsure things too
    assert [round(face.score, 3) for face in tiny.faces_at(plain, seen)] == [0.9, 0.725, 0.55] and sizes == [2, 3]
    tiny._detector = Finds(*boxes)
    assert [round(face.score, 3) for face in tiny.detect(plain)] == [0.9, 0.825, 0.75] and sizes == [2, 3, 3]


def test_the_mirrored_look_tells_what_looks_like_a_face(tiny_model, plain, monkeypatch):
    # the tiny model's answer moves with the crop's colour, to the same side in the mirrored crop
    moved = (expected_fractions(RGB) - SHAPE)[0]
    off = np.hypot(*moved) / 0.5  # of the box, which is half of the crop
    tiny = Landmarker(tiny_model)
    points = tiny.fit(plain, [(100, 60, 160, 110)])
    mirrored, plainly = tiny.mirrored(plain, points).points, tiny.refine(plain, points).points
    np.testing.assert_allclose(mirrored - plainly, [[[-2 * moved[0] * 120, 0]] * COUNT], atol=0.05)
    monkeypatch.setattr(agreement, "AGREEMENT", off)
    assert tiny.scores(plain, points)[0] == pytest.approx(0.5, abs=0.01)
    # where the contract says that all points lie so far aside, both looks agree
    aside = replace(tiny.contract, output=replace(tiny.contract.output, offset=float(moved[0])))
    monkeypatch.setattr(tiny, "contract", aside)
    np.testing.assert_allclose(tiny.mirrored(plain, points).points, plainly, atol=0.05)


def test_a_face_rolled_too_far_is_tried_from_turned_crops(tiny_model, plain, monkeypatch):
    """The tiny model bears any roll, so its passes are made to agree from one turn of the first crop only."""
    tiny, points = Landmarker(tiny_model), Landmarker.look
    good = np.pi / 4

    def blind(self, image, crops, mirrored=False):
        answers = points(self, image, crops, mirrored).points
        seen = [abs(crop.angle - good) < 0.1 for crop in crops]
        noise = np.random.default_rng(len(starts)).normal(0, 40, answers.shape)
        starts.extend(crops)
        return Located(np.where(np.array(seen)[:, None, None], answers, answers + noise).astype(np.float32))

    starts = []
    monkeypatch.setattr(Landmarker, "look", blind)
    answer = tiny.fit(plain, [(100, 60, 160, 110)])[0]
    turned = Crop.around((100, 60, 160, 110), MARGIN, SIZE, good)
    np.testing.assert_allclose(turned.to_fractions(answer), expected_fractions(RGB), atol=0.05)
    # each time two passes and a mirrored one
    assert [round(crop.angle, 3) for crop in starts[::3]] == [0, -round(good, 3), round(good, 3)]
    starts.clear()
    tiny.fit(plain, [(100, 60, 160, 110)], passes=1)
    assert len(starts) == 1  # nothing to disagree with


def test_wrong_detectors(tiny_model, tmp_path):
    for arguments, wanted in [
        ({"detector": "dlib"}, "detector: found 'dlib', expected one of own, yunet"),
        ({"detector": "yunet"}, r"detector yunet: found no model, expected its \.onnx file"),
        ({"detector": "own", "detect_size": 319}, "detect_size: found 319, expected 320 to 8192 pixels"),
    ]:
        with pytest.raises(ValueError, match=wanted):
            Landmarker(tiny_model, **arguments)
    with pytest.raises(FileNotFoundError, match=r"y\.onnx: found no such file, expected YuNet's \.onnx"):
        Landmarker(tiny_model, detector="yunet", detector_model=tmp_path / "y.onnx")
    with pytest.raises(FileNotFoundError, match=r"d\.pb: no such model"):
        Landmarker(tiny_model, detector="own", detector_model=tmp_path / "d.pb")


def test_one_pass_from_the_own_detectors_boxes_stands_as_the_head_does(tiny_model, tmp_path):
    """The picture is black but for one bright cell, so points are `SHAPE` in the crop, nearly."""
    detector = write_detector(tmp_path, roll=2.0)
    landmarker, image = (
        Landmarker(tiny_model, detector="own", detector_model=detector),
        with_faces(256, 320, (0, 9, 8, 1)),
    )
    (face,) = landmarker.detect(image, size=320)
    oriented, five = face_at(LEVELS[0], 9, 8, 2.0)
    crop = Crop.of_oriented(oriented, MARGIN, SIZE)
    np.testing.assert_allclose(
        face.points, crop.to_picture(expected_fractions(crop.cut(image).mean((0, 1))[::-1])), atol=0.02
    )
    assert face.score == pytest.approx(score_of(1), abs=1e-4)
    (twice,) = landmarker.detect(image, passes=2, size=320)
    np.testing.assert_allclose(twice.points, landmarker.refine(image, face.points[None]).points[0], atol=0.02)
    assert landmarker.faces_at(image, candidates_of([face.box], [0.49])) == []


def test_our_own_detector_is_taken_and_a_local_one_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "HERE", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"detector\.pb: no such model"):
        detector_maker(None, None, None)()
    write_detector(tmp_path)
    assert detector_maker(None, None, None)().contract.model == tmp_path / "detector.pb"
    write_detector(tmp_path / "local")
    assert detector_maker(None, None, None)().contract.model == tmp_path / "local" / "detector.pb"
    assert detector_maker(None, tmp_path / "detector.pb", 640)().size == 640


def test_the_mirrored_look_of_a_shifted_crop(tmp_path):
    shift = (0.1, -0.25)
    moved = Landmarker(write_model(tmp_path, crop={"margin": MARGIN, "shift": shift}))
    image, points = np.zeros((200, 300, 3), np.uint8), Crop((140, 90), 80, SIZE).to_picture(SHAPE)
    edge = 40
    # of a black picture the answer is SHAPE in the crop, which lies shifted: in the mirrored one to the other side
    for found, sign in ((moved.refine(image, points[None]), 1), (moved.mirrored(image, points[None]), -1)):
        np.testing.assert_allclose(found.points[0], points + (sign * shift[0] * edge, shift[1] * edge), atol=0.01)


def test_points_without_partners_or_eyes_are_found_all_the_same(tmp_path, plain):
    points = {"groups": {"points": [0, 1, 2, 3, 4]}, "lines": {}, "left_eye": [], "right_eye": [], "flip": []}
    known = json.loads(write_model(tmp_path).with_suffix(".json").read_text())["points"]
    landmarker = Landmarker(write_model(tmp_path, points=known | points | {"scheme": "points5"}))
    box, fractions = (100, 60, 160, 110), expected_fractions(RGB)
    np.testing.assert_allclose(landmarker.fit(plain, [box])[0], by_hand(box, fractions, 2, ()), atol=0.1)
    once = by_hand(box, fractions, 1)[None]
    np.testing.assert_allclose(landmarker.mirrored(plain, once).points, landmarker.refine(plain, once).points)


def test_a_later_pass_crops_around_the_points_as_the_contract_says(tmp_path, plain):
    """Points that do not span the landmark box: the crop around them is larger than `margin` has it, and lower."""
    around = {"margin": 0.8, "shift": [0.0, 0.25]}
    landmarker = Landmarker(write_model(tmp_path, crop={"margin": MARGIN, "points": around}))
    box, fractions = (100, 60, 160, 110), expected_fractions(RGB)
    first = by_hand(box, fractions, 1)
    np.testing.assert_allclose(landmarker.fit(plain, [box], 1)[0], first, atol=0.05)
    x0, y0, x1, y1 = box_of(first)
    edge = max(x1 - x0, y1 - y0)
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2 + 0.25 * edge])
    mirrored = fractions[FLIP] * (-1, 1) + (1, 0)
    second = centre + (mirrored - 0.5) * edge * 2.6  # and not the mean, for the two disagree
    np.testing.assert_allclose(landmarker.fit(plain, [box], 2, upright=False)[0], second, atol=0.1)
