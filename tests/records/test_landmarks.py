import dataclasses

import numpy as np
import pytest

from records.landmarks import (
    IBUG_68,
    KAGGLE_15,
    KAGGLE_NAMES,
    SCHEMES,
    convert,
    flip_points,
    indices_of,
    part_of,
    scheme_of,
)
from tests.helpers.drawn import PARTNERS, symmetric_face

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
    assert (scheme.flip[scheme.corners[0]], scheme.flip[scheme.corners[1]]) == scheme.corners[::-1]
    for name, chains in scheme.lines.items():
        assert {index for chain in chains for index in chain} == set(scheme.groups[name])


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
        ({"groups": {**IBUG_68.groups, "more": (5,)}}, "ibug68: the groups hold 69 indices"),
        ({"flip": (*IBUG_68.flip[1:], IBUG_68.flip[0])}, "ibug68: flip is no involution"),
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
        with pytest.raises(ValueError, match="point scheme: found '.*', expected one of ibug68"):
            scheme_of(wrong)
