"""Finds faces in pictures, videos and cameras and their landmark points: drawn, and as JSON, CSV or .pts files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # run as a file: the folder itself is the package, under whatever name it lies here
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name
    __import__(__package__)

from .detect.kinds import CLOSEST, DETECTORS, OWN
from .files.console import speak_plainly
from .kaggle.names import LOOKUP
from .model.shipped import NAMED
from .version import VERSION

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
    add("--version", action=_Version, nargs=0, help="show the program's version and OpenCV's, and exit")
    return parser.parse_args(argv)


def _add_faces(parser: argparse.ArgumentParser) -> None:
    faces = parser.add_argument_group("which faces").add_argument
    help_boxes = (
        "faces instead of detection: rows file,x0,y0,x1,y1, the box tight around the landmark points, in pixels"
    )
    faces("--boxes", type=Path, metavar="FILE.csv", help=f"{help_boxes} of the upright picture")
    faces("--whole", action="store_true", help="no detection: each picture is a face, from edge to edge")
    faces("--detector", choices=DETECTORS, help=f"what finds faces (default: {OWN})")
    faces("--detector-model", type=Path, metavar="FILE", help="own's .pb with its .json beside it, or YuNet's .onnx")
    help_size = f"pixels of the longest side of the detector's closest look (default: {CLOSEST})"
    faces("--detect-size", type=_positive, metavar="PIXELS", help=help_size)
    help_passes = "passes of the network, each cropped upright around the points of the one before"
    help_default = "(default: 1 from a detector's boxes and with --submission, else 2)"
    faces("--passes", type=_positive, metavar="N", help=f"{help_passes} {help_default}")
    faces("--recursive", action="store_true", help="folders with all that is in them")


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    out = parser.add_argument_group("what is written").add_argument
    help_out = "where drawn pictures and videos, contact_sheet.jpg and points.json go (default: ./output)"
    out("--out", type=Path, default=Path("output"), metavar="DIR", help=help_out)
    out("--json", type=Path, metavar="FILE", help="the points of all pictures to this file as well")
    out("--csv", type=Path, metavar="FILE", help="the same as CSV: file,x0,y0,...,error0,..., a row per face")
    out("--pts", action="store_true", help="iBUG's .pts of each face, in the folder pts")
    out("--crops", action="store_true", help="aligned faces of 112x112 pixels, as recognisers want them, in crops")
    out("--numbers", action="store_true", help="draw each point's number, from 0")
    out("--draw-errors", action="store_true", help="draw each point's expected error, as a circle around it")
    out("--no-draw", action="store_true", help="draw nothing; with --json and pictures, nothing but that is written")
    out("--show", action="store_true", help="show what is drawn in a window; q or Esc ends that, and a video")
    out("--no-smooth", action="store_true", help="leave the points of videos as the network gives them")
    out("--resume", action="store_true", help="go on with a stopped run over pictures: what is done is left alone")
    help_submission = (
        "Kaggle's facial-keypoints-detection: RowId,Location for the faces in test.csv or test.zip, the PATH"
    )
    out("--submission", type=Path, metavar="FILE.csv", help=help_submission)
    help_lookup = f"which locations --submission has (default: {LOOKUP} beside PATH)"
    out("--lookup", type=Path, metavar="FILE.csv", help=help_lookup)


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    from . import opencv  # noqa: F401  # here and first: help needs none, and it says in one line where it does not load
    from .jobs import options, program

    try:
        return program.run(options.options_of(args))
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


class _Version(argparse.Action):
    """Says which versions these are, OpenCV's among them, which is loaded for that alone."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .opencv import cv2

        print(f"landmark68 {VERSION} (OpenCV {cv2.__version__})")
        parser.exit()


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
