"""The plots of an evaluation: curves, errors per point and yaw bin, error against box shift, and the worst faces.

The mean shape, many times worse than any network, has a place among the curves alone; it would flatten the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from infer.draw import contact_sheet
from infer.files.pictures import write_picture
from records import metrics
from records.drawing import PREDICTED_COLOUR, TRUE_COLOUR, draw_errors, draw_points
from records.landmarks import IBUG_68, convert, steps
from tools.evaluation.boxes import SCALES, SHIFT
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.measured import DETECTOR, PASSES, SHIFTED, TRUE, Measured, Tile
from tools.evaluation.tables import ALL, LAST, MEAN_OF_BINS, is_bin
from tools.read.mean_shape import mean_shape

DOTS = 110  # per inch
NO_TIME = {"Software": None}  # the same numbers give the same bytes
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")
GREY = "0.55"  # the baseline
MOST = 12.0  # % of the norm: the end of the curves
NORM_NAMES = {"inter_ocular": "inter-ocular distance", "inter_pupil": "inter-pupil distance", "box": "box size"}
BINS = 5  # of shift and of scale
COLUMNS = 6
GREEN, RED = TRUE_COLOUR[::-1], PREDICTED_COLOUR[::-1]  # true and predicted, BGR


def write_plots(measured: Measured, every: Sequence[dict], out: Path) -> list[str]:
    """Writes all plots that the data allow into a folder; their file names. `every`: what `measures` gives."""
    names = short_names(measured.models)
    figures = {"ced": plot_ced(measured, names), "points": plot_points(measured, names)}
    if any(is_bin(row["faces of"]) for row in every):
        figures["yaw"] = plot_yaw(every, names)
    if SHIFTED in measured.boxes:
        figures["shift"] = plot_shift(measured, names)
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=DOTS, metadata=NO_TIME)
    written = [f"{name}.png" for name in figures]
    for model in networks(measured.models):
        if measured.worst[model]:
            written.append(f"worst-{file_name(names[model])}.png")
            write_picture(out / written[-1], worst_sheet(measured.worst[model]))
    return written


def short_names(models: Sequence[str]) -> dict[str, str]:
    """The shortest ends of the models' paths, without suffix, that tell them apart."""
    parts = {model: PurePath(model).with_suffix("").parts for model in models}
    for count in range(1, max(map(len, parts.values())) + 1):
        names = {model: "/".join(some[-count:]) for model, some in parts.items()}
        if len(set(names.values())) == len(models):
            return names
    return {model: model for model in models}


def file_name(name: str) -> str:
    """The name as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def networks(models: Iterable[str]) -> list[str]:
    """The models without the baseline."""
    return [model for model in models if model != MEAN_SHAPE]


def colours_of(models: Iterable[str]) -> dict[str, str]:
    """Each model's colour in all plots."""
    return {model: GREY if model == MEAN_SHAPE else COLOURS[index % len(COLOURS)] for index, model in enumerate(models)}


def plot_ced(measured: Measured, names: dict[str, str]) -> Figure:
    """Cumulative error distributions by inter-ocular distance and by box size: from true boxes, and dotted detected."""
    norms = ("inter_ocular", "box") if measured.scheme.corners else ("box",)
    figure = Figure(figsize=(5.5 * len(norms), 4.8 + 0.35 * len(measured.models)), layout="constrained")
    title = f"area under the curve up to {100 * metrics.THRESHOLDS[0]:.0f} %"
    for axes, norm in zip(figure.subplots(1, len(norms), squeeze=False)[0], norms, strict=True):
        for model, colour in colours_of(measured.models).items():
            for boxes, line in ((TRUE, "-"), (DETECTOR, ":")):
                if boxes in measured.boxes:
                    errors = measured.errors(model, boxes, LAST, norm)
                    _draw_ced(axes, errors, f"{names[model]}, {boxes} boxes", color=colour, linestyle=line)
        for threshold in metrics.THRESHOLDS:
            axes.axvline(100 * threshold, color="0.85", linewidth=1, zorder=0)
        axes.set(xlim=(0, MOST), ylim=(0, 101), xlabel=f"NME in % of the {NORM_NAMES[norm]}", ylabel="faces in %")
        axes.legend(
            fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False, title=title, title_fontsize=8
        )
    figure.suptitle(f"Cumulative error distribution of {len(measured.keys)} faces, {LAST} passes")
    return figure


