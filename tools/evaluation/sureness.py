"""What it is worth that a model says how far off its points are: tables, a plot, and the faces it is least sure of.

Measures: Spearman's correlation of told and true errors; AUROC of covered points among uncovered ones; the error that
is left without the least sure points (the sparsification of E. Ilg et al., "Uncertainty Estimates and Multi-Hypotheses
Networks for Optical Flow", ECCV 2018); how many points are off by less than told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from infer.draw import contact_sheet
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from tools.evaluation.corruptions import (
    COVERS,
    EYES,
    MOUTH,
    Picture,
    beyond,
    blurred,
    darker,
    hand_before,
    smaller,
)
from tools.evaluation.looks import Look, Looking, Looks, faces_as_learnt, look_at
from tools.evaluation.ranks import auroc, spearman
from tools.evaluation.report import markdown_table
from tools.evaluation.scenes.selection import SceneSelection
from tools.evaluation.scenes.truth import BARE, MASKED, kind_of
from tools.evaluation.splits import ALL_FACES, choose_split
from tools.read import formats
from tools.read.face import Item

PLAIN = "as they are"
BARS = dict(zip(COVERS, (EYES, MOUTH), strict=True))
CHANGES: dict[str, Callable[[Picture], Picture]] = {
    **COVERS,
    "a drawn hand before mouth and nose": hand_before,
    "a quarter of the face beyond the picture's edge": beyond(0.25),
    "half of the face beyond it": beyond(0.5),
    "a quarter of the light": darker,
    "out of focus": blurred,
    "longer edge of 16 pixels": smaller(16),
}
DROPPED = 0.1  # part of the points: the least sure ones
FACTORS = (1.0, 2.0, 3.0)  # of what is told
BINS = 12
LOWEST = 40  # pixels: height of a face of the masks
SHOWN, COLUMNS, TILE, MARGIN = 12, 6, 220, 0.25


@dataclass(frozen=True, eq=False)
class Sureness:
    """Looks at faces (items) as they are, and changed, by name; covered: of the changes in `BARS` which points lie
    under the bar, bool [N, K]."""

    items: Sequence[Item]
    plain: Looks
    changed: Mapping[str, Looks]
    covered: Mapping[str, np.ndarray]

    @property
    def groups(self) -> np.ndarray:
        """Data set and subset of each face."""
        return np.array([f"{item.dataset}/{item.subset}" for item in self.items])


def measure(landmarker: Looking, items: Sequence[Item]) -> Sureness:
    """Looks at all faces in every way. Raises as `look_at` and `Looks.joined`."""
    looks: dict[str, list[Look]] = {name: [] for name in (PLAIN, *CHANGES)}
    covered: dict[str, list[np.ndarray]] = {name: [] for name in BARS}
    seen = []
    for item, face in faces_as_learnt(items, landmarker.contract):
        picture = Picture(face.image, face.points, face.box)
        seen.append(item)
        for name, change in ((PLAIN, lambda same: same), *CHANGES.items()):
            image, true, box = change(picture)
            looks[name].append(look_at(landmarker, image, true, box, item.source, box))
        for name, bar in BARS.items():
            covered[name].append(under(bar, picture))
    joined = {name: Looks.joined(some) for name, some in looks.items()}
    return Sureness(seen, joined.pop(PLAIN), joined, {name: np.array(bars) for name, bars in covered.items()})


def under(bar: tuple[float, float], picture: Picture) -> np.ndarray:
    """Which true points lie under a bar between two fractions of the box's height, bool [K]; unknown ones do not."""
    _, y0, _, y1 = picture.box
    height = (picture.points[:, 1] - y0) / (y1 - y0)
    return (height >= bar[0]) & (height <= bar[1])


def tables(measured: Sureness, masks: Mapping[str, np.ndarray] | None = None) -> str:
    """All tables as Markdown; masks: as of `masked`."""
    parts = {
        "Told and true errors": ranking(measured),
        "Covered points": covering(measured),
        "How many points are off by no more than told": coverage(measured),
        "How sure faces are": sure_faces(measured, masks or {}),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in parts.items())


