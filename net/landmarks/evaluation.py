"""Testing landmarks while training: the records that judge through the network, and the errors of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from net.model.losses import PIXELS
from net.run.evaluation import Findings
from records import metrics
from records.drawing import draw_answer
from records.landmarks import Scheme
from records.runtime import tf, v1

PICTURES = 8  # faces shown in TensorBoard
WANTED = ("label", "predicted", "subset", "pose", "loss")


@dataclass(frozen=True)
class LandmarkEvaluation:
    """The part of the training graph that tests landmarks.

    iterator: its initializer starts the records that judge; batch: their tensors by name, with `predicted` and `loss`
    added, from the averaged weights where there are any; saver: saves what `batch` was answered with, under the plain
    names of the variables; judge: the split that they are of; scheme: their points.
    """

    iterator: tf.data.Iterator
    batch: Mapping[str, tf.Tensor]
    saver: v1.train.Saver
    judge: str
    scheme: Scheme

    def run(self, session: v1.Session) -> Findings:
        """NME on the records that judge, in all and per subset, loss and MAE; some faces with points and answers."""
        answers = run_through(session, self.iterator, self.batch)
        measures = nme_table(answers, self.scheme)
        return Findings(measures, nme_in_words(self.judge, measures), drawn(answers), fit_of(answers))


def run_through(
    session: v1.Session, iterator: tf.data.Iterator, batch: Mapping[str, tf.Tensor]
) -> dict[str, np.ndarray]:
    """The records that judge and the network's answers: label, predicted [N, 2K]; subset [N]; pose [N, 3]; loss of each
    batch; image of the first."""
    session.run(iterator.initializer)
    wanted = {key: batch[key] for key in WANTED}
    parts = [session.run({**wanted, "image": batch["image"]})]
    while True:
        try:
            parts.append(session.run(wanted))
        except tf.errors.OutOfRangeError:
            break
    return {**{key: np.concatenate([part[key] for part in parts]) for key in wanted}, "image": parts[0]["image"]}


def drawn(answers: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The first faces with true (green) and predicted (red) points, uint8 RGB."""
    shown = zip(answers["image"][:PICTURES], answers["label"], answers["predicted"], strict=False)
    return [draw_answer(*one) for one in shown]


def nme_table(answers: Mapping[str, np.ndarray], scheme: Scheme) -> dict[str, float]:
    """NME as fractions: `nme` by inter-ocular distance, `nme_box` by box size; in all, per subset, per its yaw bins.

    Keys: `nme`, `nme/<subset>`, `nme/<subset>/yaw 30-60`, and the same with `nme_box`; bins where the pose is known.
    """
    predicted, true = (answers[key].reshape(-1, scheme.count, 2) for key in ("predicted", "label"))
    table = {}
    for name, chosen in _groups(answers["subset"].astype(str), metrics.yaw_bin(answers["pose"][:, 1])).items():
        table[f"nme{name}"] = metrics.mean_nme(predicted[chosen], true[chosen], "inter_ocular", scheme)
        table[f"nme_box{name}"] = metrics.mean_nme(predicted[chosen], true[chosen], "box", scheme)
    return {name: value for name, value in table.items() if np.isfinite(value)}


def nme_in_words(judge: str, errors: Mapping[str, float]) -> str:
    """`test NME 3.10 % (box 2.50 %)`: of a table of `nme_table`, by the split that it is of; of points that have no
    other norm `test NME by box 2.50 %`."""
    box = 100 * errors.get("nme_box", np.nan)
    if "nme" not in errors:
        return f"{judge} NME by box {box:.2f} %"
    return f"{judge} NME {100 * errors['nme']:.2f} % (box {box:.2f} %)"


def fit_of(answers: Mapping[str, np.ndarray]) -> dict[str, float]:
    """`loss` on the points and `mae`, over all known coordinates in pixels of the crop: what the curves show."""
    differences = np.abs(answers["predicted"].astype(np.float64) - answers["label"])
    return {"loss": float(answers["loss"].mean()), "mae": float(PIXELS * np.nanmean(differences))}


def _groups(subsets: np.ndarray, bins: np.ndarray) -> dict[str, np.ndarray]:
    """Which faces belong to all, to each subset, and to each of its yaw bins that is not empty: name -> bool [N]."""
    groups = {"": np.full(len(subsets), True)}
    for subset in np.unique(subsets):
        groups[f"/{subset}"] = subsets == subset
        for index, name in enumerate(metrics.YAW_BINS):
            if (groups[f"/{subset}"] & (bins == index)).any():
                groups[f"/{subset}/{name}"] = groups[f"/{subset}"] & (bins == index)
    return groups
