"""Measures what a tracker makes of cuts and of what only looks like one, in clips made from held-out stills.

    python tools/measure/cuts.py data/300W

A face of 190 pixels sways, turns and scales in a clip of 640x480 under fresh noise. In its middle something happens: a
cut to another person at nearly the same place, or a leap, a turn, a change of light, a blur, a hand before the face.
New id: the share of the clips in which the face has another one after that. Error: of the points as the tracker shows
them, smoothed, in the event's own frame and in the clip's last one, in % of the face size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.files.console import speak_plainly
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from infer.video.tracker import Tracker
from tools.evaluation.held_out import held_out
from tools.read import formats
from tools.read.face import AnnotatedFace

WIDTH, HEIGHT, RATE = 640, 480, 30.0
EDGE = 190  # pixels: the longer edge of a face's box
NOISE = 3.0  # standard deviation of every pixel, as a webcam's indoors
COUNT, EVENT = 30, 15  # frames of a clip; the one in which it happens
OFF = 25  # pixels: another person's face is so far from the first one's at most


@dataclass(frozen=True)
class Event:
    """What happens: pixels to the right, degrees, a factor, and what becomes of the picture; it stays so if `stays`."""

    shift: float = 0.0
    turn: float = 0.0
    scale: float = 1.0
    change: Callable[[np.ndarray], np.ndarray] | None = None
    stays: bool = True


def brighter(gain: np.ndarray | float, offset: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """A change of light, over the picture or by column [width]."""
    return lambda image: np.clip(image * np.reshape(gain, (1, -1, 1)) + offset, 0, 255).astype(np.uint8)


def blurred(image: np.ndarray) -> np.ndarray:
    """As a quick move to the side leaves it: over 25 pixels."""
    return cv2.blur(image, (25, 1))


def with_hand(image: np.ndarray) -> np.ndarray:
    """A patch before the mouth and one cheek."""
    return cv2.rectangle(image.copy(), (230, 240), (350, 480), (120, 150, 200), -1)


CUT = "cut to another person"
EVENTS = {
    CUT: Event(),
    "nothing": Event(),
    "leap of a tenth of the face": Event(shift=0.1 * EDGE),
    "leap of a fifth of the face": Event(shift=0.2 * EDGE),
    "roll by 10 degrees": Event(turn=10),
    "a tenth nearer": Event(scale=1.1),
    "flash of one frame": Event(change=brighter(2.0, 20), stays=False),
    "light goes to a third": Event(change=brighter(0.35)),
    "light from one side": Event(change=brighter(np.linspace(0.3, 1.7, WIDTH))),
    "blur of one frame": Event(shift=0.1 * EDGE, change=blurred, stays=False),
    "hand before the mouth": Event(change=with_hand),
}


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", type=Path, help="set in 300W-LP's layout; held-out faces of it are taken")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--clips", type=int, default=60, help="of each event (default: %(default)s)")
    add("--grey", action="store_true", help="clips without colours")
    add("--seed", type=int, default=0, help="of faces, places and noise (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        faces = choose(args.data, landmarker.contract, args.clips, np.random.default_rng(args.seed))
    except (ValueError, OSError) as error:
        print(f"measure_cuts: {error}", file=sys.stderr)
        return 2
    print("| event | clips | new id % | error then % | error at the end % |\n|---|---|---|---|---|")
    for name, event in EVENTS.items():
        rows = []
        for index, face in enumerate(faces):
            rng = np.random.default_rng([args.seed, index])
            later = faces[(index + 1) % len(faces)] if name == CUT else face
            frames, points = make_clip(face, later, event, rng, args.grey)
            rows.append(judge(Tracker(landmarker), frames, points))
        print(row(name, np.array(rows)), flush=True)
    return 0


def choose(folder: Path, contract: Contract, count: int, rng: np.random.Generator) -> list[AnnotatedFace]:
    """Held-out faces with all points known. Raises ValueError where there are too few."""
    items = held_out([folder], contract)
    faces: list[AnnotatedFace] = []
    for index in rng.permutation(len(items)):
        face = formats.read(items[index], "pts_2d")
        if np.isfinite(face.points).all():
            faces.append(face)
        if len(faces) == count:
            return faces
    raise ValueError(f"{folder}: found {len(faces)} held-out faces, expected at least {count}")


def make_clip(
    first: AnnotatedFace, later: AnnotatedFace, event: Event, rng: np.random.Generator, grey: bool = False
) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames uint8 [480, 640, 3] and the points [COUNT, 68, 2] in them; `later` is the face from the event on."""
    phases, off = rng.uniform(0, 2 * np.pi, 3), rng.uniform(-OFF, OFF, 2) if later is not first else np.zeros(2)
    frames, points = [], []
    for index in range(COUNT):
        sway = np.sin(phases + index / RATE * 3)
        now = event if index == EVENT or (index > EVENT and event.stays) else Event()
        spot = (WIDTH / 2 + 20 * sway[0] + now.shift, HEIGHT / 2) + (off if index >= EVENT else np.zeros(2))
        angle, scale = np.radians(6 * sway[1] + now.turn), now.scale * (1 + 0.05 * sway[2])
        image, there = placed(later if index >= EVENT else first, spot, float(angle), float(scale))
        image = now.change(image) if now.change else image
        noisy = np.clip(image + rng.standard_normal(image.shape, np.float32) * NOISE, 0, 255).astype(np.uint8)
        frames.append(cv2.cvtColor(cv2.cvtColor(noisy, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) if grey else noisy)
        points.append(there)
    return frames, np.array(points)


def placed(face: AnnotatedFace, spot: np.ndarray, angle: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture of 640x480 with the face's middle at the spot, turned by `angle`, radians, and its points in it."""
    x0, y0, x1, y1 = face.box
    size = scale * EDGE / max(x1 - x0, y1 - y0)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = spot - turn @ ((x0 + x1) / 2, (y0 + y1) / 2)
    matrix = np.column_stack([turn, shift])
    image = cv2.warpAffine(face.image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    return image, face.points @ turn.T + shift


def judge(tracker: Tracker, frames: list[np.ndarray], points: np.ndarray) -> tuple[float, float, float]:
    """Whether there is another id after the event (NaN: no face before it), and the errors, in % of the face size, in
    its frame and in the last one; NaN where the face is lost."""
    ids, errors = [], []
    for index, (frame, true) in enumerate(zip(frames, points, strict=True)):
        faces = tracker(frame, index / RATE)
        off = [np.linalg.norm(face.points - true, axis=1).mean() / np.ptp(true, axis=0).max() for face in faces]
        nearest = int(np.argmin(off)) if off and min(off) < 0.25 else None
        ids.append(None if nearest is None else faces[nearest].id)
        errors.append(np.nan if nearest is None else 100 * off[nearest])
    before, after = ids[EVENT - 1], [number for number in ids[EVENT:] if number is not None]
    changed = float("nan") if before is None or not after else float(after[-1] != before)
    return changed, errors[EVENT], errors[-1]


def row(name: str, rows: np.ndarray) -> str:
    """A line of the table, of rows [N, 3] as `judge` gives them."""
    known = rows[np.isfinite(rows[:, 0])]
    changed, then, end = 100 * known[:, 0].mean(), np.nanmedian(known[:, 1]), np.nanmedian(known[:, 2])
    return f"| {name} | {len(known)} | {changed:.0f} | {then:.2f} | {end:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
