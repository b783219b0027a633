import pytest

from net.landmarks.settings import LandmarkSettings
from net.model.shape import Shape


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"loss": "huber"}, "loss: found 'huber', expected one of l2, wing, smooth_l1"),
        ({"heat_width": 0.0}, "heat_width: found 0.0, expected more than 0"),
        ({"dropout": 1.0}, "dropout: found 1.0, expected 0 or more, under 1"),
        ({"along": -0.5}, "along: found -0.5, expected 0 or more"),
        ({"pose": float("nan")}, "pose: found nan, expected 0 or more"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LandmarkSettings(**settings)


def test_a_loss_that_the_network_cannot_have_is_refused():
    with pytest.raises(ValueError, match="heat: found weight 0.5 with head 'dense'"):
        LandmarkSettings(heat=0.5).check_network(Shape(head="dense"))
    with pytest.raises(ValueError, match="labels: found 'standardised' with loss 'wing'"):
        LandmarkSettings(loss="wing").check_network(Shape(labels="standardised"))
    with pytest.raises(ValueError, match="along: found 0.5 with labels 'standardised'"):
        LandmarkSettings(along=0.5).check_network(Shape(labels="standardised"))
    with pytest.raises(ValueError, match="learn: found 'spread' with spread 'heat', expected 'learned'"):
        LandmarkSettings(learn="spread").check_network(Shape())
    LandmarkSettings(learn="spread").check_network(Shape(spread="learned"))
