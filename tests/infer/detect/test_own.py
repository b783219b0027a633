"""infer/detect/own.py: cells of a tiny detector as faces of the picture; when it looks closer, and at it turned."""

import cv2
import numpy as np
import pytest

from infer.detect import own
from infer.detect.own import (
    BESIDE,
    CLEAR,
    DOUBT,
    EASE,
    FEW,
    FIRST,
    LEANS,
    PORTRAIT,
    PRIOR,
    QUICK,
    UPRIGHT,
    OwnDetector,
    is_portrait,
    promising,
)
from infer.detect.parts import LOW, ROOM
from infer.detect.tiles import TILE
from infer.detect.turns import Turn
from infer.geometry import candidates
from infer.geometry.candidates import candidates_of
from tests.helpers.tiny_detector import LEVELS, face_at, score_of, with_faces, write_detector


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("own"))


SMALL = [10, 20, 20, 33]  # in a picture of 90 pixels: too low in tiles to be told from others


@pytest.mark.parametrize(("height", "width"), [(96, 160), (250, 311)])
def test_cells_of_all_maps_become_faces_at_any_size(file, height, width):
    image = with_faces(height, width, (0, 8, 16, 1.0), (1, 1, 6, 0.8), (2, 1, 0, 0.6))
    found = OwnDetector(file).find(image)
    assert found.scores == pytest.approx([score_of(1.0), score_of(0.8), score_of(0.6)], abs=1e-5)
    for index, cell in enumerate([(LEVELS[0], 8, 16), (LEVELS[1], 1, 6), (LEVELS[2], 1, 0)]):
        oriented, five = face_at(*cell)
        np.testing.assert_allclose(found.oriented[index], oriented, atol=1e-4)
        np.testing.assert_allclose(found.five[index], five, atol=1e-4)


def test_under_the_threshold_is_no_find_but_seen(tmp_path):
    detector = OwnDetector(write_detector(tmp_path, threshold=0.7))
    image = with_faces(128, 192, (0, 3, 2, 0.55), (2, 1, 4, 0.4))
    assert len(detector.find(image)) == 0
    assert detector.glance(image, 320).scores == pytest.approx([score_of(0.55), score_of(0.4)], abs=1e-5)


def test_a_glance_shows_what_it_is_asked_for_and_never_less_than_is_found(file):
    image = with_faces(96, 160, (1, 1, 2, 1.0), (1, 4, 7, 0.3))
    counts = [len(OwnDetector(file).glance(image, 320, least)) for least in (0.9, 0.6, score_of(0.3) - 0.001)]
    assert score_of(0.3) < 0.15 and counts == [1, 1, 2]


def test_faces_of_a_reduced_picture_are_in_its_own_pixels(file):
    """640x440 is seen as 320x220, padded to 320x224."""
    image = cv2.resize(with_faces(220, 320, (2, 4, 7, 1.0)), (640, 440), interpolation=cv2.INTER_NEAREST)
    found = OwnDetector(file, 320).find(image)
    oriented, five = face_at(LEVELS[2], 4, 7)
    np.testing.assert_allclose(
        found.oriented[0, :4], (*((oriented[:2] + 0.5) * 2 - 0.5), *oriented[2:4] * 2), atol=1e-3
    )
    np.testing.assert_allclose(found.five[0], (five + 0.5) * 2 - 0.5, atol=1e-3)


def test_each_axis_has_its_own_scale(file):
    """1000x413 becomes 500x206, without its last row, and then 320x132: its far edge must not be off."""
    image = np.zeros((413, 1000, 3), np.uint8)
    image[:, :, 2] = 255
    found = OwnDetector(file, 320).glance(image, 320)
    lowest = found.five[..., 1].max()
    _, five = face_at(LEVELS[2], 3, 0)
    assert lowest == pytest.approx((five[:, 1].max() + 0.5) * 412 / 132 - 0.5, abs=1e-2)


@pytest.mark.parametrize("roll", [np.pi / 2, np.pi - 0.01, -2.3])
def test_any_roll(tmp_path, roll):
    found = OwnDetector(write_detector(tmp_path, roll=roll)).find(with_faces(96, 160, (2, 1, 3, 1.0)))
    oriented, five = face_at(LEVELS[2], 1, 3, roll)
    np.testing.assert_allclose(found.oriented[0], oriented, atol=1e-4)
    np.testing.assert_allclose(found.five[0], five, atol=1e-4)
    assert found.oriented[0, 4] == pytest.approx(roll, abs=1e-4)


