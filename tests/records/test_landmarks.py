import dataclasses
import json

import numpy as np
import pytest

from records.landmarks import (
    IBUG_68,
    KAGGLE_15,
    KAGGLE_NAMES,
    SCHEMES,
    common,
    convert,
    flip_points,
    indices_of,
    mapping,
    own_scheme,
    part_of,
    scheme_of,
    scheme_told,
    steps,
    told,
)
from records.scheme import Scheme, without_scheme
from tests.conftest import ROOT
from tests.helpers.drawn import PARTNERS, points_98, symmetric_face

# Kaggle-15: each point, its mirror partner and the points of the 68 that it is the mean of, written down here once more
KAGGLE = {
    "left_eye_center": ("right_eye_center", range(42, 48)),
    "right_eye_center": ("left_eye_center", range(36, 42)),
    "left_eye_inner_corner": ("right_eye_inner_corner", [42]),
    "left_eye_outer_corner": ("right_eye_outer_corner", [45]),
    "right_eye_inner_corner": ("left_eye_inner_corner", [39]),
    "right_eye_outer_corner": ("left_eye_outer_corner", [36]),
    "left_eyebrow_inner_end": ("right_eyebrow_inner_end", [22]),
    "left_eyebrow_outer_end": ("right_eyebrow_outer_end", [26]),
    "right_eyebrow_inner_end": ("left_eyebrow_inner_end", [21]),
    "right_eyebrow_outer_end": ("left_eyebrow_outer_end", [17]),
    "nose_tip": ("nose_tip", [30]),
    "mouth_left_corner": ("mouth_right_corner", [54]),
    "mouth_right_corner": ("mouth_left_corner", [48]),
    "mouth_center_top_lip": ("mouth_center_top_lip", [51]),
    "mouth_center_bottom_lip": ("mouth_center_bottom_lip", [57]),
}


def test_flip_moves_pixels_as_a_mirrored_picture_does():
    picture = np.zeros((97, 131), np.uint8)
    points = np.stack([np.arange(68) + 3, (7 * np.arange(68)) % 97], axis=1)
    picture[points[:, 1], points[:, 0]] = np.arange(68) + 1
    flipped = flip_points(points, 131)
    np.testing.assert_array_equal(picture[:, ::-1][flipped[:, 1], flipped[:, 0]], np.array(IBUG_68.flip) + 1)
    unknown = np.ones((68, 2), np.float32)
    unknown[36] = np.nan
    flipped = flip_points(unknown, 9)
    assert flipped.dtype == np.float32 and np.isnan(unknown[36]).all()
    assert np.flatnonzero(np.isnan(flipped).any(axis=1)).tolist() == [45]
    for shape in ((2, 68), (67, 2), (68, 3)):
        with pytest.raises(ValueError, match=rf"points are \({shape[0]}, {shape[1]}\), expected \(68, 2\)"):
            flip_points(np.zeros(shape), 9)


def test_partners_are_those_written_down_by_hand():
    expected = np.arange(68)
    for first, second in PARTNERS.items():
        expected[first], expected[second] = second, first
    assert list(IBUG_68.flip) == expected.tolist()
    assert tuple(KAGGLE) == KAGGLE_NAMES
    assert [KAGGLE_NAMES[partner] for partner in KAGGLE_15.flip] == [partner for partner, _ in KAGGLE.values()]


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_scheme_mirrors_its_groups_eyes_and_corners_onto_themselves(scheme):
    for group in scheme.groups.values():
        assert {scheme.flip[index] for index in group} == set(group)
    assert {scheme.flip[index] for index in scheme.left_eye} == set(scheme.right_eye)
    assert tuple(scheme.flip[index] for index in scheme.corners) == scheme.corners[::-1]
    for name, chains in scheme.lines.items():
        assert {index for chain in chains for index in chain} == set(scheme.groups[name])
        drawn = {frozenset(line) for chain in chains for line in zip(chain, chain[1:], strict=False)}
        assert {frozenset(scheme.flip[index] for index in line) for line in drawn} == drawn


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_a_symmetric_face_mirrors_onto_itself_in_every_scheme(scheme):
    face = convert(points_98(symmetric_face()), SCHEMES["wflw98"], scheme)
    assert face.shape == (scheme.count, 2) and len(np.unique(face.round(6), axis=0)) == scheme.count
    np.testing.assert_allclose(face[list(scheme.flip)] * (-1, 1), face, atol=1e-12)
    assert face[list(scheme.left_eye), 0].min() > 0.2
    places = {scheme.name_of(index): place for index, place in enumerate(face)}
    for name, (x, y) in places.items():
        if {"right", "left"} & set(name.split("_")):
            assert (x > 0) == ("left" in name.split("_")), name
        for one, other in (("inner", "outer"), ("top", "bottom")):
            twin = places.get(name.replace(one, other), (x, y))
            assert one not in name.split("_") or (abs(x) < abs(twin[0]) if one == "inner" else y < twin[1]), name