def _draw_ced(axes: Axes, errors: np.ndarray, label: str, **style) -> None:
    x, threshold = np.linspace(0, MOST, 400), metrics.THRESHOLDS[0]
    label = f"{label}: {100 * metrics.auc(errors, threshold):.1f} %"
    axes.plot(x, 100 * metrics.ced(errors, x / 100), label=label, **style)


def plot_points(measured: Measured, names: dict[str, str]) -> Figure:
    """How far each point is off on average, in % of the box size: as areas and colours on the mean face."""
    errors = {
        model: 100 * metrics.nme_per_point(measured.answers[model, TRUE, LAST], measured.true, "box", measured.scheme)
        for model in networks(measured.models)
    }
    figure = Figure(figsize=(4.8 * len(errors) + 0.8, 5), layout="constrained")
    all_axes = figure.subplots(1, len(errors), squeeze=False)[0]
    most = np.nanmax(list(errors.values()))
    for axes, (model, values) in zip(all_axes, errors.items(), strict=True):
        dots = _draw_points(axes, measured, values, most)
        worst = int(np.nanargmax(values))
        title = f"{names[model]}: mean {np.nanmean(values):.2f} %\nworst point {worst}: {values[worst]:.2f} %"
        axes.set_title(title, fontsize=10)
    figure.colorbar(dots, ax=all_axes, label="mean error in % of the box size", shrink=0.8)
    return figure


def mean_points(measured: Measured) -> np.ndarray:
    """The mean face's points [K, 2] in the scheme; where its 68 do not lead there, the mean of the measured faces."""
    if steps(IBUG_68, measured.scheme) is not None:
        return convert(mean_shape(), IBUG_68, measured.scheme)
    centred = measured.true - np.nanmean(measured.true, axis=1, keepdims=True)
    return np.nanmean(centred / metrics.box_size(measured.true)[:, None, None], axis=0)


def _draw_points(axes: Axes, measured: Measured, values: np.ndarray, most: float) -> PathCollection:
    face = mean_points(measured)
    for chain in (chain for chains in measured.scheme.lines.values() for chain in chains):
        axes.plot(*face[list(chain)].T, color="0.85", linewidth=1, zorder=0)
    axes.set(aspect="equal")
    axes.invert_yaxis()
    axes.axis("off")
    x, y = face.T
    return axes.scatter(x, y, s=25 + 130 * values / most, c=values, cmap="viridis_r", vmin=0, vmax=most)


def plot_yaw(every: Sequence[dict], names: dict[str, str]) -> Figure:
    """NME by box size per |yaw| bin and the unweighted mean of the bins, with 95 % intervals; true boxes."""
    rows = [row for row in every if (row["boxes"], row["passes"], row["norm"]) == (TRUE, LAST, "box")]
    models = networks(dict.fromkeys(row["model"] for row in rows))
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes, width = figure.subplots(), 0.8 / len(models)
    for index, (model, colour) in enumerate(colours_of(models).items()):
        bars = yaw_bars([row for row in rows if row["model"] == model])
        places = np.arange(len(bars)) + (index - (len(models) - 1) / 2) * width
        _draw_bars(axes, places, np.array(list(bars.values())), width * 0.94, color=colour, label=names[model])
    axes.set_xticks(range(len(bars)), [f"{name}°" if "yaw " in name else name for name in bars])
    axes.set(ylabel="NME in % of the box size", title=f"By |yaw|, {LAST} passes from true boxes; 95 % intervals")
    axes.legend(fontsize=8, loc="upper left")
    axes.margins(y=0.2)
    return figure


