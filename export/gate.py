"""The gate through which a model leaves: each format is written, proved in every runtime, and kept or removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export.contract import entry_of
from export.formats import MODEL, Format, file_names
from export.parity import Reference, faces, prove
from net.data.record_set import RecordSet
from records.runtime import tf

v1 = tf.compat.v1
CALIBRATION = 256  # pictures for int8


def write_formats(
    folder: Path,
    formats: list[Format],
    graph: v1.GraphDef,
    truth: Reference,
    calibration: np.ndarray,
    model: str = MODEL,
) -> tuple[dict[str, dict], list[str]]:
    """Writes the formats that pass into the folder: their entries of the contract, and a line for each that failed.

    When the first one, the main one, fails, no other is tried. calibration: pictures float32 [N, S, S, 3] for int8;
    model: its name, of which the files' are made.
    """
    entries, failures, names = {}, [], file_names(formats, model)
    for form in formats:
        file = folder / names[form.name]
        try:
            file.write_bytes(_converted(form, graph, calibration))
            differences = prove(file, form, truth)
        except ValueError as error:
            file.unlink(missing_ok=True)
            failures.append(f"{form.name}: {error}")
            if not entries:
                break
            continue
        entries[form.name] = entry_of(file, form, differences, truth)
        print("\n".join(_lines(entries[form.name])), flush=True)
    return entries, failures


def calibration_of(records: RecordSet | None, formats: list[Format]) -> np.ndarray:
    """Training pictures for the formats that need them, float32 [N, S, S, C]; none where no format does."""
    wanted = any(form.rise is not None for form in formats)
    return faces(records, CALIBRATION, "train")[0] if wanted else np.empty((0, 1, 1, 3), np.float32)


def _converted(form: Format, graph: v1.GraphDef, calibration: np.ndarray) -> bytes:
    try:
        return form.write(graph, calibration)
    except ImportError as error:
        raise ValueError(f"found no package {error.name}, expected it beside TensorFlow: make setup") from None
    except Exception as error:  # converters raise nearly anything
        raise ValueError(f"its converter fails: {' '.join(str(error).split())[:200]}") from None


def _lines(entry: dict) -> list[str]:
    """What is printed of a format that passed."""
    proof = entry["tolerance"]
    runtimes = {name: found for name, found in proof.items() if isinstance(found, dict) and "mean" in found}
    return [
        f"{entry['file']}: {entry['bytes'] / 1e6:.2f} MB",
        *(_line(name, runtimes[name], proof) for name in runtimes),
    ]


def _line(runtime: str, found: dict, proof: dict) -> str:
    change, judged = found["nme_change"], proof["nme_faces"]
    nme = "unknown" if change is None else f"{round(100 * change, 3) + 0.0:+.3f} % on {judged}"
    return (
        f"  {runtime}: at most {found['max']:.2e} of the crop's side from the original (mean {found['mean']:.2e}) "
        f"on {proof['faces']} {'faces' if judged else 'pictures'}, NME {nme}"
    )
