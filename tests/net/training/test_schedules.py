from math import cos, pi

import numpy as np
import pytest

from net.training.schedules import learning_rate
from net.training.settings import SCHEDULES, Settings
from records.runtime import v1


def rates(steps, length=20, **settings):
    """The learning rate at each of so many steps."""
    with v1.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        rate = learning_rate(Settings(**settings), step, length)
        session.run(v1.global_variables_initializer())
        found = []
        for number in range(steps):
            step.load(number, session)
            found.append(session.run(rate.value))
        return found


class Judged:
    """A plateau of rate 0.1 and factor 0.5 in the present graph."""

    def __init__(self, session):
        self.session, self.step = session, v1.train.get_or_create_global_step()
        self.rate = learning_rate(Settings(schedule="plateau", rate=0.1, decay_factor=0.5), self.step, 9)

    def judge(self, step, error):
        """The learning rate after an evaluation that found this error; the patience is 20."""
        self.step.load(step, self.session)
        plateau = self.rate.plateau
        self.session.run(plateau.judge, {plateau.error: error, plateau.patience: 20})
        return float(self.session.run(self.rate.value))


@pytest.fixture
def judged():
    with v1.Graph().as_default(), v1.Session() as session:
        one = Judged(session)
        session.run(v1.global_variables_initializer())
        yield one


def test_the_rate_falls_in_stairs_or_as_a_cosine_to_nothing():
    found = rates(7, rate=0.01, decay_factor=0.5, decay_steps=3)
    np.testing.assert_allclose(found, [0.01] * 3 + [0.005] * 3 + [0.0025], rtol=1e-6)
    found = rates(11, length=8, schedule="cosine", rate=0.3)
    expected = [0.15 * (1 + cos(pi * min(step, 8) / 8)) for step in range(11)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)
    assert found[0] == np.float32(0.3) and found[8] == found[10] == 0


def test_a_plateau_falls_after_its_patience_without_a_lower_error(judged):
    errors = [0.9, 0.7, 0.8, 0.7, 0.5, 0.6, 0.6, 0.6, 0.6, 0.4, 0.5, 0.5]  # an equal one is no lower one
    found = [judged.judge(10 * number, error) for number, error in enumerate(errors, 1)]
    expected = [0.1] * 3 + [0.05] * 3 + [0.025] * 2 + [0.0125] * 3 + [0.00625]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_errors_that_are_no_numbers_are_no_lower_ones_and_a_step_counts_once(judged):
    for step, error, expected in (
        (10, np.nan, 0.1),
        (20, np.nan, 0.05),
        (30, np.nan, 0.05),
        (40, 3, 0.05),
        (50, 4, 0.05),
    ):
        assert judged.judge(step, error) == judged.judge(step, error) == pytest.approx(expected)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_warm_up_rises_in_a_line_to_what_the_schedule_asks_for(schedule):
    options = {"schedule": schedule, "rate": 0.1, "decay_factor": 0.5, "decay_steps": 2}
    plain, warm = rates(8, **options), rates(8, **options, warmup=4)
    np.testing.assert_allclose(warm, np.multiply(plain, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]), rtol=1e-6)
