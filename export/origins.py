"""What an export starts from: a run's checkpoint or a frozen model; what its files are compared with and say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.acceptance import AcceptedFile
from export.checkpoint import LandmarkCheckpoint, frozen_graph
from export.contract import contract_of_checkpoint, contract_of_conversion
from export.formats import Format
from export.frozen_model import FrozenModel
from export.landmarks import calibration_of, reference
from export.parity import Reference
from export.recrop import recrop_of
from export.summary import Summary, summarise
from export.terms import terms_of
from records.runtime import v1


@dataclass(frozen=True)
class Origin:
    """What is exported, and as what.

    graph: in single precision; truth: what the files are compared with; formats: to be written, the first is the main
    one; contract: of the files that passed, as JSON; said: where it comes from, in words; calibration: pictures float32
    [N, S, S, C] for int8; summary: of a graph that was frozen just now.
    """

    graph: v1.GraphDef
    truth: Reference
    formats: Sequence[Format]
    contract: Callable[[Sequence[AcceptedFile]], dict]
    said: str
    calibration: np.ndarray
    summary: Summary | None = None


def landmark_run(
    checkpoint: LandmarkCheckpoint, folder: Path | None, formats: Sequence[Format], terms: str | None
) -> Origin:
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

    return Origin(graph, truth, formats, contract, checkpoint.said, calibration_of(records, formats), summary)


def landmark_model(model: FrozenModel, folder: Path | None, formats: Sequence[Format], terms: str | None) -> Origin:
    """A model that was frozen before, compared on the records in the folder, or else on pictures.

    terms: of use, None for the model's. Raises what reading it all raises.
    """
    records = model.record_set(folder)

    def contract(files: Sequence[AcceptedFile]) -> dict:
        return contract_of_conversion(model.contract.raw, files, terms)

    truth, calibration = model.reference(records), calibration_of(records, formats)
    return Origin(model.graph, truth, formats, contract, str(model.file), calibration)
