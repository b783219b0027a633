"""The pictures of an evaluation of detectors: recall against false alarms, what was missed and what was invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infer.files.pictures import write_picture
from records.judging import ALL, HEIGHTS, Judged, parts_of
from tools.evaluation.detections import RATES, recall_curve
from tools.evaluation.plots import COLOURS, DOTS, NO_TIME, file_name
from tools.evaluation.scenes.run import SceneRun
from tools.evaluation.scenes.sheets import SceneTile, sheet_of

FEWEST, MOST = 1e-3, 10.0  # false alarms a picture: the ends of the axis


def write_plots(run: SceneRun, thresholds: Mapping[str, float], out: Path) -> list[str]:
    """Writes the plot and the sheets into a folder; their file names."""
    figure = plot_recall({name: run.judged(name) for name in run.answers}, thresholds)
    figure.savefig(out / "recall.png", dpi=DOTS, metadata=NO_TIME)
    written = ["recall.png"]
    for kind, name, tiles in _sheets(run):
        written.append(f"{kind}-{file_name(name)}.png")
        write_picture(out / written[-1], sheet_of(tiles))
    return written


def _sheets(run: SceneRun) -> Iterator[tuple[str, str, Sequence[SceneTile]]]:
    for name, answers in run.answers.items():
        for kind, tiles in (("missed", answers.tiles.missed), ("false", answers.tiles.invented)):
            if tiles:
                yield kind, name, tiles


def plot_recall(judged: Mapping[str, Judged], thresholds: Mapping[str, float]) -> Figure:
    """Recall against false alarms a picture, of all faces and by height; a dot at each model's own threshold."""
    parts = [ALL, *(f"{ALL}, {name}" for name in HEIGHTS)]
    names = {part.name for part in parts_of(next(iter(judged.values())))}
    parts = [part for part in parts if part in names]
    figure = Figure(figsize=(4.2 * len(parts), 4.4 + 0.25 * len(judged)), layout="constrained")
    panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, parts, strict=True):
        for (model, one), colour in zip(judged.items(), cycle(COLOURS), strict=False):
            (part,) = (part for part in parts_of(one) if part.name == name)
            _draw_curve(axes, *recall_curve(one, part), thresholds[model], color=colour, label=model)
        axes.set(xscale="log", xlim=(FEWEST, MOST), ylim=(0, 101), title=f"{name}: {int(part.faces.sum())} faces")
        axes.set(xlabel="false alarms a picture")
        for rate in RATES:
            axes.axvline(rate, color="0.85", linewidth=1, zorder=0)
    panels[0].set(ylabel="faces found in %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8, frameon=False)
    return figure


def _draw_curve(axes: Axes, thresholds: np.ndarray, false: np.ndarray, recall: np.ndarray, own: float, **style) -> None:
    """A curve with steps, and a dot where the threshold is the model's own; no false alarms lie at the axis' end."""
    false = np.maximum(false, FEWEST)
    axes.step(false, recall, where="post", **style)
    kept = np.flatnonzero(thresholds >= own)
    if len(kept):
        axes.plot(false[kept[-1]], recall[kept[-1]], "o", color=style["color"])
