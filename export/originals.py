"""What is exported: a run's checkpoint or a frozen model, of landmarks or a detector; each makes an `Original`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.acceptance import AcceptedFile
from export.cells import cell_reference, detector_formats
from export.checkpoint import DetectorCheckpoint, LandmarkCheckpoint, frozen_graph
from export.contract import contract_of_checkpoint, contract_of_conversion, contract_of_detector, told_of_spread
from export.decision import Decision
from export.formats import Format
from export.frozen_model import FrozenDetector, FrozenModel
from export.landmarks import NO_PICTURES, calibration_of, reference
from export.networks import CELLS
from export.parity import Reference
from export.recrop import recrop_of
from export.request import MODEL
from export.runtimes import session_of
from export.summary import Summary, summarise
from export.terms import terms_of
from net.detector.kind import DETECTOR_RUNS
from net.model.senet import SPREAD
from records.runtime import v1


@dataclass(frozen=True)
class Original:
    """What is exported, and as what; files have to answer like it.

    graph: in single precision; truth: what the files are compared with; formats: to be written, the first is the main
    one; contract: of the files that passed, as JSON; name: of the model, where nobody asks for another; said: where it
    comes from, in words; calibration: pictures float32 [N, S, S, C] for int8; summary: of a graph that was frozen just
    now.
    """

    graph: v1.GraphDef
    truth: Reference
    formats: Sequence[Format]
    contract: Callable[[Sequence[AcceptedFile]], dict]
    name: str
    said: str
    calibration: np.ndarray
    summary: Summary | None = None


def landmark_run(
    checkpoint: LandmarkCheckpoint, folder: Path | None, formats: Sequence[Format], terms: str | None
) -> Original:
    """A checkpoint, compared on the records in the folder, or else on its own.

    terms: of use, None for those that follow from what the run was trained on. Raises what reading it all raises.
    """
    terms = terms_of(checkpoint.settings) if terms is None else terms
    records = checkpoint.record_set(folder)
    truth = reference(checkpoint, records)
    graph = frozen_graph(checkpoint.shape, checkpoint.load)
    summary = summarise(graph)

    def contract(files: Sequence[AcceptedFile]) -> dict:
        return contract_of_checkpoint(checkpoint, files, summary, terms, recrop_of(records))

    return Original(graph, truth, formats, contract, MODEL, checkpoint.said, calibration_of(records, formats), summary)


def landmark_model(model: FrozenModel, folder: Path | None, formats: Sequence[Format], terms: str | None) -> Original:
    """A model that was frozen before, compared on the records in the folder, or else on pictures.

    terms: of use, None for the model's. Raises what reading it all raises.
    """
    records = model.record_set(folder)

    known = model.contract.raw
    if SPREAD in model.signature.outputs and not model.contract.spread:
        known = told_of_spread(known, summarise(model.graph))

    def contract(files: Sequence[AcceptedFile]) -> dict:
        return contract_of_conversion(known, files, terms)

    truth, calibration = model.reference(records), calibration_of(records, formats)
    return Original(model.graph, truth, formats, contract, model.file.stem, str(model.file), calibration)


def detector_run(
    checkpoint: DetectorCheckpoint, formats: Sequence[Format], terms: str | None, asked: Decision
) -> Original:
    """A detector's checkpoint, compared on the pictures in images/.

    terms: as of `landmark_run`; asked: what decides on a face, in place of what training measured. Raises what reading
    it all raises.
    """
    formats = detector_formats(formats)
    terms = terms_of(checkpoint.settings) if terms is None else terms
    graph = frozen_graph(checkpoint.shape, checkpoint.load)
    summary = summarise(graph)
    decision = asked.completed(checkpoint.measured_threshold())

    def contract(files: Sequence[AcceptedFile]) -> dict:
        return contract_of_detector(checkpoint, files, summary, terms, decision)

    truth = cell_reference(checkpoint.answer, CELLS)
    return Original(graph, truth, formats, contract, DETECTOR_RUNS.name, checkpoint.said, NO_PICTURES, summary)


def detector_model(model: FrozenDetector, formats: Sequence[Format], terms: str | None, asked: Decision) -> Original:
    """A detector that was frozen before, compared on the pictures in images/.

    terms, asked: in place of the model's, but for what its closer looks have, which stays where it is. Raises what
    reading it all raises.
    """
    formats = detector_formats(formats)
    known = {key: value for key, value in model.contract.raw.items() if key != "close"}

    def contract(files: Sequence[AcceptedFile]) -> dict:
        return contract_of_conversion(known, files, terms) | asked.given()

    truth = cell_reference(session_of(model.graph, model.signature), model.signature)
    return Original(model.graph, truth, formats, contract, model.file.stem, str(model.file), NO_PICTURES)
