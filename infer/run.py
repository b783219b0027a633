"""Finds faces in pictures, videos and cameras and their landmark points: drawn, and as JSON, CSV or .pts files."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

if not __package__:
    # run as a file: the folder itself is the package, under whatever name it lies here
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name
    __import__(__package__)

import cv2
import numpy as np

from .faces.align import FIVE
from .files.pictures import SUFFIXES, list_pictures
from .files.points import read_boxes
from .jobs.batch import Wanted, tasks_of
from .jobs.cores import cores
from .jobs.memory import keep_memory
from .jobs.pictures import WINDOW, Options, PictureJob, VideoJob, VideoOptions, video_names
from .kaggle import files as kaggle
from .kaggle import job as submission
from .landmarker import DETECTORS, NAMED, Landmarker, model_path
from .video import frames as video
from .video.tracker import Settings

# options for pictures and videos; --submission with one of them would ignore it
FACES_OF_PICTURES = ("boxes", "whole", "detector_model", "recursive")
OUT_OF_PICTURES = ("pts", "crops", "numbers", "show", "no_smooth", "resume")
SERVICE = "The same as a web page and REST service: serve.py beside this, or `landmark68 serve` once installed."
EXIT_CODES = (
    "exit code: 0 all done, 1 some inputs could not be read (whole) and are named, "
    "2 wrong usage, no model or nothing to do"
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"{EXIT_CODES}. {SERVICE}")
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="picture, video, folder of pictures, quoted pattern, camera's number")
    help_model = (
        f"model with its .json beside it, or {' or '.join(NAMED)} (default: local/landmark.pb beside this program"
    )
    add("--model", metavar="FILE.pb", help=f"{help_model} if there, else the landmark.pb that came with it)")
    help_merge = "second model: the points that it knows are taken from it, the others from --model"
    add("--merge", type=Path, metavar="FILE.pb", help=help_merge)
    faces = parser.add_argument_group("which faces").add_argument
    help_boxes = (
        "faces instead of detection: rows file,x0,y0,x1,y1, the box tight around the landmark points, in pixels"
    )
    faces("--boxes", type=Path, metavar="FILE.csv", help=f"{help_boxes} of the upright picture")
    faces("--whole", action="store_true", help="no detection: each picture is a face, from edge to edge")
    faces("--detector", choices=DETECTORS, default="haar", help="(default: %(default)s)")
    faces("--detector-model", type=Path, metavar="FILE.onnx", help="YuNet's file, for --detector yunet")
    help_passes = "passes of the network, each cropped upright around the points of the one before"
    faces("--passes", type=_positive, metavar="N", help=f"{help_passes} (default: 2; with --submission 1)")
    faces("--recursive", action="store_true", help="folders with all that is in them")
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
    add("--threads", type=_positive, metavar="N", help="cores to use (default: all)")
    args = parser.parse_args(argv)
    args.passes = args.passes or (1 if args.submission else 2)
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        return run(args)
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


def run(args: argparse.Namespace) -> int:
    """Does what the arguments ask for; the exit code. Raises what ends the whole run."""
    _check_tables(args)
    if args.submission:
        return _run_submission(args, Path(args.paths[0]))
    videos = [path for path in args.paths if _is_video(path)]
    pictures = _pictures(args, [path for path in args.paths if path not in videos])
    _check_usage(args, videos)
    if args.show:
        _open_window()
    keep_memory()
    landmarker = _open_landmarker(args)
    code = _run_pictures(args, landmarker, pictures) if pictures else 0
    for source, name in zip(videos, video_names(videos), strict=True):
        code = max(code, _run_video(args, landmarker, source, name, len(args.paths) > 1))
    return code


def _run_pictures(args: argparse.Namespace, landmarker: Landmarker, pictures: list[tuple[Path, str]]) -> int:
    boxes = _boxes(args.boxes, pictures)
    workers = 1 if args.show or len(pictures) == 1 else args.threads or cores()
    if workers > 1:
        cv2.setNumThreads(1)  # a thread for each picture is worth more than several for one
    elif args.threads:
        cv2.setNumThreads(args.threads)
    wanted = Wanted(args.out, not args.no_draw, args.numbers, args.pts, args.crops, args.show)
    own = [] if args.json and args.no_draw else [args.out / "points.json"]
    files = (*own, *([args.json] if args.json else []))
    settings = _settings(args, landmarker)
    options = Options(wanted, files, args.csv, args.passes, boxes, args.whole, args.resume, workers, settings)
    return PictureJob(options, landmarker, lambda: _landmarker(args), tasks_of(pictures)).run()


def _run_submission(args: argparse.Namespace, file: Path) -> int:
    """Answers the faces of Kaggle's test set."""
    lookup = args.lookup or kaggle.default_lookup(file)
    _refuse_overwriting(args, {path.resolve() for path in (file, lookup)})
    cv2.setNumThreads(args.threads or -1)
    landmarker = _landmarker(args)
    _tell_model(args)
    json = (args.json,) if args.json else ()
    out = None if args.no_draw else args.out
    options = submission.Options(args.submission, lookup, out, json, args.csv, args.passes)
    return submission.SubmissionJob(options, landmarker, file).run()


