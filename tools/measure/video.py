"""Measures tracking on clips made from stills with known motion: how much points tremble, lag behind and what it costs.

    python tools/measure/video.py data/300W

Two held-out faces move over a grey picture of 640x480, at 30 frames a second, under fresh noise in every frame. Jitter
is how far a point jumps from frame to frame against the face's own way; lag is how far the points stay behind a face
that moves at a constant speed, in the time that it takes for the way. Both without and with smoothing; of a model that
tells its points' errors also with all points smoothed alike. In some clips something as large as a hand passes before
the faces, or they roll.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.faces.face import TrackedFace
from infer.files.console import speak_plainly
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from infer.video.smoothing import FaceSmoother, SmoothingSettings
from infer.video.tracker import Tracker, TrackerSettings
from tools.evaluation.held_out import held_out
from tools.read import formats
from tools.read.face import AnnotatedFace

Pair = tuple[AnnotatedFace, AnnotatedFace]

WIDTH, HEIGHT, RATE = 640, 480, 30.0
EDGE = 190  # pixels: the longer edge of a face's box in the clip
PLACES = ((170, 240), (470, 240))
REACH = 60  # pixels either way that a moving face goes
NOISE = 3.0  # standard deviation of every pixel, as a webcam's indoors
ROLL, SWING = 25, 2.0  # degrees either way; seconds to and fro
HAND, HAND_COLOUR = (45, 60), (90, 120, 170)  # half axes, pixels; BGR
HAND_WAY = 180  # pixels that it goes either way of the face's middle
SECONDS = 5.0
SETTLED = 1.0  # seconds at the beginning that do not count


@dataclass(frozen=True)
class Motion:
    """What the faces of a clip do: how many face sizes a second they go, how many degrees they roll either way, and
    whether something passes before them."""

    speed: float = 0.0
    roll: float = 0.0
    covered: bool = False

    def __str__(self) -> str:
        return f"{self.speed}{', rolling' if self.roll else ''}{', covered' if self.covered else ''}"


MOTIONS = (
    *(Motion(speed) for speed in (0.0, 0.25, 0.5, 1.0)),
    Motion(roll=ROLL),
    Motion(covered=True),
    Motion(0.25, covered=True),
)
Rows = dict[Motion, list[dict[str, dict]]]  # for each pair what came of it, by smoothing


@dataclass(frozen=True)
class Clip:
    """Frames uint8 [N, 480, 640, 3], true points [N, 2, 68, 2], and each frame's velocity [N, 2] in pixels a second."""

    frames: np.ndarray
    points: np.ndarray
    velocity: np.ndarray


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", type=Path, help="set in 300W-LP's layout; two of its held-out faces are taken")
    add("--model", type=Path, metavar="FILE", help="network with its .json beside it (default: as infer/run.py)")
    add("--pairs", type=int, default=3, help="pairs of faces (default: %(default)s)")
    add("--seconds", type=float, default=SECONDS, help="of each clip (default: %(default)s)")
    add("--seed", type=int, default=0, help="of faces and noise (default: %(default)s)")
    add("--cutoff", type=float, default=SmoothingSettings.cutoff, help="Hz (default: %(default)s)")
    per_speed = "Hz per face size a second"
    add("--beta", type=float, default=SmoothingSettings.beta, help=f"of points, {per_speed} (default: %(default)s)")
    help_way = f"of the face's way, {per_speed} (default: %(default)s)"
    add("--way-beta", type=float, default=SmoothingSettings.way_beta, help=help_way)
    add("--usual", type=float, default=SmoothingSettings.usual, help="error in face sizes (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        pairs = choose(args.data, landmarker.contract, args.pairs, np.random.default_rng(args.seed))
        smooth = SmoothingSettings(args.cutoff, args.beta, way_beta=args.way_beta, usual=args.usual)
    except (ValueError, OSError) as error:
        print(f"measure_video: {error}", file=sys.stderr)
        return 2
    rows: Rows = {motion: [] for motion in MOTIONS}
    for index, pair in enumerate(pairs):
        for motion in MOTIONS:
            clip = make_clip(pair, motion, args.seconds, np.random.default_rng([args.seed, index]))
            run = follow(landmarker, clip)
            answers = in_every_way(run, smooth)
            rows[motion].append({name: {**run, **judge(some, clip)} for name, some in answers.items()})
            print(f"pair {index + 1} of {len(pairs)}: {motion}", file=sys.stderr, flush=True)
    print(table(rows))
    return 0


def choose(folder: Path, contract: Contract, pairs: int, rng: np.random.Generator) -> list[Pair]:
    """Pairs of held-out faces with all points known. Raises ValueError where there are too few."""
    items = held_out([folder], contract)
    faces: list[AnnotatedFace] = []
    for index in rng.permutation(len(items)):
        face = formats.read(items[index], "pts_2d")
        if np.isfinite(face.points).all():
            faces.append(face)
        if len(faces) == 2 * pairs:
            return list(zip(faces[::2], faces[1::2], strict=True))
    raise ValueError(f"{folder}: found {len(faces)} held-out faces, expected at least {2 * pairs}")


def make_clip(
    pair: tuple[AnnotatedFace, AnnotatedFace], motion: Motion, seconds: float, rng: np.random.Generator
) -> Clip:
    """The two faces going to and fro at a constant speed, and rolling, the one against the other."""
    count = round(seconds * RATE)
    way = motion.speed * EDGE * np.arange(count) / RATE
    angles = np.radians(motion.roll) * np.sin(2 * np.pi * np.arange(count) / RATE / SWING)
    turn = (way + REACH) % (4 * REACH)
    offset = np.abs(turn - 2 * REACH) - REACH  # a triangle between -REACH and REACH
    velocity = np.where(turn < 2 * REACH, -1.0, 1.0) * motion.speed * EDGE
    frames, points = [], []
    for step, angle in zip(offset, angles, strict=True):
        both = zip(pair, PLACES, (1, -1), strict=True)
        layers = [place(face, spot, sign * step, sign * angle) for face, spot, sign in both]
        half = np.concatenate([layers[0][0][:, : WIDTH // 2], layers[1][0][:, WIDTH // 2 :]], axis=1)
        noise = rng.standard_normal(half.shape, np.float32) * NOISE
        frames.append(np.clip(half + noise, 0, 255).astype(np.uint8))
        points.append([layer[1] for layer in layers])
    clip = Clip(np.array(frames), np.array(points), np.stack([velocity, -velocity], axis=1))
    return cover(clip) if motion.covered else clip


def place(face: AnnotatedFace, spot: tuple[int, int], offset: float, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture of 640x480 with the face's middle at the spot, moved in x and rolled, and its points [68, 2] in it."""
    x0, y0, x1, y1 = face.box
    cosine, sine = EDGE / max(x1 - x0, y1 - y0) * np.array([np.cos(angle), np.sin(angle)])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    shift = np.array(spot) + (offset, 0) - turn @ ((x0 + x1) / 2, (y0 + y1) / 2)
    matrix = np.column_stack([turn, shift])
    image = cv2.warpAffine(face.image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderValue=(110, 110, 110))
    return image, face.points @ turn.T + shift


def cover(clip: Clip) -> Clip:
    """The same with something as large as a hand that passes before the lower half of each face, twice."""
    frames = clip.frames.copy()
    for index, (frame, faces) in enumerate(zip(frames, clip.points, strict=True)):
        offset = HAND_WAY * (2 * (2 * index / len(frames) % 1) - 1)
        for x, y in faces.mean(axis=1):
            middle = round(x + offset), round(y + 0.2 * EDGE)
            cv2.ellipse(frame, middle, HAND, 20, 0, 360, HAND_COLOUR, cv2.FILLED, cv2.LINE_AA)
    return Clip(frames, clip.points, clip.velocity)


def follow(landmarker: Landmarker, clip: Clip) -> dict:
    """answers: raw points of each true face [N, 2, 68, 2], NaN where lost; errors: of these [N, 2, 68], NaN where
    nobody tells; rate: frames a second; cpu: milliseconds of all cores per frame; ids: how many the
    two faces had, 2 where each kept its own."""
    tracker, answers, errors, ids = Tracker(landmarker, TrackerSettings(smooth=None)), [], [], set()
    began, spent = time.perf_counter(), time.process_time()
    for index, frame in enumerate(clip.frames):
        faces = tracker(frame, index / RATE)
        answer, error, known = assign(faces, clip.points[index])
        answers.append(answer)
        errors.append(error)
        ids |= known
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    count = len(clip.frames)
    run = {"answers": np.array(answers), "errors": np.array(errors), "ids": len(ids)}
    return run | {"rate": count / seconds, "cpu": 1000 * spent / count}


def assign(faces: list[TrackedFace], true: np.ndarray) -> tuple[np.ndarray, np.ndarray, set[int]]:
    """The points of the found face that is nearest to each true one [2, 68, 2], their errors [2, 68], and ids of these
    faces; NaN where none is near, and where nobody tells errors."""
    ids: set[int] = set()
    answer, errors = np.full(true.shape, np.nan), np.full(true.shape[:2], np.nan)
    for index, points in enumerate(true):
        off = [np.linalg.norm(points - face.points, axis=1).mean() for face in faces]
        if off and min(off) < EDGE / 4:
            face = faces[int(np.argmin(off))]
            ids.add(face.id)
            answer[index] = face.points
            errors[index] = np.nan if face.errors is None else face.errors
    return answer, errors, ids


def in_every_way(run: dict, settings: SmoothingSettings) -> dict[str, np.ndarray]:
    """What is shown of a run, without smoothing, and with: by errors too, where they are told."""
    answers, errors = run["answers"], run["errors"]
    ways = {"no": answers, "yes": smoothed(answers, settings)}
    return ways | ({"by errors": smoothed(answers, settings, errors)} if np.isfinite(errors).any() else {})


def smoothed(answers: np.ndarray, settings: SmoothingSettings, errors: np.ndarray | None = None) -> np.ndarray:
    """The answers as the tracker shows them with smoothing, which does not touch what it follows."""
    answer = np.full(answers.shape, np.nan)
    for place in range(answers.shape[1]):
        smooth = FaceSmoother(settings)
        for index, points in enumerate(answers[:, place]):
            if np.isfinite(points).all():
                answer[index, place] = smooth(points, index / RATE, None if errors is None else errors[index, place])
    return answer


def judge(answers: np.ndarray, clip: Clip) -> dict:
    """jitter: per mille of the face size; lag: milliseconds; error: % of the face size; lost: share of the faces."""
    skipped = round(SETTLED * RATE)
    off, velocity = (answers - clip.points)[skipped:], clip.velocity[skipped:]
    jumps = np.linalg.norm(np.diff(off, axis=0), axis=-1)
    speed = np.abs(velocity).max()
    return {
        "jitter": 1000 * float(np.nanmean(jumps)) / EDGE,
        "lag": 1000 * behind(off[..., 0].mean(axis=2), velocity) / speed if speed else np.nan,
        "error": 100 * float(np.nanmean(np.linalg.norm(off, axis=-1))) / EDGE,
        "lost": float(np.isnan(off).any(axis=(2, 3)).mean()),
    }


def behind(off: np.ndarray, velocity: np.ndarray) -> float:
    """How many pixels faces stay behind, of their offsets in x [N, 2]: half of what differs between to and fro, so that
    an offset which is there either way does not count; NaN where they only go one way."""
    ways = [off[velocity > 0], off[velocity < 0]]
    if not all(np.isfinite(way).any() for way in ways):
        return float("nan")
    return float(np.nanmean(ways[1]) - np.nanmean(ways[0])) / 2


def table(rows: Rows) -> str:
    """The rows as Markdown: a line for each motion, without and with smoothing."""
    head = "| face sizes/s | smoothed | jitter ‰ | lag ms | error % | frames/s | CPU ms a frame | faces lost % | ids |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for motion, runs in rows.items():
        for way in runs[0]:
            lines.append(f"| {motion} | {way} | {' | '.join(_cells([run[way] for run in runs]))} |")
    return "\n".join(lines)


def _cells(runs: Sequence[dict]) -> Iterator[str]:
    for key, form in (
        ("jitter", "{:.1f}"),
        ("lag", "{:.0f}"),
        ("error", "{:.2f}"),
        ("rate", "{:.0f}"),
        ("cpu", "{:.1f}"),
    ):
        value = np.mean([run[key] for run in runs])
        yield form.format(value) if np.isfinite(value) else ""
    yield f"{100 * np.mean([run['lost'] for run in runs]):.1f}"
    yield str(max(run["ids"] for run in runs))


if __name__ == "__main__":
    sys.exit(main())
