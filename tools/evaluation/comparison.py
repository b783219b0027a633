"""Models side by side: run over the chosen faces, timed, and summed up in a document, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from tools.evaluation import report, tables
from tools.evaluation.answers import EvaluationSettings, run_models
from tools.evaluation.footprint import footprint
from tools.evaluation.measured import Measured
from tools.evaluation.models import EvaluatedNetwork, comparable, networks_of, open_models
from tools.evaluation.report import EvaluationReport
from tools.evaluation.speed import speed_rows
from tools.evaluation.splits import FaceSelection, choose_split, seen_in_training, split_of_contract


def compare(
    paths: Sequence[Path], selection: FaceSelection, settings: EvaluationSettings, timed: bool, out: Path
) -> EvaluationReport:
    """The models, and the mean shape, on the selected faces; the plots are written to the folder.

    timed: with times and memory. Raises as `open_models`, `choose_split`, the selection and `run_models` do.
    """
    from tools.evaluation import plots  # not above: matplotlib takes its time; not below: it may not be there

    models = open_models(paths)
    networks = networks_of(models)
    contracts = {name: network.contract for name, network in networks.items()}
    splits = {name: split_of_contract(name, contract) for name, contract in contracts.items()}
    split = choose_split(splits, selection.side, selection.test_fraction)
    faces = selection.faces(split)  # before the timing, which takes long: they may not be there
    document = circumstances(selection, settings) | split.as_json()
    document |= costs(networks, timed)
    measured = run_models(faces, comparable(models, faces), settings)
    document |= numbers(measured, settings.seed)
    document["seen"] = seen_in_training(contracts, measured.sources.tolist(), measured.subsets.tolist())
    written = plots.write_plots(measured, document["measures"], out)
    return EvaluationReport(document, report.markdown(document), written)


def circumstances(selection: FaceSelection, settings: EvaluationSettings) -> dict[str, Any]:
    """What the numbers were measured with, but for the split."""
    kept = {"points": settings.points, "draws": settings.draws, "seed": settings.seed}
    return {"data": selection.names, **kept, "opencv": cv2.__version__}


def costs(networks: Mapping[str, EvaluatedNetwork], timed: bool) -> dict[str, Any]:
    """Size, and where asked for time and memory, of the networks; the mean shape has none worth a row."""
    return {
        "costs": {name: footprint(network.contract, timed) for name, network in networks.items()},
        "speed": speed_rows(networks) if timed else [],
    }


def numbers(measured: Measured, seed: int) -> dict[str, Any]:
    """All that follows from the answers."""
    every = tables.measures(measured, seed)
    return {
        "scheme": measured.scheme.name,
        "faces": len(measured.keys),
        "sources": len(set(measured.sources.tolist())),
        "rows": tables.accuracy_rows(every),
        "boxes": tables.box_rows(measured),
        "differences": tables.differences(measured, seed),
        "measures": every,
        "skipped": measured.skipped,
    }
