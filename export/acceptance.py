"""The acceptance test of files: each is written, compared with the original in every runtime, kept or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.formats import MODEL, Format, file_names
from export.parity import COMPARED, Difference, Reference, faces, verify
from net.data.record_set import RecordSet
from records.runtime import v1

CALIBRATION = 256  # pictures for int8


@dataclass(frozen=True)
class AcceptedFile:
    """A file of a model that answers like the original.

    differences: runtime -> how far it is off; compared: pictures whose answers were compared one by one; judged: how
    many had points, so that the NME is of so many.
    """

    form: Format
    path: Path
    differences: dict[str, Difference]
    compared: int
    judged: int

    def lines(self) -> list[str]:
        """What is printed of it."""
        found = [f"{self.path.name}: {self.path.stat().st_size / 1e6:.2f} MB"]
        return found + [self._line(runtime, difference) for runtime, difference in self.differences.items()]

    def _line(self, runtime: str, found: Difference) -> str:
        change = round(100 * found.nme_change, 3) + 0.0
        nme = "unknown" if not np.isfinite(change) else f"{change:+.3f} % on {self.judged}"
        return (
            f"  {runtime}: at most {found.max:.2e} of the crop's side from the original (mean {found.mean:.2e}) "
            f"on {self.compared} {'faces' if self.judged else 'pictures'}, NME {nme}"
        )


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
            file.write_bytes(_converted(form, graph, calibration))
            differences = verify(file, form, truth)
        except ValueError as error:
            file.unlink(missing_ok=True)
            failures.append(f"{form.name}: {error}")
            if not accepted:
                break
            continue
        accepted.append(AcceptedFile(form, file, differences, min(COMPARED, len(truth.images)), truth.judged))
        print("\n".join(accepted[-1].lines()), flush=True)
    return accepted, failures


def calibration_of(records: RecordSet | None, formats: Sequence[Format]) -> np.ndarray:
    """Training pictures for the formats that need them, float32 [N, S, S, C]; none where no format does.

    Raises ValueError where a format needs some and there are no records.
    """
    calibrated = [form.name for form in formats if form.rise is not None]
    if not calibrated:
        return np.empty((0, 1, 1, 3), np.float32)
    if records is None:
        raise ValueError(f"{', '.join(calibrated)}: found no --records, expected faces to calibrate and to judge it by")
    return faces(records, CALIBRATION, "train")[0]


def _converted(form: Format, graph: v1.GraphDef, calibration: np.ndarray) -> bytes:
    try:
        return form.write(graph, calibration)
    except ImportError as error:
        raise ValueError(f"found no package {error.name}, expected it beside TensorFlow: make setup") from None
    except Exception as error:  # converters raise nearly anything
        raise ValueError(f"its converter fails: {' '.join(str(error).split())[:200]}") from None