def test_98_points_mirror_and_become_68_as_written_down_here():
    pairs = [*zip(range(16), range(32, 16, -1), strict=True), *zip(range(33, 38), range(46, 41, -1), strict=True)]
    pairs += [(38, 50), (39, 49), (40, 48), (41, 47), (55, 59), (56, 58), (96, 97)]
    pairs += [(60, 72), (61, 71), (62, 70), (63, 69), (64, 68), (65, 75), (66, 74), (67, 73)]
    pairs += [(76, 82), (77, 81), (78, 80), (87, 83), (86, 84), (88, 92), (89, 91), (95, 93)]
    expected = np.arange(98)
    for first, second in pairs:
        expected[first], expected[second] = second, first
    assert list(SCHEMES["wflw98"].flip) == expected.tolist()
    points = np.arange(98 * 2, dtype=np.float64).reshape(98, 2)
    eyes = [60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75]
    kept = [*range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60), *eyes, *range(76, 96)]
    np.testing.assert_array_equal(convert(points, SCHEMES["wflw98"], IBUG_68), points[kept])


def test_the_box_normalises_where_the_protocol_says_so():
    assert {name for name, scheme in SCHEMES.items() if not scheme.corners} == {"aflw19"}


def test_parts_of_68_are_its_points_in_their_order():
    face = np.random.default_rng(7).normal(size=(68, 2))
    inner = convert(face, IBUG_68, SCHEMES["ibug51"])
    np.testing.assert_array_equal(inner, face[17:])
    np.testing.assert_array_equal(convert(face, IBUG_68, SCHEMES["ibug49"]), np.delete(face[17:], [43, 47], axis=0))
    assert SCHEMES["ibug49"].corners == SCHEMES["ibug51"].corners == (19, 28)
    for name in ("ibug49", "ibug51"):
        part = SCHEMES[name]
        five = convert(convert(face, IBUG_68, part), part, SCHEMES["mtfl5"])
        np.testing.assert_allclose(five, convert(face, IBUG_68, SCHEMES["mtfl5"]))


def test_five_points_of_all_schemes():
    face = points_98(symmetric_face())
    from_68 = convert(face, SCHEMES["wflw98"], SCHEMES["mtfl5"])
    expected = [face[[60, 61, 63, 64, 65, 67]].mean(axis=0), face[[68, 69, 71, 72, 73, 75]].mean(axis=0)]
    np.testing.assert_allclose(from_68, [*expected, face[54], face[76], face[82]])
    for name, scheme in SCHEMES.items():
        five = convert(convert(face, SCHEMES["wflw98"], scheme), scheme, SCHEMES["mtfl5"])
        np.testing.assert_allclose(five, from_68, atol=1e-12, err_msg=name)


def test_points_of_one_name_are_the_same():
    theirs = dataclasses.replace(without_scheme(3), name="theirs", names=("nose", "chin", "brow"))
    ours = dataclasses.replace(without_scheme(2), name="ours", names=("brow", "nose"))
    points = np.float32([[1, 2], [3, 4], [np.nan, 6]])
    np.testing.assert_array_equal(convert(points, theirs, ours), [[np.nan, 6], [1, 2]])
    assert steps(part_of(scheme_of("points7"), (2, 5)), part_of(scheme_of("points9"), (2, 5))) is None
    assert steps(ours, theirs) is None and steps(theirs, dataclasses.replace(ours, names=("brow", "jaw"))) is None


