"""Finds faces in pictures, videos and cameras and their landmark points: drawn, and as JSON, CSV or .pts files."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # run as a file: the folder itself is the package, under whatever name it lies here
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name
    __import__(__package__)

import cv2
import numpy as np

from .detect.detector import DETECTORS, default_detector
from .detect.own import CLOSEST
from .faces.align import FIVE
from .files.console import speak_plainly
from .jobs.batch import Outputs, tasks_of
from .jobs.cores import cores
from .jobs.inputs import boxes_for, find_inputs, refuse_overwriting
from .jobs.memory import keep_memory
from .jobs.options import RunOptions
from .jobs.pictures import PictureJob, PictureOptions
from .jobs.videos import VideoJob, VideoOptions, video_names
from .jobs.window import open_window
from .kaggle import files as kaggle
from .kaggle.job import SubmissionJob, SubmissionOptions
from .landmarker import Landmarker, LandmarkerOptions
from .model.shipped import NAMED, detector_model, model_path
from .version import VERSION
from .video.tracker import TrackerSettings

SERVICE = "The same as a web page and REST service: serve.py beside this, or `landmark68 serve` once installed."
EXIT_CODES = (
    "exit code: 0 all done, 1 some inputs could not be read (whole) and are named, "
    "2 wrong usage, no model or nothing to do"
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"{EXIT_CODES}. {SERVICE}")
    add = parser.add_argument
    add(
        "paths",
        nargs="+",
        metavar="PATH",
        help="picture, video or its address, folder, quoted pattern, camera's number",
    )
    help_model = (
        f"model with its .json beside it, or {' or '.join(NAMED)} (default: local/landmark.pb beside this program"
    )
    add("--model", metavar="FILE.pb", help=f"{help_model} if there, else the landmark.pb that came with it)")
    help_merge = "second model: the points that it knows are taken from it, the others from --model"
    add("--merge", type=Path, metavar="FILE.pb", help=help_merge)
    _add_faces(parser)
    _add_outputs(parser)
    add("--threads", type=_positive, metavar="N", help="cores to use (default: all)")
    add("--version", action="version", version=f"landmark68 {VERSION} (OpenCV {cv2.__version__})")
    return parser.parse_args(argv)


def _add_faces(parser: argparse.ArgumentParser) -> None:
    faces = parser.add_argument_group("which faces").add_argument
    help_boxes = (
        "faces instead of detection: rows file,x0,y0,x1,y1, the box tight around the landmark points, in pixels"
    )
    faces("--boxes", type=Path, metavar="FILE.csv", help=f"{help_boxes} of the upright picture")
    faces("--whole", action="store_true", help="no detection: each picture is a face, from edge to edge")
    faces("--detector", choices=DETECTORS, help=f"what finds faces (default: {default_detector()})")
    faces("--detector-model", type=Path, metavar="FILE", help="own's .pb with its .json beside it, or YuNet's .onnx")
    help_size = f"pixels of the longest side of the detector's closest look (default: {CLOSEST}); own and yunet"
    faces("--detect-size", type=_positive, metavar="PIXELS", help=help_size)
    help_passes = "passes of the network, each cropped upright around the points of the one before"
    help_default = "(default: 2; from boxes of the own detector and with --submission 1)"
    faces("--passes", type=_positive, metavar="N", help=f"{help_passes} {help_default}")
    faces("--recursive", action="store_true", help="folders with all that is in them")


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    out = parser.add_argument_group("what is written").add_argument
    help_out = "where drawn pictures and videos, contact_sheet.jpg and points.json go (default: ./output)"
    out("--out", type=Path, default=Path("output"), metavar="DIR", help=help_out)
    out("--json", type=Path, metavar="FILE", help="the points of all pictures to this file as well")
    out("--csv", type=Path, metavar="FILE", help="the same as CSV: file,x0,y0,x1,y1,..., a row per face")
    out("--pts", action="store_true", help="iBUG's .pts of each face, in the folder pts")
    out("--crops", action="store_true", help="aligned faces of 112x112 pixels, as recognisers want them, in crops")
    out("--numbers", action="store_true", help="draw each point's number, from 0")
    out("--no-draw", action="store_true", help="draw nothing; with --json and pictures, nothing but that is written")
    out("--show", action="store_true", help="show what is drawn in a window; q or Esc ends that, and a video")
    out("--no-smooth", action="store_true", help="leave the points of videos as the network gives them")
    out("--resume", action="store_true", help="go on with a stopped run over pictures: what is done is left alone")
    help_submission = (
        "Kaggle's facial-keypoints-detection: RowId,Location for the faces in test.csv or test.zip, the PATH"
    )
    out("--submission", type=Path, metavar="FILE.csv", help=help_submission)
    help_lookup = f"which locations --submission has (default: {kaggle.LOOKUP} beside PATH)"
    out("--lookup", type=Path, metavar="FILE.csv", help=help_lookup)


def options_of(args: argparse.Namespace) -> RunOptions:
    """The run that the arguments ask for. Raises ValueError where they do not fit together."""
    return RunOptions(
        tuple(args.paths),
        LandmarkerOptions(args.model, args.detector, args.detector_model, args.merge, args.detect_size),
        Outputs(args.out, not args.no_draw, args.numbers, args.pts, args.crops, args.show),
        json=args.json,
        csv=args.csv,
        passes=args.passes,
        boxes=args.boxes,
        whole=args.whole,
        recursive=args.recursive,
        smooth=not args.no_smooth,
        resume=args.resume,
        threads=args.threads,
        submission=args.submission,
        lookup=args.lookup,
    )


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        return run(options_of(args))
    except (FileNotFoundError, ValueError) as error:
        # of the errors of the system itself, str() would show their number first
        text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        print(text, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 2


def run(options: RunOptions) -> int:
    """Does what is asked for; the exit code. Raises what ends the whole run."""
    submission = _checked_submission(options)
    if submission:
        return _submission_job(options, submission, Path(options.paths[0])).run()
    inputs = find_inputs(options)
    if options.outputs.show:
        open_window()
    keep_memory()
    landmarker = _open_landmarker(options)
    table = boxes_for(options.boxes, inputs.pictures)
    code = 1 if table and table.refused else 0
    if inputs.pictures:
        boxes = table.boxes if table else None
        code = max(code, _picture_job(options, landmarker, inputs.pictures, boxes).run())
    alone = not inputs.pictures and len(inputs.videos) == 1
    for source, name in zip(inputs.videos, video_names(inputs.videos), strict=True):
        code = max(code, _run_video(options, landmarker, source, name, alone))
    return code


def _checked_submission(options: RunOptions) -> Path | None:
    """The submission that is wanted. Raises ValueError where --submission and the paths do not agree."""
    tables = [path for path in options.paths if Path(path).suffix.lower() in kaggle.SUFFIXES]
    if options.submission and (len(options.paths) != 1 or not tables):
        raise ValueError(f"--submission: found {', '.join(options.paths)}, expected one {kaggle.TEST} or .zip with it")
    if tables and not options.submission:
        raise ValueError(f"{tables[0]}: found a table, expected --submission FILE.csv with it, or pictures")
    return options.submission


def _submission_job(options: RunOptions, submission: Path, file: Path) -> SubmissionJob:
    """The job that answers the faces of Kaggle's test set."""
    lookup = options.lookup or kaggle.default_lookup(file)
    refuse_overwriting(options, {path.resolve() for path in (file, lookup)})
    cv2.setNumThreads(options.threads or -1)
    landmarker = options.landmarker.landmarker()
    _tell_model(options.landmarker)
    out = options.outputs.out if options.outputs.draw else None
    json = (options.json,) if options.json else ()
    return SubmissionJob(
        SubmissionOptions(submission, lookup, out, json, options.csv, options.passes or 1), landmarker, file
    )