def _run_video(args: argparse.Namespace, landmarker: Landmarker, source: str, name: str, several: bool) -> int:
    """Follows the faces of one video; where there are several inputs, one that cannot be read does not end the rest."""
    cv2.setNumThreads(args.threads or -1)
    tracking = Settings(smooth=None) if args.no_smooth else Settings()
    options = VideoOptions(args.out, not args.no_draw, args.show, args.numbers, tracking)
    try:
        return VideoJob(options, landmarker, source, name).run()
    except (FileNotFoundError, ValueError) as error:
        if not several:
            raise
        print(error, file=sys.stderr)
        return 1


def _open_landmarker(args: argparse.Namespace) -> Landmarker:
    """The first landmarker, and its detector tried where one is needed; says which model it is."""
    landmarker = _landmarker(args)
    if args.boxes is None and not args.whole:
        landmarker.new_detector()
    if args.crops and landmarker.contract.points.scheme not in FIVE:
        found = f"found points of the scheme {landmarker.contract.points.scheme!r}"
        raise ValueError(f"--crops: {found}, expected one of {', '.join(FIVE)}")
    _tell_model(args)
    return landmarker


def _tell_model(args: argparse.Namespace) -> None:
    model = model_path(args.model)
    print(f"model: {model} ({_origin(args.model, model)}){f' merged with {args.merge}' if args.merge else ''}")


def _landmarker(args: argparse.Namespace) -> Landmarker:
    return Landmarker(args.model, detector=args.detector, detector_model=args.detector_model, merge=args.merge)


def _check_tables(args: argparse.Namespace) -> None:
    """Raises ValueError where --submission and the inputs do not fit together."""
    tables = [path for path in args.paths if Path(path).suffix.lower() in kaggle.SUFFIXES]
    if args.submission and (len(args.paths) != 1 or not tables):
        raise ValueError(f"--submission: found {', '.join(args.paths)}, expected one {kaggle.TEST} or .zip with it")
    if tables and not args.submission:
        raise ValueError(f"{tables[0]}: found a table, expected --submission FILE.csv with it, or pictures")
    if args.lookup and not args.submission:
        raise ValueError("--lookup: found no --submission, expected it as well")
    given = [f"--{name.replace('_', '-')}" for name in FACES_OF_PICTURES + OUT_OF_PICTURES if getattr(args, name)]
    if args.submission and given:
        raise ValueError(
            f"--submission: found {', '.join(given)} as well, expected none: each row is a whole face, "
            "whose points --json and --csv write"
        )


