"""Draws the points found in one portrait, as it is and made harder in one way at a time: the model card's pictures.

    python tools/measure/limit_pictures.py

The percentage is how far the points moved from those in the portrait as it is, as a mean, of the box's size sqrt(w h).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import matplotlib
import numpy as np

from infer.draw import contact_sheet, thumbnail
from infer.files.atomic import write_atomically
from infer.files.console import speak_plainly
from infer.files.pictures import read_picture
from infer.landmarker import Landmarker
from records import metrics
from records.landmarks import IBUG_68
from tools.evaluation.corruptions import CHANGES, Picture, covered, edge_of, rolled
from tools.read.face import AnnotatedFace

PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"  # public domain
ROOM = 0.4  # shown around the face, of the box's longer edge
TILE, COLUMNS = 220, 5  # pixels of a tile's edge, tiles a row
QUALITY = 85


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("picture", nargs="?", type=Path, default=PORTRAIT, help="with one face (default: a portrait of matplotlib's)")
    add("--model", metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--out", type=Path, default=ROOT / "images" / "readme" / "limits.jpg", help="(default: images/readme)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        plain = portrait(landmarker, args.picture)
        tiles = [tile(landmarker, *each) for each in variants(plain)]
        sheet = contact_sheet([image for image, _ in tiles], [caption for _, caption in tiles], COLUMNS, TILE)
        _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(args.out, data.tobytes())
    except (ValueError, OSError) as error:
        print(f"limit_pictures: {error}", file=sys.stderr)
        return 2
    print(f"written: {args.out}")
    return 0


def portrait(landmarker: Landmarker, path: Path) -> Picture:
    """The surest face of a picture, with the points found there. Raises ValueError where there is none."""
    image = read_picture(path)
    faces = landmarker.detect(image)
    if not faces:
        raise ValueError(f"{path}: found no face, expected one")
    return Picture(image, faces[0].points, np.asarray(faces[0].box, np.float64))


def variants(plain: Picture) -> list[tuple[str, Picture]]:
    """The picture as it is, and changed in every way, with names."""
    pictures = [("as it is", plain), *((name, change(plain)) for name, change in CHANGES.items())]
    for roll in (30, 60):
        image, points = rolled(AnnotatedFace(plain.image, plain.points, plain.box, np.zeros(3)), np.radians(roll))
        pictures.append((f"rolled by {roll} degrees", Picture(image, points, np.r_[points.min(0), points.max(0)])))
    return [*pictures, ("all covered", covered(0.0, 1.0)(plain))]


def tile(landmarker: Landmarker, name: str, picture: Picture) -> tuple[np.ndarray, str]:
    """The face of a picture with its points, and a caption that says how far they moved."""
    found = landmarker.fit(picture.image, picture.box[None])
    moved = metrics.nme_per_face(found, picture.points[None], "box")[0]
    room = ROOM * edge_of(picture.box)
    height, width = picture.image.shape[:2]
    x0, y0 = np.maximum(picture.box[:2] - room, 0).astype(int)
    x1, y1 = np.minimum(picture.box[2:] + room, (width - 1, height - 1)).astype(int)
    shown = picture.image[y0 : y1 + 1, x0 : x1 + 1]
    caption = f"{name.removeprefix('reduced: longer ')}, {100 * moved:.1f} %"
    return thumbnail(shown, [found[0] - (x0, y0)], IBUG_68.groups, IBUG_68.lines, TILE), caption


if __name__ == "__main__":
    sys.exit(main())