def test_what_overlaps_is_one_face(tmp_path, file, monkeypatch):
    """Boxes of 76.8x96 pixels, 32 apart, share 0.41 of their union; their points lie 0.37 of the size apart."""
    image = with_faces(96, 160, (2, 1, 2, 0.7), (2, 1, 3, 0.9))
    both = pytest.approx([score_of(0.9), score_of(0.7)], abs=1e-5)
    assert OwnDetector(file).find(image).scores == both
    monkeypatch.setattr(candidates, "NEAR", 0.38)
    found = OwnDetector(file).find(image)
    np.testing.assert_allclose(found.oriented, [face_at(LEVELS[2], 1, 3)[0]], atol=1e-3)
    assert OwnDetector(write_detector(tmp_path, overlap=0.5)).find(image).scores == both


def sides_of(detector, image, monkeypatch, **given) -> list[int]:
    """The longest sides of the looks at a picture."""
    sides, look = [], detector._look
    monkeypatch.setattr(detector, "_look", lambda *given: sides.append(given[1]) or look(*given))
    detector.find(image, **given)
    return sides


def test_how_closely_it_looks(file, monkeypatch):
    portrait = cv2.resize(with_faces(256, 320, (2, 4, 4, 1.0)), (1600, 1280), interpolation=cv2.INTER_NEAREST)
    nobody = np.zeros((700, 900, 3), np.uint8)
    for image, size, given, wanted in [
        (portrait, 1280, {}, [QUICK, 320]),
        (nobody, 1280, {}, [QUICK] + [320] * 8 + [640, 1280]),
        (nobody, 640, {}, [QUICK] + [320] * 8 + [640]),
        (nobody, 640, {"size": 800}, [QUICK] + [320] * 8 + [640, 800]),
        (nobody[:200, :300], 1280, {}, [QUICK] + [300] * 8 + [600]),
        (nobody[:90, :QUICK], 1280, {}, [QUICK] * 8 + [320]),
        (np.zeros((700, 2000, 3), np.uint8), 1600, {}, [QUICK] + [320] * 8 + [640, 1280, 1600]),
    ]:
        assert sides_of(OwnDetector(file, size), image, monkeypatch, **given) == wanted


@pytest.mark.parametrize(
    ("side", "wanted", "own"),
    [(QUICK, (QUICK, QUICK), "_quick"), (90, (63, 90), "_network"), (QUICK + 2, (113, QUICK + 2), "_network")],
)
def test_quick_looks_have_one_shape_and_a_network_of_it(file, monkeypatch, side, wanted, own):
    """Of a picture of 300x210."""
    detector, shapes = OwnDetector(file), []
    seen = getattr(detector, own).seen
    monkeypatch.setattr(
        getattr(detector, own), "seen", lambda *given: shapes.append(given[0].shape[:2]) or seen(*given)
    )
    detector._look(np.zeros((210, 300, 3), np.uint8), side, DOUBT, detector._network)
    assert shapes == [wanted]


def test_a_quick_look_suffices_for_a_portrait(file, monkeypatch):
    """In a picture 200 pixels high: one clear face, large, upright; beside others it stands for sure."""
    face, other = [100, 60, 160, 61 + PORTRAIT * 200], [10, 10, 22, 25]

    def portrait(*boxes, score=CLEAR, roll=0.0):
        return is_portrait(candidates_of(boxes, [score, BESIDE][: len(boxes)], roll), 200)

    assert portrait(face) and portrait(face, score=0.9, roll=LEANS - 0.01) and portrait(face, other, score=UPRIGHT)
    assert not (portrait() or portrait(face, other, score=UPRIGHT - 0.01) or portrait(face, score=CLEAR - 0.01))
    assert not (portrait([100, 60, 160, 59 + PORTRAIT * 200]) or portrait(face, roll=-LEANS - 0.01))
    detector, sides = OwnDetector(file), []
    monkeypatch.setattr(detector, "_look", lambda *given: sides.append(given[1:3]) or candidates_of([face], [CLEAR]))
    np.testing.assert_allclose(detector.find(np.zeros((200, 330, 3), np.uint8)).boxes, [face])
    assert sides == [(QUICK, BESIDE)]


