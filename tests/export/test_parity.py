"""export/parity.py: how far a written file is from the checkpoint, and when that is too far."""

from dataclasses import replace

import numpy as np
import pytest

from export import parity
from export.formats import FORMATS
from tests.helpers.runtimes import answers_changed

INT8 = replace(FORMATS["int8"], runtimes=("opencv",))


def test_all_batch_sizes_are_asked_for(truth):
    asked = []

    def answer(images):
        asked.append(len(images))
        off = np.float32(0.5 * (len(images) == 1))
        return [off + np.zeros((len(images), 136), np.float32), off + np.ones((len(images), 2, 3), np.float32)]

    expected = [np.zeros((9, 136), np.float32), np.ones((9, 2, 3), np.float32)]
    points, maps = parity.deviations("m", answer, truth.images[:9], expected, (1, 7, 64))
    assert asked == [1] * 9 + [7, 2] + [9] and (points.shape, maps.shape) == ((3, 9, 136), (3, 9, 2, 3))
    assert points.max(axis=(1, 2)).tolist() == maps.max(axis=(1, 2, 3)).tolist() == [0.5, 0, 0]


def wider(answers, more=3e-3):
    """The spreads [N, 68] by so much more, landmarks as they are."""
    return answers + np.float32(more if answers.shape[1] == 68 else 0)


@pytest.mark.parametrize(
    ("runtime", "form", "change", "message"),
    [
        ("opencv", FORMATS["pb"], lambda answers: answers + np.float32(3e-3), "opencv is 3.00e-03 of .* at most 1e-05"),
        ("tensorflow", FORMATS["pb"], lambda answers: answers * np.nan, "tensorflow is nan of the crop's side"),
        ("opencv", INT8, lambda answers: answers * np.nan, r"opencv has \+nan % of the original's NME"),
        ("opencv", FORMATS["pb"], wider, r"opencv: spread is 3.00e-03 of the crop's side .*, expected at most 1e-05"),
        ("opencv", INT8, lambda answers: wider(answers, 0.2), "opencv: spread is 2.00e-01 of .*, expected at most 0.1"),
        ("opencv", FORMATS["pb"], lambda answers: answers[:, :10], r"opencv answers \(\d+, 10\), .* \(\d+, 136\)"),
    ],
)
def test_what_is_too_far_off_is_refused_by_its_runtimes_name(model, truth, monkeypatch, runtime, form, change, message):
    answers_changed(monkeypatch, runtime, change)
    with pytest.raises(ValueError, match=rf"landmark\.pb: {message}"):
        parity.verify(model, form, truth)


def test_int8_may_cost_so_much_of_the_nme(model, truth, monkeypatch):
    errors = truth.answers - truth.labels.reshape(truth.answers.shape)
    order = {image.tobytes(): index for index, image in enumerate(truth.images)}

    def worse(part):
        """Every answer further from its label by a part of the way."""
        known = truth.answers + errors * np.float32(part)

        def answer(images):
            places = [order[image.tobytes()] for image in images]
            return [known[places], truth.spreads[places]]

        monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda path, signature: answer)

    worse(0.03)
    assert parity.verify(model, INT8, truth)["opencv"].nme_change == pytest.approx(0.03, rel=1e-3)
    worse(0.06)
    with pytest.raises(ValueError, match=r"opencv has \+6\.0 % of the original's NME, expected at most \+5 %"):
        parity.verify(model, INT8, truth)
