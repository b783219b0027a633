"""Measures head pose against the poses that 300W-LP and AFLW2000-3D were made with (Pose_Para), by |yaw|.

    python tools/measure/pose.py data/300W_LP
    python tools/measure/pose.py data/AFLW2000 --split all --points pts_3d

From the true points, and from those that the network finds in the true box. Beside the three angles stands the angle of
the one turn between found and true pose: near a profile pitch and roll turn about the same axis, which parts them ill.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.faces.pose import pose_of, rotation_from
from infer.files.console import speak_plainly
from infer.geometry.rotations import rotation_of
from infer.landmarker import Landmarker
from records import metrics
from tools.evaluation.held_out import held_out, read_all

COLUMNS = ("yaw", "pitch", "roll", "turn")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="sets with poses: 300W-LP, AFLW2000-3D")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--points", choices=("pts_2d", "pts_3d"), default="pts_2d", help="the true points (default: %(default)s)")
    add("--split", choices=("test", "all"), default="test", help="(default: %(default)s)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        items = held_out(args.data, landmarker.contract, args.count, side=args.split)
        rows = measure(landmarker, items, args.points)
    except (ValueError, OSError) as error:
        print(f"measure_pose: {error}", file=sys.stderr)
        return 2
    print(table(*rows))
    return 0


def measure(landmarker: Landmarker, items: list, points: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True yaw in radians [N], and errors in degrees [N, 4] from true and from found points (COLUMNS)."""
    yaws, own, found = [], [], []
    for _, face in read_all(items, points):
        if np.isfinite(face.pose).all() and np.isfinite(face.points).all():
            yaws.append(face.pose[1])
            own.append(errors_of(face.points, face.pose))
            found.append(errors_of(landmarker.fit(face.image, face.box[None])[0], face.pose))
    if not yaws:
        raise ValueError(f"found no pose with {len(items)} faces, expected Pose_Para")
    return np.array(yaws), np.array(own), np.array(found)


def errors_of(points: np.ndarray, pose: np.ndarray) -> list[float]:
    """How far the pose by points [68, 2] is from a true one (pitch, yaw, roll in radians): degrees, as COLUMNS;
    NaN where no turn fits the points."""
    rotation, true = rotation_from(points), rotation_of(pose)
    if rotation is None:
        return [float("nan")] * len(COLUMNS)
    found, wanted = pose_of(rotation), np.degrees(pose)
    off = np.array([found.yaw - wanted[1], found.pitch - wanted[0], found.roll - wanted[2]])
    turn = np.degrees(np.arccos(np.clip((np.trace(rotation.T @ true) - 1) / 2, -1, 1)))
    return [*np.abs((off + 180) % 360 - 180), turn]


def table(yaws: np.ndarray, own: np.ndarray, found: np.ndarray) -> str:
    """Mean errors in degrees by |yaw|, as Markdown."""
    head = " | ".join(f"{name}, {kind}" for kind in ("true points", "found points") for name in COLUMNS)
    lines = [f"| faces | number | {head} |", "|---" * (2 + 2 * len(COLUMNS)) + "|"]
    bins = metrics.yaw_bin(yaws)
    for name, chosen in [*((name, bins == index) for index, name in enumerate(metrics.YAW_BINS)), ("all", bins >= 0)]:
        if chosen.any():
            values = [*np.nanmean(own[chosen], axis=0), *np.nanmean(found[chosen], axis=0)]
            lines.append(f"| {name} | {chosen.sum()} | {' | '.join(f'{value:.1f}' for value in values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