def test_what_is_beside_a_portraits_face_is_looked_at_alone(file, monkeypatch):
    """In a picture of 400x200, seen at 0.4 of its size: a face of 25 pixels beside it was too unsure, one of 39 sure
    but low, one of 51 clear."""
    face, unsure, low, clear = [20, 50, 120, 170], [150, 20, 170, 45], [220, 20, 250, 59], [300, 100, 340, 151]
    answers = {118: ([61, 22, 91, 59], 0.62), 83: ([40, 21, 60, 46], 0.7)}  # in the part around the low one, the other
    parts = []

    def look(image, side, *_):
        height, width = image.shape[:2]
        if width == 400:
            return candidates_of([face, clear, low, unsure], [0.9, 0.8, 0.6, 0.25])
        parts.append((height, width, round(side)))
        box, score = answers[height]
        return candidates_of([box], [score])

    detector = OwnDetector(file)
    monkeypatch.setattr(detector, "_look", look)
    found = detector.find(np.zeros((200, 400, 3), np.uint8))
    assert parts == [(118, 148, QUICK), (83, 96, QUICK)]
    assert found.scores.tolist() == [0.9, 0.8, 0.7, 0.62]
    np.testing.assert_allclose(found.boxes, [face, clear, [152, 21, 172, 46], [222, 22, 252, 59]])


@pytest.mark.parametrize(("count", "others"), [(FEW, FEW), (FEW + 1, 1)])
def test_beside_many_things_all_of_a_portrait_is_looked_at_closer(file, monkeypatch, count, others):
    """One look of 320 pixels then, not one at each thing."""
    face, things = [100, 60, 160, 160], [[10 + 20 * index, 10, 20 + 20 * index, 22] for index in range(count)]
    shapes = []

    def look(image, *_):
        shapes.append(image.shape[:2])
        return candidates_of([face, *things], [0.9] + [BESIDE] * count)

    detector = OwnDetector(file, FIRST)
    monkeypatch.setattr(detector, "_look", look)
    assert len(detector.find(np.zeros((200, 330, 3), np.uint8)))
    assert len(shapes) == 1 + others and (shapes[1] == (200, 330)) == (count > FEW)


def test_a_part_looked_at_closer_is_in_the_pictures_pixels(file, monkeypatch):
    """A large face, and a doubt of 16 pixels, which the first look shows half as large and too unsure of."""
    shape, doubt = (400, 640, 3), [500, 301, 516, 317]
    face, seen_at, sides = [100, 100, 220, 225], [30, 33, 46, 49], []

    def look(image, side, *_):
        sides.append((image.shape, side))
        close = image.shape != shape
        return candidates_of([seen_at], [0.8]) if close else candidates_of([face, doubt], [0.9, DOUBT])

    detector = OwnDetector(file, 640)
    monkeypatch.setattr(detector, "_look", look)
    found = detector.find(np.zeros(shape, np.uint8))
    assert sides == [(shape, QUICK), (shape, 320), ((64, 64, 3), 64)]
    np.testing.assert_allclose(found.boxes, [face, [506, 310, 522, 326]])
    assert found.scores.tolist() == [0.9, 0.8]


def test_a_cut_face_of_a_part_is_none_beside_the_whole_one(file, monkeypatch):
    """A doubt at a chin: the part around it, from row 244 on, holds half of the face, and that looks like one."""
    shape = (400, 640, 3)

    def look(image, side, *_):
        if image.shape == shape:
            return candidates_of([[200, 150, 330, 300], [250, 280, 266, 296]], [0.8, DOUBT])
        return candidates_of([[10, -4, 60, 50]], [0.9])

    detector = OwnDetector(file)
    monkeypatch.setattr(detector, "_look", look)
    found = detector.find(np.zeros(shape, np.uint8))
    np.testing.assert_allclose(found.boxes, [[200, 150, 330, 300]])
    assert found.scores.tolist() == [0.8]


