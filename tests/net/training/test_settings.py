import pytest

from net.model.shape import Shape
from net.training.settings import LIMITS, Settings


@pytest.mark.parametrize(
    "change, message",
    [
        ({"loss": "huber"}, "loss: found 'huber', expected one of l2, wing, smooth_l1"),
        ({"precision": "float16"}, "precision: found 'float16'"),
        ({"rate": 0.0}, "expected rate > 0"),
        ({"decay_factor": 0.0}, r"decay_factor in \(0, 1\]"),
        ({"decay_factor": float("nan")}, r"decay_factor in \(0, 1\]"),
        ({"heat_width": 0.0}, "heat_width 0.0, expected .* heat_width > 0"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Settings(**change)


def test_settings_at_their_limits_are_taken_and_beyond_them_refused():
    assert set(LIMITS) < set(vars(Settings()))
    for name, (low, high) in LIMITS.items():
        if name not in ("rate", "heat_width"):  # these are above 0, tested above
            assert getattr(Settings(**{name: low}), name) == low
        for wrong in (low - 1, high, float("nan")):
            with pytest.raises(ValueError, match=f"{name}: found {wrong}, expected {low} or more, under {high}"):
                Settings(**{name: wrong})


@pytest.mark.parametrize(
    "settings, shape, message",
    [
        ({"heat": 0.5}, {"head": "dense"}, "heat: found weight 0.5 with head 'dense'"),
        ({"loss": "wing"}, {"labels": "standardised"}, "labels: found 'standardised' with loss 'wing'"),
    ],
)
def test_a_loss_that_the_network_cannot_have_is_refused(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings).check_network(Shape(**shape))
    Settings(**settings).check_network(Shape())
