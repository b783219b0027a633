"""Answers of a network to a few faces, made up, as an evaluation finds them."""

import numpy as np

RNG = np.random.default_rng(13)


def network_answers(faces: int = 5, error: float = 0.02) -> dict[str, np.ndarray]:
    """Labels in fractions, predictions so far off, subsets, poses, images 32 x 32, and the losses of two batches."""
    label = RNG.uniform(0.2, 0.8, (faces, 136)).astype(np.float32)
    return {
        "label": label,
        "predicted": label + RNG.normal(0, error, label.shape).astype(np.float32),
        "subset": np.array([b"set/AFW", b"set/HELEN", b"set/AFW", b"set/HELEN", b"set/AFW"][:faces]),
        # pitch, yaw, roll in degrees: AFW looks ahead, then far to a side; HELEN's yaw is not known
        "pose": np.radians([[50, 10, 0], [0, np.nan, 0], [0, -70, 0], [0, np.nan, 0], [50, -5, 0]])[:faces],
        "image": RNG.integers(0, 256, (faces, 32, 32, 3), np.uint8),
        "loss": np.array([2.0, 5.0], np.float32),
    }