def test_a_large_face_is_none_where_only_a_closer_look_sees_it(file, monkeypatch):
    """A picture of 1280x900, seen with 320 and 640: from 283 pixels on a face is better seen in the first look."""
    large, larger, below = [10, 10, 250, 300], [300, 500, 540, 790], [700, 10, 940, 285]
    detector, image = OwnDetector(file, 640), np.zeros((900, 1280, 3), np.uint8)

    def look(picture, side, *_):
        if side == 640:
            return candidates_of([large, larger, below], [0.9, 0.8, 0.7])
        return candidates_of([larger], [DOUBT if picture.shape == image.shape else 0.1])

    monkeypatch.setattr(detector, "_look", look)
    found = detector.find(image)
    assert found.scores.tolist() == [0.8, 0.7]
    np.testing.assert_allclose(found.boxes, [larger, below])


def test_a_closer_look_finds_what_the_first_one_missed(file):
    """A bright cell of 8 pixels is a blur of 2 in the first look."""
    image = with_faces(640, 1280, (0, 40, 90, 1.0))
    (box,) = OwnDetector(file).find(image).oriented
    np.testing.assert_allclose(box, face_at(LEVELS[0], 40, 90)[0], atol=1e-3)
    assert len(OwnDetector(file).glance(image, 320)) == 0


@pytest.fixture
def leaning(tmp_path):
    """A detector whose closer looks are taken by another one, which sees faces lean by 0.3, at twice the threshold."""
    write_detector(tmp_path, "detector_close", roll=0.3, threshold=0.8)
    return write_detector(tmp_path, threshold=0.4, close="detector_close.pb")


def test_closer_looks_have_a_network_of_their_own(leaning):
    """A bright cell of 8 pixels, a blur in the first look; the score is told by the first threshold."""
    found = OwnDetector(leaning).find(with_faces(640, 1280, (0, 40, 90, 0.75)))
    oriented, _ = face_at(LEVELS[0], 40, 90, 0.3)
    np.testing.assert_allclose(found.oriented, [oriented], atol=1e-3)
    odds = score_of(0.75) / (1 - score_of(0.75)) * (0.4 / 0.6) / (0.8 / 0.2)
    assert found.scores == pytest.approx([odds / (1 + odds)], abs=1e-3)


def test_other_looks_have_the_first_network(leaning, monkeypatch):
    """The quick one, the first one, tiles, and that at a face alone: turned, two halves of cells become a whole one."""
    detector, shapes = OwnDetector(leaning, FIRST), []
    monkeypatch.setattr(detector, "_close", None)
    for network in (detector._quick, detector._network):
        seen = network.seen
        monkeypatch.setattr(
            network, "seen", lambda *given, seen=seen: shapes.append(given[0].shape[:2]) or seen(*given)
        )
    image = np.zeros((300, FIRST, 3), np.uint8)
    image[100:108, 160:168, 0] = 255
    assert len(detector.find(image))
    assert shapes[:3] == [(QUICK, QUICK), (300, FIRST), (192, 384)] and (118, 108) in shapes[3:]


def test_a_glance_has_the_network_of_its_size(leaning):
    image = np.zeros((416, 640, 3), np.uint8)
    image[:, :, 2] = 255
    rolls = [OwnDetector(leaning).glance(image, side).oriented[:, 4] for side in (FIRST, FIRST + 1, 640)]
    for found, wanted in zip(rolls, (0, 0.3, 0.3), strict=True):
        assert len(found) > 9 and found == pytest.approx(wanted, abs=1e-3)


def test_a_network_for_closer_looks_that_is_not_there(tmp_path):
    file = write_detector(tmp_path, close="other.pb")
    with pytest.raises(FileNotFoundError, match=r"other\.pb: no such model, for closer looks of detector\.pb"):
        OwnDetector(file)
    write_detector(tmp_path, "other").write_bytes(b"no graph")
    with pytest.raises(ValueError, match=r"other\.pb: SHA-256 is"):
        OwnDetector(file)


def test_tiny_and_long_pictures(file):
    for shape in ((1, 1, 3), (3, 2000, 3), (1500, 2, 3)):
        assert OwnDetector(file).find(np.zeros(shape, np.uint8)).boxes.shape == (0, 4)


