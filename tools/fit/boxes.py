"""Fits what leads from a face detector's square to the landmark box, on real faces, and writes `infer/detectors.json`.

    python tools/fit/boxes.py data/300W data/300W_LP

Each data folder is laid out as 300W-LP: `<SET>/<NAME>.jpg` and `landmarks/<SET>/<NAME>_pts.mat`. The frontal cascade is
fitted on the faces that it finds, as is the profile cascade, whose finds in mirrored pictures count mirrored. What
leads from eyes, nose and mouth corners (YuNet's answer) to the landmark box is fitted on the annotated points.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np
from scipy.io import loadmat

from infer.detect.haar import CONSTANTS, Cascade, find_squares, open_cascade, prepare
from infer.detect.yunet import boxes_around, framed
from infer.faces.align import five_points
from infer.files.atomic import write_text_atomically
from infer.files.pictures import read_picture
from infer.geometry.boxes import box_of, mirror_boxes, overlaps
from records.landmarks import IBUG_68
from records.split import split_of
from tools.read.w300lp import source_of

# The looks, in their order: quick in a reduced picture, then closer, then for turned heads. Generous settings, for the
# network's check is strict. The last four numbers only say roughly where a face is, to tell a find
# from a false alarm
FRONTAL, PROFILE = "haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml"
STARTS = (
    Cascade("frontal, reduced", FRONTAL, False, 256, 1.1, 1, 20, 0, 0.0, 0.155, 0.88, 0.86),
    Cascade("frontal", FRONTAL, False, 640, 1.05, 1, 20, 0, 0.0, 0.155, 0.88, 0.86),
    Cascade("profile", PROFILE, True, 320, 1.1, 1, 20, 0, 0.0, 0.14, 0.72, 0.72),
)
# for small faces in large pictures, larger than those fitted on: with the constants of the look "frontal"
LARGE = {"name": "frontal, large", "longest": 1280, "scale": 1.1, "neighbours": 2, "beyond": 640}
MATCH = 0.3  # IoU of the mapped square with the true box that makes a find; turned heads are off-centre
YAW_EDGES = (0, 30, 60, 90)
TEST_FRACTION = 0.1


@dataclass(frozen=True)
class Sample:
    """One face: data set's name, picture, true landmark box [4], |yaw| in degrees or NaN, true points [68, 2]."""

    source: str
    picture: Path
    box: np.ndarray
    yaw: float
    points: np.ndarray


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="folders in 300W-LP's layout")
    parser.add_argument("--out", type=Path, default=CONSTANTS, metavar="FILE", help="(default: infer/detectors.json)")
    parser.add_argument(
        "--count",
        type=int,
        default=1500,
        metavar="N",
        help="pictures, drawn evenly from the sets in the folders (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        samples = draw_samples(args.data, args.count, np.random.default_rng(args.seed))
        finds = [search_all(samples, start) for start in STARTS]
        chosen = to_fit(samples, finds)
        fitted = [fit(*item) for item in zip(STARTS, finds, chosen, strict=True)]
        five = fit_five(np.array([sample.points for sample in samples]))
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(report(samples, finds))
    print("\n".join(summary(cascade, statistics) for cascade, statistics in fitted))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(args.out, document(samples, fitted, five, args.seed))
    print(f"wrote {args.out}")
    return 0


def draw_samples(folders: list[Path], count: int, rng: np.random.Generator) -> list[Sample]:
    """A draw of at most `count` faces, the same number from each set as far as it has them.

    Raises FileNotFoundError for a missing folder, ValueError for one without pairs.
    """
    sets = [files for folder in folders for files in _sets(folder)]
    share = max(1, count // len(sets))
    chosen = [files[index] for files in sets for index in sorted(rng.permutation(len(files))[:share])]
    return [read_sample(*pair) for pair in chosen]


def _sets(folder: Path) -> list[list[tuple[str, Path, Path]]]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected a data set in 300W-LP's layout")
    answer = []
    for points in sorted(folder.glob("landmarks/*/")):
        pairs = [
            (f"{folder.resolve().name}/{points.name}", folder / points.name / f"{file.name[:-8]}.jpg", file)
            for file in sorted(points.glob("*_pts.mat"))
            if split_of(source_of(file.name[:-8]), TEST_FRACTION) == "train"  # what is held out stays unseen here too
        ]
        answer.append([pair for pair in pairs if pair[1].is_file()])
    answer = [pairs for pairs in answer if pairs]
    if not answer:
        raise ValueError(f"{folder}: found no pairs, expected <SET>/<NAME>.jpg and landmarks/<SET>/<NAME>_pts.mat")
    return answer


def read_sample(source: str, picture: Path, points: Path) -> Sample:
    """The face of one pair of files; pts_3d where pts_2d is missing or partly unknown (YTF). May raise ValueError."""
    keys = loadmat(points)
    for name in ("pts_2d", "pts_3d"):
        if name in keys and keys[name].shape == (68, 2) and np.isfinite(keys[name]).all():
            return Sample(source, picture, box_of(keys[name]), _yaw(picture.with_suffix(".mat")), keys[name])
    raise ValueError(f"{points}: found no whole pts_2d or pts_3d, expected (68, 2) without NaN")


def _yaw(file: Path) -> float:
    pose = loadmat(file).get("Pose_Para") if file.is_file() else None
    return float(np.degrees(abs(pose[0, 1]))) if pose is not None else np.nan


@dataclass(frozen=True)
class Finds:
    """What one cascade answered over all samples.

    squares [N, 4] (x, y, w, h) and boxes [N, 4]: the find that fits each face best and the true box, both as the
    cascade saw them (mirrored, reduced); NaN where none fits. alarms: other finds, [N]. seconds: of the search.
    """

    squares: np.ndarray
    boxes: np.ndarray
    alarms: np.ndarray
    seconds: float

    @property
    def found(self) -> np.ndarray:
        return np.isfinite(self.squares).all(axis=1)


def search_all(samples: list[Sample], start: Cascade) -> Finds:
    """Runs one cascade over all samples, with progress on stderr."""
    classifier, rows, seconds, began = open_cascade(start.file), [], 0.0, time.monotonic()
    for index, sample in enumerate(samples):
        image, before = read_picture(sample.picture, upright=False), time.perf_counter()
        ready = prepare(image, start.longest)
        grey, box = ready.grey, ready.from_picture(sample.box)
        views = [(grey, box)] + ([(grey[:, ::-1], mirror_boxes(box[None], grey.shape[1])[0])] if start.mirrored else [])
        answers = [(*match(find_squares(classifier, seen, start)[0], truth, start), truth) for seen, truth in views]
        seconds += time.perf_counter() - before
        best = max(answers, key=lambda answer: answer[1])
        rows.append((best[0], best[3], sum(answer[2] for answer in answers)))
        if (index + 1) % 100 == 0 or index + 1 == len(samples):
            rate = (index + 1) / (time.monotonic() - began)
            print(
                f"{start.name}: {index + 1}/{len(samples)}, {rate:.0f} pictures/s, "
                f"{(len(samples) - index - 1) / rate:.0f} s left",
                file=sys.stderr,
                flush=True,
            )
    squares, boxes, alarms = (np.array(column) for column in zip(*rows, strict=True))
    return Finds(squares, boxes, alarms, seconds)


def match(squares: np.ndarray, box: np.ndarray, start: Cascade) -> tuple[np.ndarray, float, int]:
    """The square that fits the true box best (NaN where none does), its IoU, and how many squares lie elsewhere."""
    if not len(squares):
        return np.full(4, np.nan), 0.0, 0
    shared = overlaps(box, start.to_boxes(squares))
    best = int(shared.argmax())
    alarms = int((shared < MATCH / 2).sum())
    if shared[best] < MATCH:
        return np.full(4, np.nan), 0.0, alarms
    return squares[best].astype(np.float64), float(shared[best]), alarms


def to_fit(samples: list[Sample], finds: list[Finds]) -> list[np.ndarray]:
    """For each of `STARTS` which of its finds to fit to, bool [N]: those that it will be asked about.

    Frontal: faces not known to be turned. Profile: turned ones, and those that the frontal looks missed.
    """
    turned = np.array([sample.yaw for sample in samples]) >= YAW_EDGES[1]  # False where the yaw is unknown
    *frontal, profile = finds
    missed = ~np.any([some.found for some in frontal], axis=0)
    return [*(some.found & ~turned for some in frontal), profile.found & (turned | missed)]


def fit_five(points: np.ndarray) -> dict:
    """What leads from eyes, nose and mouth corners to the landmark box: weights of `boxes_around`, by least
    squares over faces [N, 68, 2], and how far off it is, in the box's longer edge. ValueError for under 20 faces.
    """
    if len(points) < 20:
        raise ValueError(f"five points: found {len(points)} faces, expected at least 20 to fit constants to")
    boxes = np.array([box_of(some) for some in points])
    five = np.array([five_points(some, IBUG_68.name) for some in points])
    middle, size, inputs = framed(five)
    goals = (boxes - np.tile(middle, 2)) / size[:, None]
    # a little ridge: x and y of the five are moved to their middle, so that two of the ten follow from the others
    weights = np.linalg.solve(inputs.T @ inputs + 1e-3 * len(points) * np.eye(11), inputs.T @ goals).round(4)
    off = np.abs(boxes_around(five, weights) - boxes).max(axis=1) / (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    shares = [round(float(value), 4) for value in np.quantile(off, (0.5, 0.9))]
    return {"weights": weights.tolist(), "fit": {"faces": len(points), "worst_edge_off_50_90": shares}}


def fit(start: Cascade, finds: Finds, chosen: np.ndarray) -> tuple[Cascade, dict]:
    """The cascade with its constants, medians over the chosen finds, and statistics of what is left over.

    A frontal cascade is symmetric, so its dx is 0. Raises ValueError for fewer than 20 finds.
    """
    squares, boxes = finds.squares[chosen], finds.boxes[chosen]
    if len(squares) < 20:
        raise ValueError(f"{start.file}: found {len(squares)} faces, expected at least 20 to fit constants to")
    x, y, side = squares[:, 0], squares[:, 1], squares[:, 2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    dx, dy = (middle[:, 0] - x - (side - 1) / 2) / side, (middle[:, 1] - y - (side - 1) / 2) / side
    width, height = ((boxes[:, 2:] - boxes[:, :2]) / side[:, None]).T
    values = {
        "dx": np.median(dx) if start.mirrored else 0.0,
        "dy": np.median(dy),
        "width": np.median(width),
        "height": np.median(height),
    }
    cascade = replace(start, **{name: round(float(value), 4) for name, value in values.items()})
    return cascade, _statistics(cascade, squares, boxes, finds)


def _statistics(cascade: Cascade, squares, boxes, finds: Finds) -> dict:
    """Errors as fractions of the true box's longer edge: of the centre (distance) and of the longer edge itself."""
    edge = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    mapped = cascade.to_boxes(squares)
    shift = np.linalg.norm((mapped - boxes).reshape(-1, 2, 2).mean(axis=1), axis=1) / edge
    growth = (mapped[:, 2:] - mapped[:, :2]).max(axis=1) / edge - 1
    return {
        "faces": int(len(finds.found)),
        "found": int(finds.found.sum()),
        "fitted_to": len(boxes),
        "false_alarms": int(finds.alarms.sum()),
        "centre_error_median": round(float(np.median(shift)), 4),
        "centre_error_90": round(float(np.quantile(shift, 0.9)), 4),
        "size_error_10_50_90": [round(float(value), 4) for value in np.quantile(growth, (0.1, 0.5, 0.9))],
    }


def report(samples: list[Sample], finds: list[Finds]) -> str:
    """The table of recall and false alarms: a row per set and |yaw| bin, a column per cascade and one for any."""
    either = np.any([found.found for found in finds], axis=0)
    lines = [
        f"{'recall (false alarms per picture)':36s}{'faces':>6s}"
        + "".join(f"{start.name:>18s}" for start in STARTS)
        + f"{'any':>8s}"
    ]
    for name, chosen in _rows(samples):
        cells = [f"{found.found[chosen].mean():8.1%} ({found.alarms[chosen].mean():.2f}) " for found in finds]
        lines.append(
            f"{name:36s}{chosen.sum():6d}" + "".join(f"{cell:>18s}" for cell in cells) + f"{either[chosen].mean():8.1%}"
        )
    pace = [found.seconds / len(samples) * 1000 for found in finds]
    times = ", ".join(f"{start.name} {each:.0f}" for start, each in zip(STARTS, pace, strict=True))
    return "\n".join([*lines, f"search, ms per picture: {times}"])


def _rows(samples: list[Sample]) -> list[tuple[str, np.ndarray]]:
    sources, yaw = np.array([sample.source for sample in samples]), np.array([sample.yaw for sample in samples])
    rows = []
    for source in dict.fromkeys(sources):
        rows.append((source, sources == source))
        for low, high in zip(YAW_EDGES[:-1], YAW_EDGES[1:], strict=True):
            inside = (sources == source) & (yaw >= low) & (yaw < high)
            if inside.any():
                rows.append((f"  |yaw| {low}-{high}", inside))
    return [*rows, ("all", np.ones(len(samples), bool))]


def summary(cascade: Cascade, statistics: dict) -> str:
    low, _, high = statistics["size_error_10_50_90"]
    return (
        f"{cascade.name}: dx {cascade.dx:.3f}, dy {cascade.dy:.3f}, width {cascade.width:.3f}, "
        f"height {cascade.height:.3f} of the square's side; off by {statistics['centre_error_median']:.1%} of the "
        f"box's edge (median), {statistics['centre_error_90']:.1%} (90 %), in size by {low:+.1%} to {high:+.1%}"
    )


def document(samples: list[Sample], fitted: list[tuple[Cascade, dict]], five: dict, seed: int) -> str:
    """The JSON file's text: names of data sets, never paths of this machine."""
    sources = [sample.source for sample in samples]
    entries = [{**asdict(cascade), "fit": statistics} for cascade, statistics in fitted]
    frontal = next(entry for entry in entries if entry["name"] == "frontal")
    data = {
        "written_by": "tools/fit/boxes.py",
        "unit": "sides of the square; dx, dy: centre of the landmark box from the square's; width, height: its edges",
        "fitted_on": {source: sources.count(source) for source in dict.fromkeys(sources)},
        "seed": seed,
        "cascades": [*entries, {**frontal, **LARGE}],
        "five_points": five,
    }
    return json.dumps(data, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
