"""Measures how far the crops of found faces are off the true ones, and says how far training should vary them.

    python tools/measure/crops.py data/300W data/300W_LP
    python tools/measure/crops.py data/300W --plot crops.png

Sources that training did not see. The detector finds the faces as infer/run.py has it; the crop around a find is held
against the upright crop around the points of the annotated face, in the latter's own frame: turned by so many degrees,
larger by a factor, shifted across and down by parts of its side. Those are the numbers that net/train.py draws with
--turn, --scale and --shift, from records of tools/make_records.py --upright.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.files.console import speak_plainly
from infer.geometry.boxes import overlaps
from infer.geometry.candidates import Candidates
from infer.geometry.crop import Crop
from infer.geometry.rotations import rotation
from infer.landmarker import Landmarker
from records.detections import FOUND
from tools.evaluation.held_out import held_out, part_of, read_all
from tools.read.face import AnnotatedFace, Item
from tools.read.standing import oriented_of

OFF = ("turn, degrees", "scale, log", "shift across, of the side", "shift down, of the side")
SHARES = (50, 90, 95, 99)  # % of the finds that are off by less
COVERED, MORE = 95, 1.25  # the ranges of training hold so many %, and a margin besides: no face is the hardest one
DOTS = 110  # per inch


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="annotated sets, of which the test side counts")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    add("--plot", type=Path, metavar="FILE", help="histograms to this picture")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        off = measure(landmarker, held_out(args.data, landmarker.contract, args.count))
        print(f"{table(off)}\n\n{advice(found_of(off))}")
        if args.plot:
            plot(found_of(off), args.plot)
    except (ValueError, OSError) as error:
        print(f"measure_crops: {error}", file=sys.stderr)
        return 2
    return 0


def measure(landmarker: Landmarker, items: Sequence[Item]) -> dict[str, np.ndarray]:
    """By row of the table what the crop of each face is off, float64 [N, 4] as OFF has it; NaN: missed.

    Raises ValueError where no face was found of which is known how its head stands.
    """
    rows: dict[str, list[np.ndarray]] = defaultdict(list)
    detector, margin = landmarker.open_detector(), landmarker.contract.crop.margin
    for item, face in read_all(items):
        true = oriented_of(face)
        if np.isfinite(true).all():
            found = detector.find(face.image)
            nearest = nearest_of(found.chosen(found.scores >= detector.threshold), face)
            rows[part_of(item, face)].append(np.full(4, np.nan) if nearest is None else off(true, nearest, margin))
    answer = {name: np.array(values) for name, values in rows.items()}
    if not answer or not len(found_of(answer)):
        raise ValueError(f"found no face again among {len(items)} held-out ones, expected one")
    return answer


def nearest_of(found: Candidates, face: AnnotatedFace) -> np.ndarray | None:
    """The oriented box [5] of the find that shares most with a face; None where none shares enough to be it."""
    shared = overlaps(face.box, found.boxes) if len(found) else np.zeros(1)
    return found.oriented[int(shared.argmax())] if shared.max() >= FOUND else None


def off(true: np.ndarray, found: np.ndarray, margin: float) -> np.ndarray:
    """What the crop around a found oriented box [5] is off the crop around the true one: [4] as OFF has it."""
    own, other = (Crop.of_oriented(box, margin) for box in (true, found))
    turn = (other.angle - own.angle + np.pi) % (2 * np.pi) - np.pi
    shift = (np.array(other.centre) - own.centre) @ rotation(own.angle) / own.side
    return np.array([np.degrees(turn), np.log(other.side / own.side), *shift])


def found_of(off: Mapping[str, np.ndarray]) -> np.ndarray:
    """The rows of all faces that were found, [N, 4]."""
    return together(off.values())[~np.isnan(together(off.values())).any(axis=1)]


def together(several: Iterable[np.ndarray]) -> np.ndarray:
    """All rows, [N, 4]."""
    return np.concatenate(list(several))


def table(off: Mapping[str, np.ndarray]) -> str:
    """By row: faces, missed in %, and of the found ones the median and what so many % are off by less."""
    lines = [f"| faces of | number | missed % | {' | '.join(OFF)} |", "|---" * (3 + len(OFF)) + "|"]
    for name, rows in [*sorted(off.items()), ("all", together(off.values()))]:
        found = rows[~np.isnan(rows).any(axis=1)]
        cells = [cell(found[:, column], 1 if column == 0 else 3) for column in range(len(OFF))]
        missed = 100 * (1 - len(found) / len(rows))
        lines.append(f"| {name} | {len(rows)} | {missed:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(values: np.ndarray, digits: int) -> str:
    """The median, and in brackets the limits that SHARES of the values lie within."""
    if not len(values):
        return ""
    limits = " / ".join(f"{limit:.{digits}f}" for limit in np.percentile(np.abs(values), SHARES))
    return f"{np.median(values):+.{digits}f} ({limits})"


def ranges(found: np.ndarray) -> dict[str, float]:
    """How far training should vary crops, as options of net/train.py: what COVERED % are off by less, and MORE."""
    turn, scale, across, down = MORE * np.percentile(np.abs(found), COVERED, axis=0)
    return {"turn": float(turn), "scale": float(scale), "shift": float(max(across, down))}


def advice(found: np.ndarray) -> str:
    """The ranges in words."""
    options = " ".join(f"--{name} {value:.{1 if name == 'turn' else 2}f}" for name, value in ranges(found).items())
    return f"Training that covers {COVERED} % of the {len(found)} finds, and a quarter more: `{options}`."


def plot(found: np.ndarray, path: Path) -> None:
    """Writes histograms of all that finds are off, with the ranges of training."""
    from matplotlib.figure import Figure  # not above: it takes its time

    figure = Figure(figsize=(12, 3), layout="constrained")
    limits = list(ranges(found).values())
    for axes, name, values, limit in zip(figure.subplots(1, 4), OFF, found.T, [*limits, limits[-1]], strict=True):
        axes.hist(np.clip(values, -2 * limit, 2 * limit), bins=41, range=(-2 * limit, 2 * limit), color="#4878cf")
        for side in (-limit, limit):
            axes.axvline(side, color="black", linewidth=0.8, linestyle="--")
        axes.set_title(name, fontsize=10)
    figure.savefig(path, dpi=DOTS)


if __name__ == "__main__":
    sys.exit(main())