def five_of(count):
    return {"mtfl5": tuple((count - 1 - index,) for index in range(5))}


def test_points_that_make_others():
    rng = np.random.default_rng(8)
    whole = tuple((index, 68 + index) if index in (36, 40) else (index,) for index in range(68))
    own = dataclasses.replace(without_scheme(110), name="mine", makes={"ibug68": whole})
    face = rng.normal(size=(110, 2))
    expected = face[:68].copy()
    expected[[36, 40]] = (face[[36, 40]] + face[[104, 108]]) / 2
    np.testing.assert_allclose(convert(face, own, IBUG_68), expected)
    np.testing.assert_allclose(convert(face, own, KAGGLE_15), convert(expected, IBUG_68, KAGGLE_15))
    assert common([own, IBUG_68]) is IBUG_68 and steps(IBUG_68, own) is None
    twenty = dataclasses.replace(without_scheme(20), name="less", made_of={"ibug68": whole[:20]}, makes=five_of(20))
    assert common([twenty, IBUG_68]) is twenty and common([twenty, KAGGLE_15]) is SCHEMES["mtfl5"]
    assert mapping(own, IBUG_68) == whole
    five = mapping(own, SCHEMES["mtfl5"])  # of the right eye's six two are means of two themselves
    means = np.array([face[list(indices)].mean(axis=0) for indices in five])
    np.testing.assert_allclose(means, convert(face, own, SCHEMES["mtfl5"]))


def test_98_points_made_of_68_lie_between_them_and_make_them_again():
    made, face = own_scheme(str(ROOT / "docs" / "schemes" / "98_of_68.json")), symmetric_face()
    points = convert(face, IBUG_68, made)
    np.testing.assert_allclose(points[list(made.flip)] * (-1, 1), points, atol=1e-12)
    np.testing.assert_array_equal(convert(points, made, IBUG_68), face)
    np.testing.assert_allclose(points[38], (3 * face[20] + 3 * face[21] + face[39]) / 7)
    wflw = SCHEMES["wflw98"]
    assert (made.flip, made.groups, made.lines, made.corners) == (wflw.flip, wflw.groups, wflw.lines, wflw.corners)


def test_a_mapping_is_that_of_all_steps():
    face = np.random.default_rng(9).normal(size=(98, 2))
    means = mapping(SCHEMES["wflw98"], SCHEMES["aflw19"])
    found = np.array([face[list(indices)].mean(axis=0) for indices in means])
    np.testing.assert_allclose(found, convert(face, SCHEMES["wflw98"], SCHEMES["aflw19"]))
    assert mapping(IBUG_68, IBUG_68) == tuple((index,) for index in range(68))
    assert mapping(KAGGLE_15, IBUG_68) == mapping(scheme_of("points68"), IBUG_68) == ()
    assert mapping(scheme_of("points5"), SCHEMES["mtfl5"]) == ()


def test_points_without_a_scheme_are_in_no_order_that_nobody_named():
    five, mtfl, wflw = scheme_of("points5"), SCHEMES["mtfl5"], SCHEMES["wflw98"]
    assert common([five, IBUG_68]) is None and common([five]) is five
    assert common([five, mtfl]) is mtfl and common([IBUG_68, five, mtfl]) is mtfl
    assert common([wflw, IBUG_68]) is IBUG_68 and common([wflw, KAGGLE_15]) is KAGGLE_15


def test_points_without_a_scheme():
    seven = scheme_of("points7")
    assert (seven.count, seven.groups, seven.lines) == (7, {"points": tuple(range(7))}, {})
    assert seven.flip == seven.corners == seven.left_eye == ()
    points = np.random.default_rng(3).normal(size=(2, 7, 2)).astype(np.float32)
    own = dataclasses.replace(seven, name="mine", flip=(1, 0, 2, 3, 4, 5, 6))
    np.testing.assert_array_equal(convert(points, seven, own), points)
    with pytest.raises(ValueError, match="found no mapping mine -> points7"):
        convert(points, own, seven)
    with pytest.raises(ValueError, match="flip: found points7 without mirror partners"):
        flip_points(points[0], 9, seven)
    part = part_of(seven, (2, 5))
    assert (part.name, part.flip, part.groups) == ("points7[2,5]", (), {"points": (0, 1)})
    assert scheme_of("points7[2,5]") == part
    for wrong in ("points0", "points07", "points", "points10001"):
        with pytest.raises(ValueError, match="point scheme: found"):
            scheme_of(wrong)


