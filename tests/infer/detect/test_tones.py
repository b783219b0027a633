"""infer/detect/tones.py: dark, faded and foggy pictures become as bright as others; those are left as they are."""

import numpy as np
import pytest

from infer.detect import tones
from infer.detect.own import QUICK, OwnDetector
from infer.detect.tones import FLAT, SPAN, stretched
from tests.helpers.tiny_detector import score_of, with_faces, write_detector


def ramp(low: float, high: float) -> np.ndarray:
    """Values that rise evenly from low to high along 500 columns, uint8 [40, 500, 3]."""
    return np.repeat(np.tile(np.linspace(low, high, 500).round().astype(np.uint8), (40, 1))[:, :, None], 3, axis=2)


@pytest.mark.parametrize(
    ("low", "high", "darkest", "brightest"),
    [
        (0, 60, 0, 221),
        (0, 20, 0, 155),
        (100, 150, 15, 235),
        (200, 250, 15, 235),
        (110, 120, 110, 190),
        (20, 150, 20, 209),
    ],
)
def test_where_the_ends_of_narrow_tones_come_to_lie(low, high, darkest, brightest):
    """Of what a hundredth of the picture is darker and brighter than: of 2 % at each end, these are cut."""
    picture = stretched(ramp(low, high))
    assert picture.dtype == np.uint8 and picture.shape == (40, 500, 3)
    ends = picture[0, [10, 489], 0].astype(float)
    np.testing.assert_allclose(ends, [darkest, brightest], atol=6)
    assert (np.diff(picture[0, :, 0].astype(int)) >= 0).all()


def test_a_picture_of_usual_tones_or_of_none_is_itself():
    for picture in (ramp(20, 20 + SPAN / 0.94), ramp(90, 90 + FLAT - 2), np.full((30, 40, 3), 7, np.uint8)):
        assert stretched(picture) is picture


@pytest.mark.parametrize(("rows", "itself"), [(2, True), (3, False)])
def test_a_few_spots_in_the_black_tell_nothing(rows, itself):
    """As lamps at night: 5 % are let be, 7.5 % are a dark picture."""
    spots = np.zeros((40, 500, 3), np.uint8)
    spots[:rows] = ramp(40, 120)[:rows]
    assert (stretched(spots) is spots) == itself


def test_tones_that_widen_lead_to_no_jump():
    """As in a video in which it dawns."""
    ends = np.array([stretched(ramp(90, 90 + span))[0, [10, 489], 0] for span in range(12, 166)], float)
    assert np.abs(np.diff(ends, axis=0)).max() <= 10 and ends[-1] == pytest.approx([93, 251], abs=2)


def test_few_bright_spots_do_not_hide_that_a_picture_is_dark():
    dark = ramp(2, 60)
    dark[:2, :150] = 255
    assert stretched(dark)[20, 250, 0] == pytest.approx(112, abs=6) and (stretched(dark)[:2, :150] == 255).all()


@pytest.mark.parametrize(("level", "height"), [(0, 740), (128, 560), (255, 740)])
def test_a_page_around_a_small_photo_does_not_cut_its_tones(level, height):
    """Of which the photo takes 5 to 6 %: of all that is there, 2 % at each end would be a third of it and more."""
    page = np.full((height, 600, 3), level, np.uint8)
    page[300:340, 50:550] = ramp(20, 235)
    assert stretched(page) is page


@pytest.mark.parametrize("beyond", [0.1, 0.9])
def test_what_lies_beyond_the_picture_does_not_tell(beyond):
    """As in turned pictures, whose corners are black: they stay so, the rest is stretched as without it."""
    foggy = ramp(100, 150)[:, np.random.default_rng(0).permutation(500)]
    cut = foggy.copy()
    cut[: round(40 * beyond)] = 0
    seen = stretched(cut)
    assert not seen[: round(40 * beyond)].any()
    np.testing.assert_allclose(seen[-4:].astype(int), stretched(foggy)[-4:], atol=6)


def test_the_span_is_that_of_a_sample(monkeypatch):
    picture = ramp(0, 60)
    first = stretched(picture)
    monkeypatch.setattr(tones, "SAMPLED", 4)
    np.testing.assert_allclose(stretched(picture).astype(int), first, atol=6)


@pytest.mark.parametrize(
    ("height", "width", "cells"), [(96, QUICK, [(1, 2)]), (192, 288, [(1, 2), (1, 6), (4, 2), (4, 6)])]
)
def test_faces_in_the_dark_are_found(tmp_path, height, width, cells):
    """A fifth of the light: as sure of them as in full light, in quick looks and others."""
    bright = with_faces(height, width, *((2, *cell, 0.9) for cell in cells))
    found = OwnDetector(write_detector(tmp_path)).find((bright * 0.2).astype(np.uint8))
    assert found.scores == pytest.approx([score_of(220 / 255)] * len(cells), abs=0.02)