def _draw_bars(axes: Axes, places: np.ndarray, bars: np.ndarray, width: float, **style) -> None:
    """Bars (height, low, high) [N, 3] with their intervals, where they have one, and their heights as text."""
    heights, low, high = bars.T
    axes.bar(places, heights, width, **style)
    known = np.isfinite(low)
    spans = np.abs([heights - low, high - heights])[:, known]
    axes.errorbar(places[known], heights[known], spans, fmt="none", ecolor="0.2", elinewidth=1, capsize=2)
    for place, height in zip(places, heights, strict=True):
        text = f"{height:.2f}"
        axes.annotate(text, (place, 0), (0, 3), textcoords="offset points", ha="center", fontsize=8, color="white")


def yaw_bars(rows: Sequence[dict]) -> dict[str, tuple[float, float, float]]:
    """(mean, low, high) of each yaw bin over all faces, and of the bins' mean (no interval), from one model's rows."""
    by_part = {row["faces of"]: row for row in rows}
    bars = {
        name: tuple(by_part[f"{ALL}, {name}"][key] for key in ("mean", "low", "high"))
        for name in metrics.YAW_BINS
        if f"{ALL}, {name}" in by_part
    }
    mean = by_part[ALL][MEAN_OF_BINS]
    return bars | ({"mean": (mean, np.nan, np.nan)} if np.isfinite(mean) else {})


def plot_shift(measured: Measured, names: dict[str, str]) -> Figure:
    """NME by box size against how far, and how much too large, the drawn boxes were; one pass dashed."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    far = 100 * np.hypot(measured.moves[..., 0], measured.moves[..., 1])
    edges = (np.linspace(0, 100 * SHIFT * np.sqrt(2), BINS + 1), np.linspace(*SCALES, BINS + 1))
    for model, colour in colours_of(networks(measured.models)).items():
        for passes, line in zip(PASSES, ("--", "-"), strict=True):
            errors = 100 * measured.errors_of_draws(model, passes, "box")
            label = f"{names[model]}, {passes} pass{'es' if passes > 1 else ''}"
            for axes, x, bins in zip(panels, (far, measured.moves[..., 2]), edges, strict=True):
                axes.plot(*binned(x, errors, bins), f"o{line}", color=colour, label=label, markersize=4)
    panels[0].set(xlabel="shift of the centre in % of the box's edges", ylabel="NME in % of the box size")
    panels[1].set(xlabel="edges of the box, of the true ones")
    panels[0].set_ylim(0, 1.3 * panels[0].get_ylim()[1])
    panels[0].legend(fontsize=8, loc="lower right")
    figure.suptitle(f"Error against the box, {far.size} drawn boxes (shift and scale drawn together)")
    return figure


def binned(x: np.ndarray, y: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the bins that hold known values, and the mean of y in each."""
    places, known = np.digitize(x, edges[1:-1]), np.isfinite(y)
    used = [index for index in range(len(edges) - 1) if (known & (places == index)).any()]
    means = [y[known & (places == index)].mean() for index in used]
    return (edges[:-1] + edges[1:])[used] / 2, np.array(means)


def worst_sheet(tiles: Sequence[Tile]) -> np.ndarray:
    """The worst faces, the worst first, true points green, predicted red: uint8 [height, width, 3] BGR."""
    pictures = [draw_tile(tile) for tile in tiles]
    captions = [f"{100 * tile.error:.1f} % {tile.key.rpartition('/')[2]}" for tile in tiles]
    return contact_sheet(pictures, captions, COLUMNS, tiles[0].image.shape[0])


def draw_tile(tile: Tile) -> np.ndarray:
    """A worst face with both kinds of points, and lines from the true to the predicted ones; BGR."""
    image = tile.image.copy()
    draw_errors(image, tile.true, tile.predicted)
    known = np.isfinite(tile.true).all(axis=1)
    draw_points(image, tile.true, GREEN)
    draw_points(image, tile.predicted[known], RED)
    return image
