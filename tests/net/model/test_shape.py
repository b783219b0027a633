import json

import pytest

from net.model.shape import Shape

MOMENTS = {"label_mean": (0.5, 0.4, 0.3, 0.6, 0.7, 0.2), "label_std": (0.1, 0.2, 0.05, 0.1, 0.4, 0.3)}


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"head": "blend"}, "head: found 'blend', expected one of integral, dense"),
        ({"head": "dense", "spread": "learned"}, "spread: found 'learned' with head 'dense'"),
        ({"width": 12}, "divisible by 8"),
        ({"widest": 100}, "divisible by 8"),
        ({"points": 0}, "positive"),
        ({"size": 100}, "size is 100, expected a multiple of 32"),
        ({"pixel_std": 0.0}, "deviations > 0"),
        ({"label_std": (0.1,) * 136}, "0 label_mean, 136 label_std"),
        ({**MOMENTS, "points": 3, "label_std": (0.0,) * 6}, "deviations > 0"),
        ({"label_offset": 0.06}, "label_offset: found 0.06, expected -0.05 to 0.05"),
        ({"label_offset": float("nan")}, "label_offset: found nan"),
        ({"label_offset": 0.01, "head": "dense"}, "found 0.01 with head 'dense', expected heat maps, or 0"),
    ],
)
def test_impossible_shapes_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Shape(**wrong)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(width=16, widest=24, depth=2, head="dense", picture="grey", size=64),
        Shape(points=3, pixels="standardised", pixel_std=40.0, labels="standardised", **MOMENTS),
    ],
)
def test_settings_hold_the_whole_shape(shape):
    settings = json.loads(json.dumps(shape.settings()))
    assert Shape.from_settings(settings) == shape


@pytest.mark.parametrize(
    "settings, kind, message",
    [
        ({"border": 2, "cell": 8}, ValueError, "border: found 2, expected 0"),
        ({"layers": 3}, TypeError, "layers"),
        ([], TypeError, "found a list"),
    ],
)
def test_settings_of_other_networks_are_refused(settings, kind, message):
    with pytest.raises(kind, match=message):
        Shape.from_settings(settings)
