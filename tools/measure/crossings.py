"""Measures whether people who cross keep their ids, in clips made from held-out stills.

    python tools/measure/crossings.py data/300W --detector yunet --detector-model yunet.onnx

Two heads of 130 pixels meet in a grey clip of 640x480 at 30 frames a second, under fresh noise, and go on or back: the
one in front hides the other for a while. What counts are the ids at the end: both as before, exchanged, or another one.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.detect.kinds import DETECTORS
from infer.files.console import speak_plainly
from infer.geometry.boxes import box_of
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from infer.video.tracker import Tracker
from tools.evaluation.held_out import held_out
from tools.read import formats
from tools.read.face import AnnotatedFace

WIDTH, HEIGHT, RATE = 640, 480, 30.0
EDGE = 130  # pixels: the longer edge of a face's box
GREY, NOISE = 110, 3.0
HEAD = 1.35  # of the face's box: the ellipse around it that is cut out, with hair
WAY = 170  # pixels from the clip's middle at which they begin and end
SPEEDS = (0.5, 1.0, 2.0, 4.0)  # face sizes a second, of each
REST = 15  # frames for which they stand still before and after
OUTCOMES = ("kept", "exchanged", "new", "lost")


@dataclass(frozen=True)
class Crossing:
    """Frames uint8 [480, 640, 3], and the true middles of the faces in them [N, 2, 2]: of the one behind, in front."""

    frames: list[np.ndarray]
    middles: np.ndarray


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", type=Path, help="set in 300W-LP's layout; held-out faces of it are taken")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--detector", choices=DETECTORS, help="what finds faces (default: as infer/run.py)")
    add("--detector-model", type=Path, metavar="FILE", help="its file")
    add("--pairs", type=int, default=20, help="pairs of faces for each speed (default: %(default)s)")
    add("--seed", type=int, default=0, help="of faces, heights and noise (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model, detector=args.detector, detector_model=args.detector_model)
        landmarker.open_detector()
        faces = choose(args.data, landmarker.contract, 2 * args.pairs, np.random.default_rng(args.seed))
    except (ValueError, OSError) as error:
        print(f"measure_crossings: {error}", file=sys.stderr)
        return 2
    print(f"| they go | face sizes/s | clips | {' % | '.join(OUTCOMES)} % |\n|---|---|---|---|---|---|---|")
    for back, speed in itertools.product((False, True), SPEEDS):
        outcomes = []
        for index in range(args.pairs):
            clip = make_clip(faces[2 * index : 2 * index + 2], speed, back, np.random.default_rng([args.seed, index]))
            outcomes.append(judge(Tracker(landmarker), clip))
        print(row("back" if back else "on", speed, outcomes), flush=True)
    return 0


def choose(folder: Path, contract: Contract, count: int, rng: np.random.Generator) -> list[AnnotatedFace]:
    """Held-out faces with all points known. Raises ValueError where there are too few."""
    items, faces = held_out([folder], contract), []
    for index in rng.permutation(len(items)):
        face = formats.read(items[index], "pts_2d")
        faces += [face] if np.isfinite(face.points).all() else []
        if len(faces) == count:
            return faces
    raise ValueError(f"{folder}: found {len(faces)} held-out faces, expected at least {count}")


def make_clip(pair: Sequence[AnnotatedFace], speed: float, back: bool, rng: np.random.Generator) -> Crossing:
    """Two faces that meet, in face sizes a second, and go through each other or back; the second one is in front."""
    steps = np.arange(-WAY, WAY, speed * EDGE / RATE)
    steps = np.concatenate(
        [np.full(REST, -WAY), -np.abs(steps) if back else steps, np.full(REST, -WAY if back else WAY)]
    )
    high = rng.uniform(-0.15, 0.15, 2) * EDGE
    frames, middles = [], []
    for step in steps:
        image = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
        places = np.array([(WIDTH / 2 + step, HEIGHT / 2 + high[0]), (WIDTH / 2 - step, HEIGHT / 2 + high[1])])
        for face, place in zip(pair, places, strict=True):
            image = with_head(image, face, place)
        noisy = image + rng.standard_normal(image.shape, np.float32) * NOISE
        frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
        middles.append(places)
    return Crossing(frames, np.array(middles))


def with_head(image: np.ndarray, face: AnnotatedFace, place: np.ndarray) -> np.ndarray:
    """The picture uint8 [480, 640, 3] with a head in it, the middle of its face's box at the place (x, y)."""
    x0, y0, x1, y1 = face.box
    scale = EDGE / max(x1 - x0, y1 - y0)
    shift = place - scale * np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    head = cv2.warpAffine(face.image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    axes = (round(HEAD * scale * (x1 - x0) / 2), round(HEAD * scale * (y1 - y0) / 2))
    cv2.ellipse(mask, (round(place[0]), round(place[1])), axes, 0, 0, 360, 255, -1)
    return np.where(mask[..., None] > 0, head, image)


def judge(tracker: Tracker, clip: Crossing) -> str | None:
    """What became of the ids, one of OUTCOMES; None where both faces were not found before they crossed."""
    before: list[int | None] = []
    after: list[int | None] = []
    for index, frame in enumerate(clip.frames):
        faces = tracker(frame, index / RATE)
        after = [id_at(faces, place) for place in clip.middles[index]]
        before = after if index == REST - 1 else before
    if None in before or before[0] == before[1]:
        return None
    if None in after or after[0] == after[1]:
        return "lost"
    return "kept" if after == before else "exchanged" if after == before[::-1] else "new"


def id_at(faces: Sequence, place: np.ndarray) -> int | None:
    """The id of the face whose box has its middle nearest to the place, within half a face; None where none is."""
    off = [float(np.linalg.norm(box_of(face.points).reshape(2, 2).mean(axis=0) - place)) for face in faces]
    return faces[int(np.argmin(off))].id if off and min(off) < EDGE / 2 else None


def row(way: str, speed: float, outcomes: Sequence[str | None]) -> str:
    """A line of the table; clips whose faces were not found before they crossed do not count."""
    known = [one for one in outcomes if one is not None]
    shares = (100 * known.count(name) / len(known) if known else float("nan") for name in OUTCOMES)
    return f"| {way} | {speed:g} | {len(known)} | {' | '.join(f'{share:.0f}' for share in shares)} |"


if __name__ == "__main__":
    sys.exit(main())
