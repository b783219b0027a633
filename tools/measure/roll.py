"""Measures how well rolled heads fit: held-out pictures turned by known angles, the box upright around the points.

    python tools/measure/roll.py data/300W

With one pass, two upright as ever before, two turned as the head leans, and as `Landmarker.fit` does: those, and turned
crops where the passes disagree. Faces with unknown points are left out, for their box cannot be rolled with them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.files.console import speak_plainly
from infer.geometry.boxes import box_of
from infer.landmarker import Landmarker
from records import metrics
from tools.evaluation.corruptions import rolled
from tools.evaluation.held_out import held_out, read_all

ROLLS = (0, 30, 60)
FAILED = 0.10  # inter-ocular NME from which on a face counts as failed


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="annotated sets, of which the test side counts")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        print(table(measure(landmarker, held_out(args.data, landmarker.contract, args.count))))
    except (ValueError, OSError) as error:
        print(f"measure_roll: {error}", file=sys.stderr)
        return 2
    return 0


def measure(landmarker: Landmarker, items: list) -> dict[tuple[int, str], list[float]]:
    """Inter-ocular NME of each face as a fraction, by roll in degrees and way of fitting.

    Raises ValueError where no face has all its points known.
    """
    errors: dict[tuple[int, str], list[float]] = {}
    for _, face in read_all(items):
        if np.isnan(face.points).any():
            continue
        for roll in ROLLS:
            for sign in (1, -1) if roll else (1,):
                image, points = rolled(face, np.radians(sign * roll))
                for name, found in ways(landmarker, image, box_of(points)).items():
                    error = metrics.nme_per_face(found[None], points[None], "inter_ocular")[0]
                    errors.setdefault((roll, name), []).append(float(error))
    if not errors:
        raise ValueError(f"found no face with all its points known among {len(items)} held-out ones, expected one")
    return errors


def ways(landmarker: Landmarker, image: np.ndarray, box: np.ndarray) -> dict[str, np.ndarray]:
    """The points by each way of fitting."""
    boxes = box[None]
    return {
        "1 pass": landmarker.fit(image, boxes, 1)[0],
        "2 passes, not turned": landmarker.fit(image, boxes, 2, upright=False)[0],
        "2 passes, turned": landmarker.answers(image, boxes, 2)[-1][0],
        "as fit does": landmarker.fit(image, boxes)[0],
    }


def table(errors: dict[tuple[int, str], list[float]]) -> str:
    """Mean NME in % and, in brackets, the share of failed faces in %."""
    names = list(dict.fromkeys(name for _, name in errors))
    lines = [f"| roll | faces | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for roll in ROLLS:
        cells = []
        for name in names:
            values = np.array(errors[roll, name])
            values = values[np.isfinite(values)]
            cells.append(f"{100 * values.mean():.2f} ({100 * (values > FAILED).mean():.1f})")
        sign = "±" if roll else ""
        lines.append(f"| {sign}{roll}° | {len(values)} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