def _picture_job(
    options: RunOptions, landmarker: Landmarker, pictures: list[tuple[Path, str]], boxes: dict[str, np.ndarray] | None
) -> PictureJob:
    """The job that does the pictures, in as many threads as make sense."""
    outputs = options.outputs
    workers = 1 if outputs.show or len(pictures) == 1 else options.threads or cores()
    if workers > 1:
        cv2.setNumThreads(1)  # a thread for each picture is worth more than several for one
    elif options.threads:
        cv2.setNumThreads(options.threads)
    own = [] if options.json and not outputs.draw else [outputs.out / "points.json"]
    chosen = PictureOptions(
        outputs,
        (*own, *([options.json] if options.json else [])),
        options.csv,
        options.passes,
        boxes,
        options.whole,
        options.resume,
        workers,
        _fingerprint(options, landmarker),
    )
    return PictureJob(chosen, landmarker, options.landmarker.landmarker, tasks_of(pictures))


def _run_video(options: RunOptions, landmarker: Landmarker, source: str, name: str, alone: bool) -> int:
    """Follows the faces of one video; where there are several inputs, one that cannot be read does not end the rest."""
    cv2.setNumThreads(options.threads or -1)
    tracking = TrackerSettings() if options.smooth else TrackerSettings(smooth=None)
    try:
        return VideoJob(VideoOptions(options.outputs, tracking), landmarker, source, name).run()
    except (FileNotFoundError, ValueError) as error:
        if alone:
            raise
        print(error, file=sys.stderr)
        return 1


def _open_landmarker(options: RunOptions) -> Landmarker:
    """The first landmarker, and its detector tried where one is needed; says which model it is."""
    landmarker = options.landmarker.landmarker()
    if options.detects:
        landmarker.open_detector()
    scheme = landmarker.contract.points.scheme
    if options.outputs.crops and scheme not in FIVE:
        raise ValueError(f"--crops: found points of the scheme {scheme!r}, expected one of {', '.join(FIVE)}")
    _tell_model(options.landmarker)
    if options.detects and landmarker.open_detector().name == "own":
        print(f"detector: {options.landmarker.detector_model or detector_model()}")
    return landmarker


def _tell_model(chosen: LandmarkerOptions) -> None:
    model = model_path(chosen.model)
    origin = "your own, exported here" if model.parent.name == "local" else "the one that came with this program"
    merged = f" merged with {chosen.merge}" if chosen.merge else ""
    print(f"model: {model} ({'given by --model' if chosen.model else origin}){merged}")


def _fingerprint(options: RunOptions, landmarker: Landmarker) -> dict:
    """What the points depend on: a run is resumed only with the same."""
    return {
        "model": landmarker.contract.sha256,
        "merge": _digest(options.landmarker.merge),
        "passes": options.passes or "default",
        "faces": "whole pictures" if options.whole else "boxes" if options.boxes else "detected",
        "boxes": _digest(options.boxes),
        "detector": _detector_settings(options, landmarker),
    }


def _detector_settings(options: RunOptions, landmarker: Landmarker) -> list:
    """Which detector finds the faces, by its kind, file and closest look; nothing where none does."""
    if not options.detects:
        return []
    kind, chosen = landmarker.open_detector().name, options.landmarker
    file = chosen.detector_model or (detector_model() if kind == "own" else None)
    return [kind, _digest(file), chosen.detect_size]


def _digest(file: Path | None) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else None


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
