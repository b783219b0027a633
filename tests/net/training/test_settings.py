import pytest

from net.training.settings import LIMITS, Settings


def test_impossible_settings_are_refused():
    for name, value in {"rate": 0.0, "decay_factor": float("nan")}.items():
        with pytest.raises(ValueError, match=f"found .*{name} {value}, .*expected rate > 0"):
            Settings(**{name: value})
    with pytest.raises(ValueError, match="schedule: found 'linear', expected one of exponential, cosine, plateau"):
        Settings(schedule="linear")


def test_settings_at_their_limits_are_taken_and_beyond_them_refused():
    assert set(LIMITS) < set(vars(Settings()))
    for name, (low, high) in LIMITS.items():
        if name != "rate":  # it is above 0, tested above
            assert getattr(Settings(**{name: low}), name) == low
        for wrong in (low - 1, high, float("nan")):
            with pytest.raises(ValueError, match=f"{name}: found {wrong}, expected {low} or more, under {high}"):
                Settings(**{name: wrong})
