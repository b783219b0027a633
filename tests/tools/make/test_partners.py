"""tools/make/partners.py: partners come back from faces whose partners are known."""

import numpy as np
import pytest

from infer.geometry.rotations import rotation
from records.landmarks import IBUG_68, SCHEMES, convert, scheme_of
from tests.helpers.any_points import SEVEN, seven_points
from tests.helpers.drawn import points_98, symmetric_face
from tools.make.partners import best_lean, in_words, involution, mean_face, mirrored, partners_of, proposed


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("degrees", [0, -25, 33])
def test_the_partners_of_every_scheme_are_found_however_the_face_leans(name, degrees):
    face = convert(points_98(symmetric_face()), SCHEMES["wflw98"], SCHEMES[name])
    crooked = face + np.random.default_rng(3).normal(0, 0.003, face.shape)
    found = partners_of(70 * crooked @ rotation(np.radians(degrees)).T + (40, -9))
    assert found.flip.tolist() == list(SCHEMES[name].flip) and not found.alone
    assert np.degrees(found.lean) == pytest.approx(degrees, abs=1) and found.off.max() < 0.03


def test_a_shuffled_face_has_its_partners_elsewhere():
    order = np.random.default_rng(4).permutation(68)
    places = np.argsort(order)
    found = partners_of(symmetric_face()[order])
    assert found.flip.tolist() == [places[IBUG_68.flip[index]] for index in order]


def test_a_mirror_image_across_a_leaning_line():
    line = np.array([np.sin(0.3), -np.cos(0.3)])  # clockwise from upright, y down
    beside = np.array([[np.cos(0.3), np.sin(0.3)]]) * 5
    np.testing.assert_allclose(mirrored(np.array([7 * line]), 0.3), [7 * line], atol=1e-12)
    np.testing.assert_allclose(mirrored(beside + 2 * line, 0.3), 2 * line - beside, atol=1e-12)
    shape = np.concatenate([beside + line, line - beside, [3 * line]])
    assert best_lean(shape, shape[[1, 0, 2]]) == pytest.approx(0.3)


def test_points_in_a_ring_become_pairs():
    cost = np.array([[9, 1, 4, 9], [1, 9, 3, 9], [4, 3, 5, 9], [9, 9, 9, 0.0]])
    assert involution(cost, np.array([1, 2, 0, 3])).tolist() == [1, 0, 2, 3]
    assert involution(cost, np.array([1, 0, 2, 3])).tolist() == [1, 0, 2, 3]
    assert involution(np.eye(3) * -1.0 + 5, np.array([1, 2, 0])).tolist() == [0, 1, 2]


def test_a_point_without_a_partner_is_named_and_nothing_is_mirrored():
    found = partners_of(seven_points(symmetric_face()))
    assert [SEVEN[index] for index in found.alone] == [19]
    own = proposed("mine", scheme_of("points7"), found)
    assert (own.name, own.count, own.flip) == ("mine", 7, ())
    pairs, middle, alone = in_words(found)
    assert (pairs, middle) == ("pairs: 0 3, 4 6", "on the middle line: 1, 2")
    assert alone.startswith("without a partner: 5 (") and alone.endswith("so nothing is mirrored")
    whole = partners_of(symmetric_face()[[36, 30, 8, 45, 54, 48]])
    assert in_words(whole) == ["pairs: 0 3, 4 5", "on the middle line: 1, 2"]
    assert proposed("mine", scheme_of("points6"), whole).flip == (3, 1, 2, 0, 5, 4)


def test_the_mean_face_of_turned_ones_is_the_face():
    face = symmetric_face()[[36, 45, 30, 8, 54, 48, 19]]
    turns = [rotation(angle) for angle in (-0.3, 0.1, 0.2)]
    labels = np.array([0.3 * face @ turn.T + 0.5 for turn in turns])
    found = mean_face(labels)
    whole = face - face.mean(axis=0)
    sizes = [np.sqrt(np.square(some).sum()) for some in (found, whole)]
    np.testing.assert_allclose(
        sorted(map(np.linalg.norm, found / sizes[0])), sorted(map(np.linalg.norm, whole / sizes[1]))
    )
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    labels[:, 2], labels[0, 2] = np.nan, labels[0, 3]  # whole in one face alone
    assert np.isfinite(mean_face(labels)).all()
    labels[0, 2] = np.nan
    with pytest.raises(ValueError, match="found point 2 in no face"):
        mean_face(labels)


def test_points_in_one_place_have_no_partners():
    with pytest.raises(ValueError, match="found points that lie in one place"):
        partners_of(np.full((4, 2), 3.0))