def _check_usage(args: argparse.Namespace, videos: list[str]) -> None:
    """Raises ValueError for options that do not fit together."""
    if args.whole and args.boxes:
        raise ValueError("--whole: found --boxes as well, expected one of them")
    for option, given in (("--boxes", args.boxes), ("--whole", args.whole)):
        if given and videos:
            raise ValueError(f"{option}: found the video {videos[0]}, expected pictures only")


def _is_video(path: str) -> bool:
    return video.is_camera(path) or Path(path).suffix.lower() in video.SUFFIXES


def _pictures(args: argparse.Namespace, paths: list[str]) -> list[tuple[Path, str]]:
    """The pictures to do, none of which may be overwritten. ValueError / FileNotFoundError for nothing to do."""
    if not paths:
        return []
    found = list_pictures(paths, args.recursive)
    out = args.out.resolve()
    # a recursive walk comes past what an earlier run has drawn
    pictures = [(path, name) for path, name in found if not args.recursive or out not in path.resolve().parents]
    if not pictures:
        raise ValueError(f"{', '.join(paths)}: found no pictures, expected files ending in {' '.join(SUFFIXES)}")
    if not any(path.exists() for path, _ in pictures):
        raise FileNotFoundError(f"{', '.join(paths)}: found no such file or folder, expected pictures")
    _refuse_overwriting(args, {path.resolve() for path, _ in pictures})
    return pictures


def _refuse_overwriting(args: argparse.Namespace, inputs: set[Path]) -> None:
    if not args.no_draw and args.out.resolve() in {path.parent for path in inputs}:
        raise ValueError(
            f"--out {args.out}: found a folder of the given pictures, expected another one, so that none is overwritten"
        )
    for option, file in (("--json", args.json), ("--csv", args.csv), ("--submission", args.submission)):
        if file and file.resolve() in inputs | {Path(given).resolve() for given in (args.boxes,) if given}:
            raise ValueError(f"{option} {file}: found an input, expected a file to write to")


def _boxes(file: Path | None, pictures: list[tuple[Path, str]]) -> dict[str, np.ndarray] | None:
    """The boxes by picture; rows of pictures that are not there are said. Raises ValueError where none fits."""
    if file is None:
        return None
    boxes = read_boxes(file)
    known = {name for _, name in pictures} | {path.as_posix() for path, _ in pictures}
    strange = [name for name in boxes if name not in known]
    if boxes and len(strange) == len(boxes):
        raise ValueError(
            f"{file}: found boxes for {strange[0]} and no given picture, expected names such as {pictures[0][1]}"
        )
    if strange:
        print(
            f"{file}: {len(strange)} names are none of the given pictures and left out: {', '.join(strange[:5])}"
            f"{' ...' if len(strange) > 5 else ''}",
            file=sys.stderr,
        )
    return boxes


def _settings(args: argparse.Namespace, landmarker: Landmarker) -> dict:
    """What the points depend on: a run is resumed only with the same."""
    return {
        "model": landmarker.contract.sha256,
        "merge": hashlib.sha256(args.merge.read_bytes()).hexdigest() if args.merge else None,
        "passes": args.passes,
        "faces": "whole pictures" if args.whole else "boxes" if args.boxes else args.detector,
        "boxes": hashlib.sha256(args.boxes.read_bytes()).hexdigest() if args.boxes else None,
    }


def _open_window() -> None:
    """Raises ValueError where no window can be opened, before any work is done."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ValueError("--show: found no display (DISPLAY is not set), expected one; leave --show out")
    try:
        cv2.namedWindow(WINDOW, cv2.WINDOW_AUTOSIZE)
    except cv2.error:
        raise ValueError(
            "--show: found an OpenCV without windows (headless), expected opencv-python; leave --show out"
        ) from None


def _origin(given: str | None, model: Path) -> str:
    if given:
        return "given by --model"
    return "your own, exported here" if model.parent.name == "local" else "the one that came with this program"


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