def ranking(measured: Sureness) -> str:
    """By set: what is told beside what is true, how well the one ranks the other, and the error without the worst."""
    head = ["faces of", "faces", "mean error, %", "told, %", "Spearman, points", "each point", "faces"]
    head += ["without the least sure 10 %", "without the worst 10 %"]
    sets = measured.groups
    groups = {"all": np.full(len(sets), True), **{name: sets == name for name in dict.fromkeys(sets.tolist())}}
    told, true = measured.plain.by_box()
    return markdown_table(head, [[name, *_ranked(told[some], true[some])] for name, some in groups.items()])


def _ranked(told: np.ndarray, true: np.ndarray) -> list:
    """A row of `ranking` of faces with errors [N, K]."""
    known = np.isfinite(true)
    hidden = np.where(known, told, np.nan)
    used = np.flatnonzero(known.any(axis=0))
    single = np.mean([spearman(told[:, k], true[:, k]) for k in used])
    faces = spearman(np.nanmean(hidden, axis=1), np.nanmean(true, axis=1))
    left = [100 * without(order, true) for order in (hidden, true)]
    means = [100 * float(np.nanmean(some)) for some in (true, hidden)]
    return [len(true), *means, spearman(told, true), float(single), faces, *left]


def without(order: np.ndarray, true: np.ndarray, part: float = DROPPED) -> float:
    """Mean error of the points that are left when the part with the highest `order` is dropped; both [N, K]."""
    known = np.isfinite(true)
    kept = np.argsort(order[known], kind="stable")[: round((1 - part) * known.sum())]
    return float(true[known][kept].mean())


def covering(measured: Sureness) -> str:
    """AUROC of covered points: among the same points uncovered, and among the others of the same pictures."""
    head = ["faces", "covered points", "AUROC among the same points as they are", "among the others of the picture"]
    rows = []
    for name, covered in measured.covered.items():
        told, (plain, _) = measured.changed[name].by_box()[0], measured.plain.by_box()
        others = ~covered & np.isfinite(measured.plain.true)
        same, beside = auroc(plain[covered], told[covered]), auroc(told[others], told[covered])
        rows.append([name, int(covered.sum()), same, beside])
    return markdown_table(head, rows)


def coverage(measured: Sureness) -> str:
    """How many points are off by no more than told, and than twice and three times that, in %."""
    head = ["faces", *(f"off by no more than {factor:g} x told, %" for factor in FACTORS)]
    rows = []
    for name, looks in {PLAIN: measured.plain, **measured.changed}.items():
        ratio = (looks.true / looks.told)[np.isfinite(looks.true)]
        rows.append([name, *(100 * float((ratio <= factor).mean()) for factor in FACTORS)])
    return markdown_table(head, rows)


def sure_faces(measured: Sureness, masks: Mapping[str, np.ndarray]) -> str:
    """`sure` of faces by what was done to them: mean, middle nine tenths, and AUROC among faces as they are."""
    head = ["faces", "number", "mean error, %", "told, %", "sure, mean", "5th and 95th percentile", "AUROC"]
    rows = []
    for name, looks in {PLAIN: measured.plain, **measured.changed}.items():
        told, true = looks.by_box()
        means = [100 * float(np.nanmean(some)) for some in (true, told)]
        rows.append([name, len(true), *means, *_sure(looks.sure, measured.plain.sure if name != PLAIN else None)])
    bare = masks.get(BARE)
    for name, sure in masks.items():
        rows.append([f"of the masks: {name}", len(sure), "", "", *_sure(sure, bare if name != BARE else None)])
    return markdown_table(head, rows)


def _sure(sure: np.ndarray, others: np.ndarray | None) -> list:
    low, high = np.percentile(sure, (5, 95))
    lower = "" if others is None else auroc(-others, -sure)
    return [float(sure.mean()), f"{low:.2f} to {high:.2f}", lower]