def test_a_file_keeps_a_name_or_the_whole_scheme():
    own = dataclasses.replace(KAGGLE_15, name="mine", made_of={"ibug68": tuple((index,) for index in range(15))})
    for scheme in (IBUG_68, part_of(KAGGLE_15, (0, 1, 10)), scheme_of("points7")):
        assert told(scheme) == scheme.name and scheme_told(scheme.name) == scheme
    assert scheme_told(json.loads(json.dumps(told(own)))) == own
    face = np.random.default_rng(5).normal(size=(68, 2))
    np.testing.assert_array_equal(convert(face, IBUG_68, own), face[:15])


def test_a_scheme_of_ones_own(tmp_path):
    file = tmp_path / "mine.json"
    assert own_scheme("wflw98") is SCHEMES["wflw98"]
    file.write_text(
        json.dumps({"name": "mine", "count": 3, "flip": [1, 0, 2], "made_of": {"ibug68": [36, 45, [8, 9]]}})
    )
    mine = own_scheme(str(file))
    assert (mine.name, mine.flip, mine.made_of) == ("mine", (1, 0, 2), {"ibug68": ((36,), (45,), (8, 9))})
    for change, message in (
        ({"name": "mtfl5"}, "name: found 'mtfl5', expected another"),
        ({"name": "points3", "flip": [1, 0, 2]}, "name: found 'points3', expected another"),
        ({"name": "kaggle15[0]"}, "name: found 'kaggle15.0.', expected one without brackets"),
        ({"made_of": {"ibug68": [36, 45, 68]}}, "made_of.ibug68: found point 68, expected 0 to 67"),
        ({"makes": {"mtfl5": [0, 1, 2, 0]}}, "makes.mtfl5: found 4 entries, expected 5, one for each"),
        ({"makes": {"mine5": [0]}}, "makes.mine5: found no such scheme, expected one of wflw98"),
    ):
        file.write_text(json.dumps({"name": "mine", "count": 3, **change}))
        with pytest.raises(ValueError, match=f"mine.json line 1: {message}"):
            own_scheme(str(file))


def test_left_is_the_subjects_left():
    face = symmetric_face()
    left, right = face[list(IBUG_68.left_eye)].mean(axis=0), face[list(IBUG_68.right_eye)].mean(axis=0)
    assert left[0] > 0.2 > -0.2 > right[0]
    outer = sorted(range(36, 48), key=lambda index: face[index, 0])
    assert IBUG_68.corners == (outer[0], outer[-1])
    face = dict(zip(KAGGLE_NAMES, convert(symmetric_face(), IBUG_68, KAGGLE_15), strict=True))
    for name, (x, y) in face.items():
        if name.startswith("left") or "_left_" in name:
            assert x > 0.05
            np.testing.assert_allclose(face[KAGGLE[name][0]], (-x, y), atol=1e-12)
    assert [KAGGLE_NAMES[index] for index in KAGGLE_15.corners] == ["right_eye_outer_corner", "left_eye_outer_corner"]
    assert (KAGGLE_15.left_eye, KAGGLE_15.right_eye) == ((0,), (1,))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"groups": {**IBUG_68.groups, "more": (5,)}}, "ibug68 groups.more: found point 5 again, as in jaw"),
        (
            {"flip": (*IBUG_68.flip[1:], IBUG_68.flip[0])},
            r"ibug68 flip\[16\]: found 26, whose own partner is 27, expected 16",
        ),
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(IBUG_68, **change)