@pytest.mark.parametrize(("quarters", "roll"), [(1, -90), (2, 180), (3, 90)])
def test_heads_on_their_side_are_found_in_the_picture_turned_by_quarters(file, monkeypatch, quarters, roll):
    """The red pixel at (20, 10) of 60x90 is a face where it is seen at the place of that turn."""
    place = {1: (49, 20), 2: (69, 49), 3: (10, 69)}[quarters]
    box = np.array([*place, *place]) + [-6, -8, 6, 8]

    def look(image, side, *_):
        red = np.argwhere(image[..., 2]).tolist()
        seen = red == [[place[1], place[0]]]
        return candidates_of([box, [0, 0, 9, 9]], [0.9 if seen else 0.2, 0.3])

    detector, image = OwnDetector(file), np.zeros((60, 90, 3), np.uint8)
    image[10, 20] = 0, 0, 255
    monkeypatch.setattr(detector, "_look", look)
    monkeypatch.setattr(detector, "_seen_alone", lambda *_: True)
    for found in (detector.find(image), detector.glance(image, 320)):
        assert found.scores[0] == 0.9
        x0, y0, x1, y1 = found.boxes[0]
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((20, 10))
        assert np.degrees(found.oriented[0, 4]) % 360 == pytest.approx(roll % 360)
        assert found.oriented[0, 2:4].tolist() == pytest.approx([12, 16])


def test_a_picture_is_not_turned_where_a_face_is_found_or_nowhere(file, monkeypatch):
    detector, image = OwnDetector(file), np.zeros((60, 90, 3), np.uint8)
    for score, wanted in ((0.9, [0.9]), (0.2, [])):
        monkeypatch.setattr(detector, "_look", lambda *_, score=score: candidates_of([[10, 20, 30, 44]], [score]))
        assert detector.find(image).scores.tolist() == wanted
        assert detector.glance(image, 320).boxes.tolist() == [pytest.approx([10, 20, 30, 44])]


@pytest.mark.parametrize(
    ("upright", "turned", "wanted"),
    [(0.55, 0.68, 0.68), (0.6, 0.68, 0.6), (CLEAR, 0.95, CLEAR), (0.3, 0.35, None), (0.45, 0.51, 0.51)],
)
def test_a_turn_counts_where_it_shows_a_surer_face_and_the_upright_one_is_not_clear(
    file, monkeypatch, upright, turned, wanted
):
    """Nor do the tiles show anything."""

    def look(image, side, *_):
        is_upright = image.shape[:2] == (60, 90) and image[0, 0, 0] == 255
        return candidates_of([SMALL], [upright if is_upright else turned])

    detector, image = OwnDetector(file), np.zeros((60, 90, 3), np.uint8)
    image[0, 0] = 255
    monkeypatch.setattr(detector, "_look", look)
    monkeypatch.setattr(detector, "_seen_alone", lambda *_: True)
    found = detector.find(image)
    assert found.scores.tolist() == ([] if wanted is None else [wanted])
    if wanted == upright:
        np.testing.assert_allclose(found.boxes, [SMALL])


def test_turns_are_tried_as_tiles_speak_for_them():
    """Each only where it looks better than the picture as it is; quarters count for 0.1 more."""
    assert promising(np.array([0.4, 0.39, 0, 0.8, 0.5, 0.65, 0.6, 0])) == [(3,), (6,)]
    assert promising(np.array([0.4, 0.3, 0.6, 0.69, 0, 0, 0, 0.71])) == [(7,), (2,)]
    assert promising(np.array([0.4, 0.4, 0.4, 0, 0, 0.45, 0, 0])) == [(5,)]
    assert promising(np.zeros(8)) == []


