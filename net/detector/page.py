"""What a detector's run leaves to look at when it has ended: `report.md`, curves, test scenes. Needs matplotlib."""

from __future__ import annotations

import cv2
import numpy as np

from infer.files.atomic import write_text_atomically
from net.detector.evaluation import ALLOWED, PICTURES, SHOWN, spread
from net.detector.kind import DETECTOR_RUNS, THRESHOLD
from net.detector.open_task import OpenDetectorTask
from net.run.checkpoints import best_checkpoint, restorer
from net.run.folder import ANSWERS, CURVES, Best, RunFolder
from net.run.plots import Panel, write_curves, write_sheet
from net.run.reporter import step_in_words
from records.drawing import in_tile
from records.runtime import v1

EDGE = 320  # pixels of a scene's tile
HEAD = ["| faces | average precision, % | recall, % |", "|---|---|---|"]


def write(run: RunFolder, task: OpenDetectorTask) -> None:
    """Writes the report of a run from its best checkpoint (its last where none is best) and its events.

    Raises FileNotFoundError where the run has no checkpoint.
    """
    best = run.best(DETECTOR_RUNS)
    tiles = tiles_of(run, task, best.measures.get(THRESHOLD, SHOWN) if best else SHOWN)
    if tiles:
        write_sheet(run.path / ANSWERS, tiles, columns=4)
    parts = {f"loss_{name}": name for name in ("score", "box")}
    measured = {"test/average_precision": "average precision", "test/recall": "recall"}
    write_curves(run, [Panel("loss", parts), Panel("test scenes", measured, log=False)])
    write_text_atomically(run.page, page(best, bool(tiles)))


def tiles_of(run: RunFolder, task: OpenDetectorTask, from_on: float) -> list[np.ndarray]:
    """Some test scenes with what the weights find in them, uint8 RGB [EDGE, EDGE, 3] each."""
    checkpoint, shown = best_checkpoint(run), sorted(spread(len(task.scenes), PICTURES))
    with v1.Graph().as_default(), v1.Session() as session:
        look = task.look()
        restorer(checkpoint).restore(session, checkpoint)
        return [tile_of(look.drawn(session, scene, from_on)) for scene in map(task.scenes.__getitem__, shown)]


def tile_of(picture: np.ndarray) -> np.ndarray:
    """A picture with its longer side as long as a tile."""
    scale = EDGE / max(picture.shape[:2])
    return in_tile(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), EDGE)


def page(best: Best | None, shown: bool) -> str:
    """The report as Markdown; best: what training measured of these weights; shown: whether there are test scenes."""
    lines = ["# Face detector", ""]
    if best:
        parts = [name.partition("/")[2] for name in best.measures if name.startswith("recall")]
        lines += [*HEAD, *(_row(part, best) for part in parts), ""]
        weights = f"Of the weights with the highest average precision, {step_in_words(best.step)}."
        counted = f"Recall at {ALLOWED:g} false alarms a picture; of a part of the faces all of its pictures count."
        lines.append(f"{weights} {counted}")
    lines += ["", f"![loss and test]({CURVES})"]
    if shown:
        lines += ["", "Test scenes: true boxes white, finds green.", "", f"![scenes]({ANSWERS})"]
    return "\n".join(lines) + "\n"


def _row(part: str, best: Best) -> str:
    values = (100 * best.measures[f"{name}/{part}" if part else name] for name in ("average_precision", "recall"))
    return f"| {part or 'all'} | " + " | ".join(f"{value:.2f}" for value in values) + " |"
