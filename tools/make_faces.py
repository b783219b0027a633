"""Draw faces in the layout of 300W-LP, so that every step of the pipeline runs without a download.

`python tools/make_faces.py` fills data/300W_LP with

    DRAWN/DRAWN_<photo>_1_<view>.jpg                   450x450
    DRAWN/DRAWN_<photo>_1_<view>.mat                   pt2d float64 (2, 68), Pose_Para float32 (1, 7), roi int16 (1, 4)
    landmarks/DRAWN/DRAWN_<photo>_1_<view>_pts.mat     pts_2d and pts_3d float32 (68, 2)

One photo is one head, light and background; its view 0 is nearly frontal, the later views are turned further and
further to the same side. pts_3d are the projected points, pts_2d the same with the jaw on the visible contour: exact,
0-based pixels of the picture with their centres at whole numbers. pt2d is 1-based, and as in the genuine set it is that
of view 0 in every view, so stale in all others. Pose_Para is pitch, yaw, roll in radians, tx, ty, tz, scale.

Signs, order and the flip y = 451 - y are those of the genuine files (see tools/draw/projection.py). The origin of the
genuine pts_* is not published: on 310 genuine `_0` views pt2d - pts_2d is (0.6, 0.2) on average, between the 0 of a
common origin and the 1 of 0-based pts_*; so what the project's reader takes, 0-based, holds here.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import BrokenExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from infer.jobs.cores import cores
from tools.draw.dataset import DrawnSet, make_set
from tools.draw.samples import SAMPLES, draw_samples


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Draw faces with exact 68 points in the layout of 300W-LP.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=2000, help="pictures to draw, one face each")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same bytes; 0 or more")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "data" / "300W_LP", help="folder of the set; must be empty or absent"
    )
    parser.add_argument(
        "--views", type=int, default=6, help="pictures of one head, turned from nearly frontal to 60-75 degrees"
    )
    parser.add_argument("--workers", type=int, default=cores(), help="processes")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier drawn set (never anything else)")
    parser.add_argument(
        "--samples", type=Path, metavar="DIR", help="instead of a set, draw the four pictures of images/ into DIR"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        if args.samples:
            draw_samples(args.samples, args.overwrite)
            print(f"{len(SAMPLES)} pictures in {args.samples}")
        else:
            plan = DrawnSet(args.count, args.views, args.seed)
            make_set(args.out, plan, args.workers, args.overwrite)
            print(f"{plan.count} faces of {plan.heads} heads in {args.out.resolve()}")
    except (ValueError, OSError, BrokenExecutor) as error:
        print(f"make_faces: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("make_faces: interrupted, nothing written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
