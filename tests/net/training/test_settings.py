import pytest

from net.model.shape import Shape
from net.training.settings import LIMITS, Settings


def test_impossible_settings_are_refused():
    for name, value in {"rate": 0.0, "decay_factor": float("nan"), "heat_width": 0.0}.items():
        with pytest.raises(ValueError, match=f"found .*{name} {value}, .*expected rate > 0"):
            Settings(**{name: value})
    with pytest.raises(ValueError, match="loss: found 'huber', expected one of l2, wing, smooth_l1"):
        Settings(loss="huber")


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