def masked(landmarker: Landmarker, path: Path) -> dict[str, np.ndarray]:
    """`sure` of one pass over the faces without masks and with, from the boxes of a set that says which they are."""
    selection = SceneSelection((path,), ALL_FACES)
    found: dict[str, list[float]] = {BARE: [], MASKED: []}
    for scene in selection.scenes(selection.items(choose_split({}, ALL_FACES))):
        faces = [face for face in scene.faces if face.height >= LOWEST and kind_of(scene.name, face.by) in found]
        answers = landmarker.fit_faces(scene.image, np.array([face.box for face in faces]).reshape(-1, 4), 1)
        for face, answer in zip(faces, answers, strict=True):
            if answer.sure is not None:
                found[kind_of(scene.name, face.by)].append(answer.sure)
    return {kind: np.array(sure) for kind, sure in found.items() if sure}


def plot_errors(looks: Looks) -> Figure:
    """Mean true error by told error, of points and of faces; the error left as the least sure points are dropped."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    reliable, sparse = figure.subplots(1, 2)
    told, true = (100 * some for some in looks.by_box())
    known = np.isfinite(true)
    for kind, x, y in _kinds(told, true, known):
        reliable.plot(*groups_of(x, y), "o-", markersize=4, label=kind)
    most = reliable.get_xlim()[1]
    reliable.plot((0, most), (0, most), color="0.6", linewidth=1, label="as told")
    reliable.set(xlabel="told, % of the box size", ylabel="true, mean of a group", title="Told and true errors")
    reliable.legend(fontsize=8)
    parts = np.linspace(0, 0.5, 11)
    for label, order in (("least sure first", np.where(known, told, np.nan)), ("worst first", true)):
        sparse.plot(100 * parts, [without(order, true, part) for part in parts], "o-", markersize=4, label=label)
    sparse.axhline(true[known].mean(), color="0.6", linewidth=1, label="by chance")
    sparse.set(xlabel="points dropped, %", ylabel="mean error of the rest, %", title="Without the least sure points")
    sparse.legend(fontsize=8)
    return figure


def _kinds(told: np.ndarray, true: np.ndarray, known: np.ndarray) -> Iterable[tuple[str, np.ndarray, np.ndarray]]:
    yield "points", told[known], true[known]
    yield "faces", np.nanmean(np.where(known, told, np.nan), axis=1), np.nanmean(true, axis=1)


def groups_of(x: np.ndarray, y: np.ndarray, count: int = BINS) -> tuple[np.ndarray, np.ndarray]:
    """The means of x and of y in groups of about equal size, by rising x."""
    groups = np.array_split(np.argsort(x, kind="stable"), min(count, len(x)))
    return np.array([x[group].mean() for group in groups]), np.array([y[group].mean() for group in groups])


def least_sure(landmarker: Looking, measured: Sureness) -> np.ndarray:
    """The faces of the lowest `sure`, the least first, a circle of the told error around each point: uint8 BGR."""
    points = landmarker.contract.trained_on.points or "pts_2d"
    pictures, captions = [], []
    for index in np.argsort(measured.plain.sure, kind="stable")[:SHOWN]:
        face = formats.read(measured.items[index], points)
        pictures.append(circled(landmarker, face.image, face.box))
        captions.append(f"{measured.plain.sure[index]:.2f} {measured.items[index].key.rpartition('/')[2]}")
    return contact_sheet(pictures, captions, COLUMNS, TILE)


def circled(landmarker: Looking, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The face in a box as a tile, uint8 [TILE, TILE, 3] BGR, its points with circles of the told error."""
    (face,) = landmarker.fit_faces(image, box[None], 1)
    crop = Crop.around(box, MARGIN, TILE)
    tile = crop.cut(image)
    assert face.errors is not None  # `look_at` has seen to it
    for (x, y), error in zip(crop.to_fractions(face.points) * TILE, face.errors * TILE / crop.side, strict=True):
        cv2.circle(tile, (round(float(x)), round(float(y))), max(1, round(float(error))), (0, 200, 255), 1, cv2.LINE_AA)
    return tile
