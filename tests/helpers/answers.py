"""What models might have answered, made up with a seed: for tests of tables, reports and plots."""

from __future__ import annotations

import numpy as np

from records.landmarks import IBUG_68
from tests.helpers.drawn import symmetric_face
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.measured import DETECTOR, SHIFTED, TRUE, Measured, Tile

FACES, DRAWS = 14, 3
NOISE = {"first.pb": 1.0, "other/second.onnx": 2.5, MEAN_SHAPE: 9.0}  # pixels
YAW = np.radians([0, 10, -20, 35, -45, 50, 70, -80, 65, 5, 40, 75, np.nan, np.nan])


def made_up(posed: bool = True, detector: bool = True, draws: int = DRAWS) -> Measured:
    """14 faces about 100 pixels wide of 7 sources, in subsets a/x (12, of known yaw) and b/y (2).

    The third face is missed by every run of the detector, and the first picture has two things too many.
    """
    rng = np.random.default_rng(4)
    true = 50 * symmetric_face() + rng.uniform(0, 200, (FACES, 1, 2)) + rng.normal(0, 2, (FACES, 68, 2))
    answers, invented = {}, {}
    for model, noise in NOISE.items():
        for passes in (1, 2):
            for boxes, shape in ((TRUE, (FACES, 68, 2)), (SHIFTED, (FACES, draws, 68, 2)), (DETECTOR, (FACES, 68, 2))):
                around = true[:, None] if boxes == SHIFTED else true
                answers[model, boxes, passes] = around + rng.normal(0, noise + (boxes == SHIFTED), shape)
            answers[model, DETECTOR, passes][2] = np.nan
            invented[model, passes] = np.array([2] + [0] * (FACES - 1))
    left_out = {kind for kind, there in ((DETECTOR, detector), (SHIFTED, draws)) if not there}
    answers = {key: value for key, value in answers.items() if key[1] not in left_out}
    tile = Tile(0.5, "a/x/face", np.full((60, 60, 3), 90, np.uint8), true[0] % 60, true[0] % 60 + 3)
    return Measured(
        scheme=IBUG_68,
        models=tuple(NOISE),
        keys=np.array([f"a/x/{index}" for index in range(FACES)]),
        sources=np.array([f"photo{index // 2}" for index in range(FACES)]),
        subsets=np.array(["a/x"] * 12 + ["b/y"] * 2),
        yaw=YAW if posed else np.full(FACES, np.nan),
        true=true,
        moves=rng.uniform((-0.1, -0.1, 0.85), (0.1, 0.1, 1.2), (FACES, draws, 3)),
        answers=answers,
        invented=invented if detector else {},
        worst={model: [tile, tile] for model in NOISE},
        skipped=[],
    )
