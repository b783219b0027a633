"""Fits the check that tells faces from a detector's false alarms, for one network: the text of `face_check*.json`.

Needs sets in 300W-LP's layout with 68 points of the kind that the network learnt; what has others is left out. Only
faces on the training side of the network's split count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infer.faces.check import ShapePrior, features, flattened, normalised
from infer.geometry.boxes import OVERLAP, box_of, overlaps
from infer.geometry.candidates import together
from infer.jobs.progress import Progress
from infer.landmarker import Landmarker
from records.landmarks import IBUG_68
from records.split import Split
from tools.evaluation.splits import split_of_contract
from tools.fit.faces import counted, drawn_faces, readable, subset_of
from tools.read.face import AnnotatedFace, Item

WRITTEN_BY = "tools/fit_constants.py check"
COMPONENTS = 20
FACE, ALARM = 0.5, 0.3  # IoU with the true box from which on a find is a face, and below which it is none
RIDGE = 0.01
ROUNDS = 100


@dataclass(frozen=True)
class Finds:
    """What the detector found: points and those of the mirrored crops [N, 68, 2], and IoU with the true box [N]."""

    points: np.ndarray
    mirrored: np.ndarray
    overlap: np.ndarray


def fit_check(landmarker: Landmarker, folders: Sequence[Path], count: int, seed: int) -> tuple[str, str]:
    """The JSON file's text, and a report of what the check keeps, by at most `count` training faces of the sets.

    Training faces are those of the network's own split, or of the default where its contract does not say. Raises
    FileNotFoundError or ValueError for missing folders, ValueError for too few faces or false alarms.
    """
    contract = landmarker.contract
    split = split_of_contract(contract.model.name, contract) or Split()
    faces = list(readable(drawn_faces(folders, count, seed, split), contract.trained_on.points or "pts_2d"))
    prior = fit_prior(np.array([face.points for _, face in faces if np.isfinite(face.points).all()]))
    finds = search(landmarker, [face for _, face in faces])
    inputs = features(finds.points, finds.mirrored, prior)
    weights, bias = fit_score(inputs, finds.overlap)
    text = document(prior, weights, bias, [item for item, _ in faces], contract.sha256)
    return text, report(inputs @ weights + bias, finds.overlap)


def fit_prior(points: np.ndarray) -> ShapePrior:
    """The prior of real shapes [N, 68, 2], mirrored ones too: generalised Procrustes analysis, then PCA.

    J. Gower, "Generalized Procrustes Analysis", Psychometrika 1975. Raises ValueError for under 3 * COMPONENTS shapes.
    """
    if len(points) < 3 * COMPONENTS:
        raise ValueError(f"shapes: found {len(points)} without unknown points, expected at least {3 * COMPONENTS}")
    points = np.concatenate([points, points[:, list(IBUG_68.flip)] * (-1, 1)])
    mean = normalised(points[:1])[0]
    for _ in range(ROUNDS):
        mean = normalised(points, mean).mean(axis=0)
        mean /= np.sqrt(np.square(np.abs(mean)).mean())
    flat = flattened(normalised(points, mean))
    centre = flat.mean(axis=0)
    _, values, components = np.linalg.svd(flat - centre, full_matrices=False)
    deviations = values[:COMPONENTS] / np.sqrt(len(flat))
    rest = np.square(values[COMPONENTS:]).sum() / len(flat)
    return ShapePrior(mean, centre, components[:COMPONENTS], deviations, float(np.sqrt(rest)))


def search(landmarker: Landmarker, faces: Sequence[AnnotatedFace]) -> Finds:
    """What all looks of the detector find in the faces' pictures, faces or not."""
    found: list[tuple] = []
    with Progress(len(faces), "pictures") as progress:
        for face in faces:
            boxes = together(list(landmarker.open_detector().looks(face.image))).distinct(OVERLAP).boxes
            if len(boxes):
                points = landmarker.answers(face.image, boxes, 2)[-1]
                found.append((points, landmarker.mirrored(face.image, points), overlap_of(points, face.points)))
            progress.step()
    if not found:
        raise ValueError(f"found nothing in {len(faces)} pictures, expected faces")
    return Finds(*(np.concatenate(column) for column in zip(*found, strict=True)))


def overlap_of(points: np.ndarray, true: np.ndarray) -> np.ndarray:
    """IoU [N] of the boxes around found points [N, 68, 2] and true ones [68, 2], by those that are known."""
    known = np.isfinite(true).all(axis=1)
    return overlaps(box_of(true), np.array([box_of(some[known]) for some in points]))


def fit_score(inputs: np.ndarray, overlap: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights [M] and bias of a logistic regression on features [N, M]: faces against false alarms, either half of the
    weight; a little ridge on the weights of the standardised features. By Newton's method (IRLS).

    The bias then makes 0 the threshold. Raises ValueError where there are under 20 of either.
    """
    face, alarm = overlap >= FACE, overlap < ALARM
    if min(face.sum(), alarm.sum()) < 20:
        raise ValueError(f"found {face.sum()} faces and {alarm.sum()} false alarms, expected at least 20 of either")
    used = face | alarm
    middle, spread = inputs[used].mean(axis=0), inputs[used].std(axis=0)
    design = np.concatenate([(inputs[used] - middle) / spread, np.ones((used.sum(), 1))], axis=1)
    weights = _irls(design, face[used], np.where(face[used], 0.5 / face.sum(), 0.5 / alarm.sum()))
    return weights[:-1] / spread, float(weights[-1] - (weights[:-1] / spread) @ middle)


def _irls(design: np.ndarray, goal: np.ndarray, share: np.ndarray) -> np.ndarray:
    ridge = RIDGE * np.diag([1.0] * (design.shape[1] - 1) + [1e-9])
    weights = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (share * (probability - goal)) + ridge @ weights
        curvature = (design * (share * probability * (1 - probability))[:, None]).T @ design + ridge
        weights = weights - np.linalg.solve(curvature, gradient)
    return weights


def report(values: np.ndarray, overlap: np.ndarray) -> str:
    """How many of either the threshold keeps."""
    face, alarm = overlap >= FACE, overlap < ALARM
    return (
        f"kept {(values[face] >= 0).mean():.1%} of {face.sum()} finds on faces, "
        f"{(values[alarm] >= 0).mean():.1%} of {alarm.sum()} elsewhere"
    )


def document(prior: ShapePrior, weights: np.ndarray, bias: float, items: Sequence[Item], sha256: str) -> str:
    """The JSON file's text: names of data sets, never paths of this machine."""
    head = {
        "written_by": WRITTEN_BY,
        "scheme": IBUG_68.name,
        "model_sha256": sha256,
        "fitted_on": counted([subset_of(item) for item in items]),
        "features": "logarithms of the mirror's disagreement, the shape's distance, its rest",
        "weights": weights.round(4).tolist(),
        "bias": round(bias, 4),
    }
    shape = {
        "mean": np.stack([prior.mean.real, prior.mean.imag], axis=1).round(5).tolist(),
        "centre": prior.centre.round(5).tolist(),
        "components": prior.components.round(5).tolist(),
        "deviations": prior.deviations.round(5).tolist(),
        "residual": round(prior.residual, 5),
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    inner = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in shape.items())
    return "{\n" + ",\n".join(lines) + f',\n "shape": {{\n{inner}\n }}\n}}\n'
