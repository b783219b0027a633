import pytest

from net.model.shape import Shape
from net.training.settings import LIMITS, Settings


@pytest.mark.parametrize(
    "change, message",
    [
        ({"loss": "huber"}, "loss: found 'huber', expected one of l2, wing, smooth_l1"),
        ({"rate": 0.0}, "expected rate > 0"),
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


def test_a_loss_that_the_network_cannot_have_is_refused():
    with pytest.raises(ValueError, match="heat: found weight 0.5 with head 'dense'"):
        Settings(heat=0.5).check_network(Shape(head="dense"))
    with pytest.raises(ValueError, match="labels: found 'standardised' with loss 'wing'"):
        Settings(loss="wing").check_network(Shape(labels="standardised"))
