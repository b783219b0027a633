"""The report of a set of scenes: how large its faces are, how they lean, who says so, and what is ignored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from records.manifest import SceneManifest
from records.scene import read
from records.shards import checked_set
from records.split import SPLITS
from tools.make.report import plot_counts, tables_of, write_page

HEIGHTS = {
    "under 12": 0,
    "12-24": 12,
    "24-48": 24,
    "48 and more": 48,
}  # class -> pixels of a box's height from which on


@dataclass(frozen=True, eq=False)
class SceneFaces:
    """What the report needs of all faces: height of the upright box in pixels [N], roll in radians [N] (NaN: unknown),
    who says so, subset and split [N]; boxes to ignore by subset."""

    height: np.ndarray
    roll: np.ndarray
    by: np.ndarray
    subset: np.ndarray
    split: np.ndarray
    ignored: Counter[str]


def write_report(folder: Path) -> Path:
    """Writes `report.md` and its plots into `<folder>/report`, from the scenes as they are stored."""
    manifest = checked_set(folder, SceneManifest)
    faces = read_faces(folder, manifest)
    figures = {"heights": plot_heights(faces), "rolls": plot_rolls(faces), "counts": plot_counts(manifest, "scenes")}
    title = f"{sum(map(manifest.count, SPLITS))} scenes, {len(faces.height)} faces"
    return write_page(folder / "report", title, figures, [*table_of(faces, manifest), "", *tables_of(manifest)])


def read_faces(folder: Path, manifest: SceneManifest) -> SceneFaces:
    """The faces of all scenes; no picture is decoded."""
    columns: dict[str, list] = {key: [] for key in ("height", "roll", "by", "subset", "split")}
    ignored: Counter[str] = Counter()
    for split in SPLITS:
        for scene in read(manifest.files(folder, split)):
            ignored[scene.subset] += len(scene.ignore)
            columns["height"] += (scene.box[:, 3] - scene.box[:, 1]).tolist()
            columns["roll"] += scene.oriented[:, 4].tolist()
            columns["by"] += scene.by
            columns["subset"] += [scene.subset] * len(scene.by)
            columns["split"] += [split] * len(scene.by)
    return SceneFaces(**{key: np.array(values) for key, values in columns.items()}, ignored=ignored)


def height_classes(heights: np.ndarray) -> dict[str, int]:
    """How many of the heights [N], in pixels, are of each class of HEIGHTS."""
    ends = [*list(HEIGHTS.values())[1:], np.inf]
    return {
        name: int(((heights >= start) & (heights < end)).sum())
        for (name, start), end in zip(HEIGHTS.items(), ends, strict=True)
    }


def table_of(faces: SceneFaces, manifest: SceneManifest) -> list[str]:
    """Lines of Markdown: faces by subset and height, those whose roll is unknown, boxes to ignore, who says so."""
    heads = ["faces of", *(f"{name} px" for name in HEIGHTS), "roll unknown", "to ignore", "by"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for subset in manifest.subsets:
        chosen = faces.subset == subset
        who = ", ".join(f"{name} {count}" for name, count in Counter(faces.by[chosen].tolist()).most_common())
        unknown = int(np.isnan(faces.roll[chosen]).sum())
        cells = [subset, *height_classes(faces.height[chosen]).values(), unknown, faces.ignored[subset], who]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def plot_heights(faces: SceneFaces) -> Figure:
    """How high the faces' boxes are; lines part the classes."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    edges = np.geomspace(4, max(1000, faces.height.max(initial=0) * 1.01), 40).tolist()
    parts = [np.maximum(faces.height[faces.split == split], edges[0]) for split in SPLITS]
    labels = [f"{split} ({len(part)})" for split, part in zip(SPLITS, parts, strict=True)]
    axes.hist(parts, edges, stacked=True, label=labels)
    for start in list(HEIGHTS.values())[1:]:
        axes.axvline(start, color="0.2", linestyle="--", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set(xlabel="height of the landmark box in pixels of its picture", ylabel="faces", title="Face heights")
    axes.legend()
    return figure


def plot_rolls(faces: SceneFaces) -> Figure:
    """How far heads lean, where that is known."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes, known = figure.subplots(), np.isfinite(faces.roll)
    axes.hist(np.degrees(faces.roll[known]), list(range(-180, 181, 10)), color="#4c9be8")
    axes.set_yscale("symlog")
    axes.set(xlabel="roll in degrees, clockwise as seen", ylabel="faces")
    axes.set_title(f"Roll ({known.sum()} known, {(~known).sum()} unknown)")
    return figure
