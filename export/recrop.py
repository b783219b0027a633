"""How the crop lies around the points themselves, for schemes whose points do not span the landmark box.

Inference crops again around the points of an earlier pass. Around 68 points that is the crop of training, and around
WFLW's 98, which hold them; 15 end at the brows and the lower lip, and one's own may reach to the hair, so the records
say how far the crop reaches beyond them.
"""

from __future__ import annotations

import numpy as np

from infer.geometry.boxes import box_of
from infer.geometry.rotations import rotation
from infer.model.contract import Placement
from net.data.batches import test_batches
from net.data.record_set import RecordSet
from records.landmarks import IBUG_68, SCHEMES, Scheme, steps
from records.runtime import tf

FACES, BATCH = 2000, 200  # training records that are looked at


def recrop_of(records: RecordSet) -> Placement | None:
    """The crop around points found before, measured on the training records; None for those that span the 68's box.

    Its margin and shift are fractions of the longer edge of the points' box. None as well where no record has all
    points.
    """
    if records.scheme.name in SCHEMES and steps(records.scheme, IBUG_68) is not None:
        return None
    with tf.init_scope():
        batches = test_batches(records, BATCH, "train").take(FACES // BATCH)
        labels = np.concatenate([batch["label"].numpy() for batch in batches])
    labels = labels.reshape(len(labels), -1, 2)
    whole = labels[np.isfinite(labels).all(axis=(1, 2))]
    return median_recrop(whole, records.scheme) if len(whole) else None


def median_recrop(labels: np.ndarray, scheme: Scheme) -> Placement:
    """The median face's crop around its points, from labels [N, K, 2] in fractions of the crop's side.

    Each face upright first, as the crop of a later pass is, where eyes tell what that is; shift has x 0 where faces are
    mirrored, for a mirrored face is a face as well.
    """
    found = np.array([_crop_of(label.astype(np.float64), scheme) for label in labels])
    margin, across, down = np.median(found, axis=0)
    return Placement(round(float(margin), 4), (0.0 if scheme.flip else round(float(across), 4), round(float(down), 4)))


def _crop_of(label: np.ndarray, scheme: Scheme) -> tuple[float, float, float]:
    """Margin of the crop around one face's points and how far its centre lies right of and below theirs, in their
    box's edges."""
    eyes = [label[list(eye)].mean(axis=0) for eye in (scheme.left_eye, scheme.right_eye) if eye]
    x, y = eyes[0] - eyes[1] if eyes else (1.0, 0.0)
    turn = rotation(float(np.arctan2(y, x)))
    x0, y0, x1, y1 = box_of(label @ turn)
    edge = max(x1 - x0, y1 - y0)
    centre = np.array([0.5, 0.5]) @ turn
    return (1 / edge - 1) / 2, (centre[0] - (x0 + x1) / 2) / edge, (centre[1] - (y0 + y1) / 2) / edge
