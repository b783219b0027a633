"""The acceptance test of files: each is written, compared with the original in every runtime, kept or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.formats import Format, file_names
from export.parity import Difference, Reference, of, verify
from export.request import MODEL
from export.signature import Signature
from records.runtime import v1


@dataclass(frozen=True)
class AcceptedFile:
    """A file of a model that answers like the original.

    differences: runtime -> how far it is off, in `unit`; compared: what the comparison was made on.
    """

    form: Format
    path: Path
    differences: dict[str, Difference]
    unit: str
    compared: dict[str, Any]


def write_accepted(
    folder: Path,
    formats: Sequence[Format],
    graph: v1.GraphDef,
    truth: Reference,
    calibration: np.ndarray,
    model: str = MODEL,
) -> tuple[list[AcceptedFile], list[str]]:
    """Writes the formats that pass into the folder: the files, and a line for each format that failed.

    When the first one, the main one, fails, no other is tried. calibration: pictures float32 [N, S, S, 3] for int8;
    model: its name, of which the files' are made.
    """
    accepted: list[AcceptedFile] = []
    failures, names = [], file_names(formats, model)
    for form in formats:
        file = folder / names[form.name]
        try:
            file.write_bytes(_converted(form, graph, truth.signature, calibration))
            differences = verify(file, form, truth)
        except ValueError as error:
            file.unlink(missing_ok=True)
            failures.append(f"{form.name}: {error}")
            if not accepted:
                break
            continue
        accepted.append(AcceptedFile(form, file, differences, truth.unit, truth.compared))
        print("\n".join(_lines(accepted[-1], truth)), flush=True)
    return accepted, failures


def _lines(file: AcceptedFile, truth: Reference) -> list[str]:
    """What is printed of a file."""
    return [f"{file.path.name}: {file.path.stat().st_size / 1e6:.2f} MB"] + [
        f"  {runtime}: at most {found.max:.2e} {of(truth.unit)} from the original (mean {found.mean:.2e}) "
        f"on {truth.said(found)}"
        for runtime, found in file.differences.items()
    ]


def _converted(form: Format, graph: v1.GraphDef, signature: Signature, calibration: np.ndarray) -> bytes:
    try:
        return form.write(graph, signature, calibration)
    except ImportError as error:
        raise ValueError(f"found no package {error.name}, expected it beside TensorFlow: make setup") from None
    except Exception as error:  # converters raise nearly anything
        raise ValueError(f"its converter fails: {' '.join(str(error).split())[:200]}") from None
