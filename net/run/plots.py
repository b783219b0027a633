"""Plots of a run that has ended: curves out of its TensorBoard events, sheets of pictures. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from infer.files.atomic import write_atomically
from net.run.folder import CURVES, RunFolder
from net.run.scalars import read_scalars
from records.drawing import sheet

COLOURS = ("#4c9be8", "#e8894c")


@dataclass(frozen=True)
class Panel:
    """Curves in one coordinate system, at most two: label of its axis; tags: of scalars, with their names; log: whether
    the axis is logarithmic."""

    label: str
    tags: Mapping[str, str]
    log: bool = True


def write_curves(run: RunFolder, panels: Sequence[Panel]) -> None:
    """Writes `curves.png` of a run's scalars."""
    write_atomically(run.path / CURVES, _png(plot_curves(read_scalars(run), panels)))


def plot_curves(scalars: Mapping[str, Mapping[int, float]], panels: Sequence[Panel]) -> Figure:
    """Values over the steps, a panel beside the other."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for (tag, name), colour in zip(panel.tags.items(), COLOURS, strict=False):
            values = scalars.get(tag, {})
            marker = "." if "/" in tag else ""  # of tests, which are few
            axes.plot(list(values), list(values.values()), label=name, color=colour, marker=marker)
        axes.set(xlabel="step", ylabel=panel.label, yscale="log" if panel.log else "linear")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.tick_params(which="both", labelsize=8)
        axes.grid(which="both", alpha=0.2)
        axes.legend()
    return figure


def write_sheet(path: Path, tiles: Sequence[np.ndarray], columns: int) -> None:
    """Writes pictures of one size, uint8 RGB [S, S, 3] as one PNG, so many in a row."""
    picture = cv2.cvtColor(sheet(tiles, columns), cv2.COLOR_RGB2BGR)
    write_atomically(path, cv2.imencode(".png", picture)[1].tobytes())


def _png(figure: Figure) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()