def test_68_points_become_kaggles():
    face = np.random.default_rng(4).normal(size=(68, 2)).astype(np.float32)
    expected = [face[list(indices)].mean(axis=0) for _, indices in KAGGLE.values()]
    converted = convert(face, IBUG_68, KAGGLE_15)
    assert converted.dtype == np.float32 and converted.shape == (15, 2)
    np.testing.assert_allclose(converted, expected, rtol=1e-6)
    face[[43, 48]] = np.nan
    unknown = np.isnan(convert(np.stack([face, face]), IBUG_68, KAGGLE_15)).all(axis=2)[1]
    assert np.array(KAGGLE_NAMES)[unknown].tolist() == ["left_eye_center", "mouth_right_corner"]
    points = np.ones((15, 2), np.float32)
    convert(points, KAGGLE_15, KAGGLE_15)[:] = 0  # a copy
    assert (points == 1).all()
    with pytest.raises(ValueError, match="found no mapping kaggle15 -> ibug68"):
        convert(points, KAGGLE_15, IBUG_68)
    with pytest.raises(ValueError, match=r"points are \(15, 2\), expected \(..., 68, 2\) of ibug68"):
        convert(points, IBUG_68, KAGGLE_15)


def test_points_by_number_name_and_group():
    assert indices_of("nose_tip,right_eye_center, left_eye_center,14", KAGGLE_15) == (0, 1, 10, 14)
    assert indices_of("mouth,10,11", KAGGLE_15) == (10, 11, 12, 13, 14)
    for wrong in ("ear", "15", "", "0,,1"):
        with pytest.raises(ValueError, match="points: found '.*', expected of kaggle15: brows, nose"):
            indices_of(wrong, KAGGLE_15)


def test_a_part_of_a_scheme_keeps_what_its_points_mean():
    part = part_of(KAGGLE_15, (0, 1, 10, 14))
    assert (part.name, part.count, part.subset) == ("kaggle15[0,1,10,14]", 4, (0, 1, 10, 14))
    assert part.names == ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")
    assert part.groups == {"nose": (2,), "eyes": (0, 1), "mouth": (3,)}
    assert (part.left_eye, part.right_eye, part.flip) == ((0,), (1,), (1, 0, 2, 3))
    assert part.corners == (1, 0)  # the subject's right first, as the outer corners stand
    assert scheme_of(part.name) == part
    eyes = part_of(IBUG_68, tuple(range(36, 48)))
    assert eyes.corners == (0, 9) and eyes.names[:2] == ("36", "37")
    assert [eyes.subset[index] for index in eyes.flip] == [IBUG_68.flip[index] for index in eyes.subset]
    chains = tuple(tuple(eyes.subset[index] for index in chain) for chain in eyes.lines["eyes"])
    assert chains == IBUG_68.lines["eyes"]


def test_parts_and_names_that_are_none():
    with pytest.raises(ValueError, match="found mouth_left_corner without its mirror partner"):
        part_of(KAGGLE_15, (0, 1, 11))
    with pytest.raises(ValueError, match="found no point of the eyes"):
        part_of(KAGGLE_15, (10, 14))
    assert scheme_of("ibug68") is IBUG_68
    for wrong in ("ibug5", "kaggle15[0,1", "other[0]"):
        with pytest.raises(ValueError, match="point scheme: found '.*', expected one of wflw98, ibug68"):
            scheme_of(wrong)


def test_two_schemes_of_one_name_are_matched_by_their_points():
    """One with four named points is no answer to one with three of them in another order; one without names is."""
    groups = {"all": (0, 1, 2, 3)}
    four = Scheme("mine", 4, groups, names=("eye", "nose", "chin", "ear"))
    three = Scheme("mine", 3, {"all": (0, 1, 2)}, names=("chin", "eye", "nose"))
    points = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32)
    assert convert(points, four, three).tolist() == [[5, 6], [1, 2], [3, 4]]
    turned = Scheme("mine", 4, groups, names=("ear", "chin", "nose", "eye"))
    assert convert(points, four, turned).tolist() == points[::-1].tolist()
    assert convert(points, four, Scheme("mine", 4, groups)).tolist() == points.tolist()
    with pytest.raises(ValueError, match="no mapping mine -> mine"):
        convert(points[:3], three, four)
