"""Detectors side by side: run over the chosen scenes, timed, and summed up in a document, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from infer.landmarker import Landmarker
from infer.model.detector_contract import DetectorContract, close_contract
from records.judging import ALL
from tools.evaluation.detections import detection_rows, invented_in, missed_rows, roll_errors
from tools.evaluation.report import EvaluationReport
from tools.evaluation.scenes import report
from tools.evaluation.scenes.differences import difference_rows
from tools.evaluation.scenes.finders import LOOKS, look_of, open_finders
from tools.evaluation.scenes.points import point_rows
from tools.evaluation.scenes.run import SceneRun, run_finders
from tools.evaluation.scenes.selection import SceneSelection
from tools.evaluation.scenes.times import time_rows
from tools.evaluation.splits import choose_split, seen_in_training, split_of_contract

TURNS = (0.0, 45.0, 90.0, 180.0)  # degrees clockwise


@dataclass(frozen=True)
class DetectorSettings:
    """looks: of the detectors, as `open_finders` has them; turns: degrees by which the scenes are turned, 0 and more;
    landmarks: path or name of the network whose points are compared, None: the default one; timed: with times."""

    looks: tuple[str, ...] = LOOKS
    turns: tuple[float, ...] = TURNS
    landmarks: Path | None = None
    timed: bool = True


def compare_detectors(
    names: Sequence[str], selection: SceneSelection, settings: DetectorSettings, out: Path
) -> EvaluationReport:
    """The detectors on the selected scenes; the plots are written to the folder.

    Raises as `open_finders`, `choose_split`, the selection and `run_finders` do.
    """
    from tools.evaluation.scenes import plots  # not above: matplotlib takes its time; not below: it may not be there

    finders, contracts = open_finders(names, settings.looks)
    splits = {name: split_of_contract(name, contract) for name, contract in with_closer(contracts).items()}
    split = choose_split(splits, selection.side, selection.test_fraction)
    items = selection.items(split)  # before the timing, which takes long: they may not be there
    times = time_rows(finders) if settings.timed else []
    turns = (0.0, *(turn for turn in settings.turns if turn))
    run = run_finders(selection.scenes(items), finders, turns, Landmarker(settings.landmarks))
    thresholds = {name: finder.threshold for name, finder in finders.items()}
    document = {"data": selection.names, "opencv": cv2.__version__, "looks": list(settings.looks), **split.as_json()}
    document["light"] = selection.light
    document |= numbers(run, thresholds, contracts) | {"times": times, "skipped": selection.skipped}
    return EvaluationReport(document, report.markdown(document), plots.write_plots(run, thresholds, out))


def with_closer(contracts: Mapping[str, DetectorContract]) -> dict[str, DetectorContract]:
    """These, and those of the networks for closer looks by their files: what they have seen counts as well."""
    closer = [close_contract(one) for one in contracts.values()]
    return {**contracts, **{str(one.model): one for one in closer if one}}


def numbers(
    run: SceneRun, thresholds: Mapping[str, float], contracts: Mapping[str, DetectorContract]
) -> dict[str, Any]:
    """All that follows from the answers."""
    judged = {name: run.judged(name) for name in run.answers}
    first, *_ = judged
    own, peers = list(contracts) or [first], [name for name in judged if name not in (contracts or [first])]
    pairs = [(one, peer) for one in own for peer in peers]
    return {
        "thresholds": dict(thresholds),
        "faces": len(judged[first].heights),
        "marked": len(run.sources),
        "pictures": len(run.picture_sources),
        "sources": len(set(run.picture_sources)),
        "seen": seen_in_training(with_closer(contracts), run.sources, run.subsets) if run.sources else {},
        "rows": [row for name, one in judged.items() for row in detection_rows(name, one, thresholds[name])],
        "against": [
            row
            for one, other in pairs
            for row in missed_rows(one, judged[one], other, judged[other], thresholds[other])
        ],
        "differences": differences(run, own),
        "turned": turned_rows(run, thresholds),
        "invented": invented_rows(run, thresholds),
        "points": point_rows(run.errors, {name: answers.errors for name, answers in run.answers.items()}),
    }


def differences(run: SceneRun, own: Sequence[str]) -> list[dict]:
    """The rows of `difference_rows` of each detector of our own against the first one in the same look; of scenes that
    are turned the row of all faces."""
    firsts: dict[str, str] = {}
    rows = []
    for name in own:
        look = look_of(name)
        first = firsts.setdefault(look, name)
        for turn in run.truths if first != name else ():
            both, only = (run.judged(name, turn), run.judged(first, turn)), ALL if turn else None
            found = difference_rows(*both, run.picture_sources, only)
            rows += [{"model": name, "against": first, "look": look, "turn": turn, **row} for row in found]
    return rows


def turned_rows(run: SceneRun, thresholds: Mapping[str, float]) -> list[dict]:
    """A row for each turn and model: as `detection_rows` of all faces, and the roll's error in degrees."""
    rows = []
    for turn in run.truths:
        for model, threshold in thresholds.items():
            judged = run.judged(model, turn)
            (row,) = (row for row in detection_rows(model, judged, threshold) if row["faces of"] == ALL)
            errors = roll_errors(judged, threshold)
            median, most = np.percentile(errors, [50, 95]).tolist() if len(errors) else (np.nan, np.nan)
            rows.append({"turn": turn, **row, "roll median": median, "roll 95th percentile": most})
    return rows


def invented_rows(run: SceneRun, thresholds: Mapping[str, float]) -> list[dict]:
    """A row for each set with pictures without a face, and model: how many, and in how many it finds something."""
    rows = []
    for model, threshold in thresholds.items():
        for name, (inventing, pictures) in invented_in(run.judged(model), threshold).items():
            share = 100 * inventing / pictures
            rows.append({"set": name, "model": model, "pictures": pictures, "with a find": inventing, "share": share})
    return sorted(rows, key=lambda row: row["set"])