@pytest.mark.parametrize(
    ("upright", "height", "turned", "tried", "wanted"),
    [
        (0.6, 30, {4: 0.8}, [0, 4], 4),
        (0.6, 30, {4: 0.68, 3: 0.75}, [0, 4, 3], 3),
        (0.6, 30, {4: 0.71, 3: 0.72}, [0, 4, 3], 3),
        (0.3, 10, {2: 0.61, 7: 0.61 + PRIOR - 0.01}, [0, 4, 3, 2, 6, 1, 7, 5], 2),
        (0.6, 30, {4: 0.6 + PRIOR - 0.01}, [0, 4, 3], 0),
        (0.6, LOW / TILE * 90 - 0.1, {2: 0.75}, [0, 4, 3, 2, 6], 2),
        (0.3, 30, {7: 0.6}, [0, 4, 3, 2, 6, 1, 7, 5], 7),
        (0.3, 30, {3: 0.6}, [0, 4, 3], 3),
        (CLEAR, 10, {4: UPRIGHT}, [0, 4], 4),
        (CLEAR, 10, {2: 0.95}, [0, 4, 3], 0),
        (UPRIGHT, 10, {4: 0.95}, [0], 0),
    ],
)
def test_all_turns_are_tried_only_where_tiles_cannot_tell(file, monkeypatch, upright, height, turned, tried, wanted):
    """Tiles speak for a half, then three eighths; the box is so high in a picture of 90 pixels."""
    looks, scores = [], {0: upright} | turned

    def turn(eighths, shape):
        looks.append(eighths)
        return Turn(eighths, shape)

    monkeypatch.setattr(own, "Turn", turn)
    monkeypatch.setattr(own, "surest_in_tiles", lambda seen: np.array([0.3, 0, 0, 0.85, 0.8, 0.2, 0, 0]))
    detector = OwnDetector(file)
    looks.clear()
    monkeypatch.setattr(detector, "_seen_alone", lambda *_: True)
    seen = lambda *_: candidates_of([[20, 20, 30, 20 + height]], [scores.get(looks[-1], 0.1)])  # noqa: E731
    monkeypatch.setattr(detector, "_look", seen)
    best, _ = detector._surest_turn(np.zeros((60, 90, 3), np.uint8), 90, DOUBT)
    assert looks == tried and best.eighths == wanted


@pytest.mark.parametrize(("roll", "surer", "turned"), [(25, 0.81, 7), (-70, 0.95, 1), (25, 0.79, 0), (22, 0.95, 0)])
def test_a_clear_face_that_leans_is_looked_at_in_the_picture_turned_against_it(file, monkeypatch, roll, surer, turned):
    image, shapes = np.zeros((60, 90, 3), np.uint8), []

    def look(picture, side, *_):
        shapes.append(picture.shape[:2])
        is_upright = picture.shape == image.shape
        return candidates_of([[40, 20, 64, 50]], [0.9 if is_upright else surer], np.radians(roll if is_upright else 0))

    detector = OwnDetector(file, FIRST)
    monkeypatch.setattr(detector, "_look", look)
    (found,) = detector.find(image).oriented
    assert shapes == [(60, 90)] if roll == 22 else [(60, 90), (107, 107)]
    assert np.degrees(found[4]) == pytest.approx({7: 45, 1: -45, 0: roll}[turned])


@pytest.mark.parametrize(
    ("again", "wanted"), [([20, 20, 44, 50], [0.7]), ([34, 20, 60, 50], []), (None, []), ([20, 20, 44, 50, 0.49], [])]
)
def test_what_stands_in_a_turn_only_has_to_be_seen_again_alone(file, monkeypatch, again, wanted):
    """A face of 24x30 in the picture turned, with 0.7 of 30 pixels around it."""
    image, shapes = np.zeros((130, 190, 3), np.uint8), []
    image[0, 0] = 255
    face = np.array([80, 70, 104, 100])

    def look(picture, side, *_):
        if max(picture.shape) >= 190:
            is_upright = picture.shape == image.shape and picture[0, 0, 0] == 255
            return candidates_of([face], [0.3 if is_upright else 0.7])
        shapes.append((picture.shape[:2], round(side)))
        return candidates_of([again[:4]], [(*again, 0.6)[4]]) if again else candidates_of([], [])

    detector = OwnDetector(file, FIRST)
    monkeypatch.setattr(detector, "_look", look)
    monkeypatch.setattr(own, "surest_in_tiles", lambda seen: np.array([0.3, 0, 0, 0, 0.8, 0, 0, 0]))
    assert detector.find(image).scores.tolist() == wanted
    assert shapes[0] == ((72, 66), QUICK)


