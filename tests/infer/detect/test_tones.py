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


def test_tones_that_widen_lead_to_no_jump():
    """As in a video in which it dawns."""
    ends = np.array([stretched(ramp(90, 90 + span))[0, [10, 489], 0] for span in range(12, 166)], float)
    assert np.abs(np.diff(ends, axis=0)).max() <= 10 and ends[-1] == pytest.approx([93, 251], abs=2)


def test_few_bright_spots_do_not_hide_that_a_picture_is_dark():
    dark = ramp(0, 60)
    dark[:2, :150] = 255
    assert stretched(dark)[20, 250, 0] == pytest.approx(117, abs=8) and (stretched(dark)[:2, :150] == 255).all()


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