def test_of_a_face_that_is_large_in_its_picture_less_suffices(file, monkeypatch):
    """In a picture 100 pixels high; of what only a closer look sees, the threshold holds."""
    sure, large = 0.5, [20.0, 20, 44, 20 + ROOM * 100]
    small = [70.0, 20, 80, 19 + ROOM * 100]
    for boxes, scores, wanted in [
        ([large, small], [EASE * sure + 0.01] * 2, [EASE * sure + 0.01]),
        ([large], [EASE * sure - 0.01], []),
        ([small], [sure], [sure]),
        ([small], [sure - 0.01], []),
    ]:
        detector = OwnDetector(file, FIRST)
        monkeypatch.setattr(detector, "_look", lambda *_, boxes=boxes, scores=scores: candidates_of(boxes, scores))
        assert detector.find(np.zeros((100, FIRST, 3), np.uint8)).scores.tolist() == wanted


def test_a_close_look_enlarges_tiny_faces(file):
    """96x160 is seen as 192x320: a face of the enlarged picture's cells lies at half the places."""
    image = cv2.resize(with_faces(192, 320, (1, 4, 6, 1.0)), (160, 96), interpolation=cv2.INTER_AREA)
    detector = OwnDetector(file)
    seen = detector._look(image, 400, 0.5, detector._network)
    oriented, _ = face_at(LEVELS[1], 4, 6)
    np.testing.assert_allclose(seen.oriented[0, :4], (*((oriented[:2] + 0.5) / 2 - 0.5), *oriented[2:4] / 2), atol=1e-3)


def test_large_faces_are_the_quick_looks(file, monkeypatch):
    """A picture of 640x560, seen with 160 and 320: from 283 pixels on a face is better seen in the quick look."""
    large, small = [20, 30, 320, 330], [400, 40, 480, 140]
    seen_large, seen_small, lower = [30, 40, 320, 330], [402, 44, 478, 136], [350, 200, 560, 470]
    image = np.zeros((560, 640, 3), np.uint8)
    for quick, first, wanted in [
        ({0.79: large, 0.75: small}, {0.9: seen_large, 0.85: seen_small}, {0.85: seen_small, 0.79: large}),
        ({0.6: large, 0.55: small}, {0.9: seen_small}, {0.9: seen_small, 0.6: large}),
        ({0.45: large}, {0.9: seen_small}, {0.9: seen_small}),
        ({0.3: lower}, {0.9: seen_small, EASE * 0.5 + 0.01: lower}, {0.9: seen_small, EASE * 0.5 + 0.01: lower}),
        ({0.29: lower}, {0.9: seen_small, EASE * 0.5 + 0.01: lower}, {0.9: seen_small}),
        ({}, {0.9: seen_small, 0.5: lower}, {0.9: seen_small, 0.5: lower}),
    ]:
        seen = {QUICK: quick, FIRST: first}
        detector = OwnDetector(file, FIRST)
        monkeypatch.setattr(
            detector,
            "_look",
            lambda image, side, *_, seen=seen: candidates_of(list(seen[side].values()), list(seen[side])),
        )
        found = detector.find(image)
        assert found.scores.tolist() == list(wanted)
        np.testing.assert_allclose(found.boxes, list(wanted.values()))


def test_a_quick_look_says_nothing_of_a_picture_that_is_turned(file, monkeypatch):
    """A large face in the quick look of the picture as it is; another one stands upside down."""
    image, face = np.zeros((560, 640, 3), np.uint8), [20, 30, 320, 330]
    image[0, 0] = 255

    def look(picture, side, *_):
        is_upright = picture[0, 0, 0] == 255
        if side == QUICK:
            return candidates_of([face, [400, 40, 480, 140]], [0.65, 0.3])
        return candidates_of([[100, 300, 200, 420]], [0.3 if is_upright else 0.9])

    detector = OwnDetector(file, FIRST)
    monkeypatch.setattr(detector, "_look", look)
    monkeypatch.setattr(detector, "_seen_alone", lambda *_: True)
    monkeypatch.setattr(own, "surest_in_tiles", lambda seen: np.array([0.3, 0, 0, 0, 0.8, 0, 0, 0]))
    found = detector.find(image)
    assert found.scores.tolist() == [0.9]
    np.testing.assert_allclose(found.boxes, [[640 - 1 - 200, 560 - 1 - 420, 640 - 1 - 100, 560 - 1 - 300]])
