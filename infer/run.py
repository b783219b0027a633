"""Finds faces in pictures and their landmark points: drawn pictures, a contact sheet and the points as JSON."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

if not __package__:
    # run as a file: the folder itself is the package, under whatever name it lies here
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name
    __import__(__package__)

import cv2
import numpy as np

from .draw import contact_sheet, draw_faces, thumbnail
from .landmarker import Face, Landmarker, default_model, face_of
from .outputs import drawn_names, picture_entry, read_boxes, write_json, write_picture
from .pictures import SUFFIXES, list_pictures, read_picture

SHEET_LIMIT = 64  # thumbnails on the contact sheet; more would be too small to see and grow with the number of pictures
WINDOW = "landmark68"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="exit code: 0 all done, 1 some pictures could not be "
        "read and are named, 2 wrong usage, no model or no pictures",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture, folder of pictures, or quoted pattern")
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE.pb",
        help="frozen graph with its .json beside it (default: local/landmark.pb beside this program if "
        "there, else the landmark.pb that came with it)",
    )
    parser.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE.csv",
        help="faces instead of detection: rows file,x0,y0,x1,y1, the box tight around the landmark "
        "points, in pixels of the upright picture",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("output"),
        metavar="DIR",
        help="where drawn pictures, contact_sheet.jpg and points.json go (default: ./output)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the points to this file as well")
    parser.add_argument(
        "--no-draw", action="store_true", help="draw nothing; together with --json nothing but that file is written"
    )
    parser.add_argument(
        "--passes",
        type=_positive,
        default=2,
        metavar="N",
        help="passes of the network, each cropped around the points of the one before (default: 2)",
    )
    parser.add_argument("--show", action="store_true", help="show each drawn picture in a window; q or Esc ends that")
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads of OpenCV (default: all cores)")
    return parser.parse_args(argv)


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
    pictures = _pictures(args)
    if args.show:
        _open_window()
    boxes = _boxes(args.boxes, pictures)
    model = args.model or default_model()
    landmarker = Landmarker(model, args.threads)
    print(f"model: {model} ({_origin(args.model, model)})")
    job = _Job(args, landmarker, boxes, drawn_names([name for _, name in pictures]))
    for index, (path, name) in enumerate(pictures):
        job.do(index, path, name)
    return job.finish()


class _Job:
    """The run over all pictures: what is to be done with each, and what has come together so far."""

    def __init__(self, args, landmarker: Landmarker, boxes: dict[str, np.ndarray] | None, outputs: list[str]):
        self.args, self.landmarker, self.boxes, self.outputs = args, landmarker, boxes, outputs
        self.json_files = [] if args.json and args.no_draw else [args.out / "points.json"]
        self.json_files += [args.json] if args.json else []
        for file in self.json_files:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.showing = args.show
        self.entries: list[dict] = []
        self.tiles: list[np.ndarray] = []
        self.captions: list[str] = []
        self.failed: list[str] = []

    def do(self, index: int, path: Path, name: str) -> None:
        """One picture: read, find, draw; a file that cannot be read is named and counted."""
        try:
            image = read_picture(path)
            start = time.perf_counter()
            faces = self._faces(image, path, name)
        except (FileNotFoundError, ValueError, MemoryError, cv2.error) as error:
            print(_one_line(error, path), file=sys.stderr)
            self.failed.append(name)
            return
        milliseconds = (time.perf_counter() - start) * 1000
        print(f"{name}: {_count(faces)}, {milliseconds:.0f} ms", flush=True)
        self.entries.append(picture_entry(name, image.shape, faces))
        if not self.args.no_draw or self.showing:
            self._draw(image, faces, name, self.outputs[index])

    def finish(self) -> int:
        """Writes what belongs to all pictures, sums up, and answers the exit code."""
        for file in self.json_files:
            write_json(file, self.entries)
        if self.tiles:
            write_picture(self.args.out / "contact_sheet.jpg", contact_sheet(self.tiles, self.captions))
        if self.args.show:
            cv2.destroyAllWindows()
        faces = sum(len(entry["faces"]) for entry in self.entries)
        where = self.json_files[-1] if self.args.no_draw else f"{self.args.out}{os.sep}"
        print(f"{len(self.entries)} of {len(self.outputs)} pictures, {faces} faces -> {where}")
        if self.failed:
            print(f"not done: {', '.join(self.failed[:20])}{' ...' if len(self.failed) > 20 else ''}", file=sys.stderr)
        return 1 if self.failed else 0

    def _faces(self, image, path: Path, name: str) -> list[Face]:
        if self.boxes is None:
            return self.landmarker.detect(image, self.args.passes)
        boxes = self.boxes.get(name, self.boxes.get(path.as_posix(), np.zeros((0, 4))))
        return [face_of(points) for points in self.landmarker.fit(image, boxes, self.args.passes)]

    def _draw(self, image, faces: list[Face], name: str, output: str) -> None:
        contract, points = self.landmarker.contract, [face.points for face in faces]
        drawn = draw_faces(image, points, contract.groups, contract.lines)
        if not self.args.no_draw:
            write_picture(self.args.out / output, drawn)
            if len(self.tiles) < SHEET_LIMIT:
                self.tiles.append(thumbnail(image, points, contract.groups, contract.lines))
                self.captions.append(name)
        if self.showing:
            cv2.imshow(WINDOW, drawn)
            self.showing = cv2.waitKey(0) & 0xFF not in (ord("q"), 27)


def _pictures(args) -> list[tuple[Path, str]]:
    """The pictures to do, none of which may be overwritten. ValueError / FileNotFoundError for nothing to do."""
    pictures = list_pictures(args.paths)
    if not pictures:
        raise ValueError(f"{', '.join(args.paths)}: found no pictures, expected files ending in {' '.join(SUFFIXES)}")
    if not any(path.exists() for path, _ in pictures):
        raise FileNotFoundError(f"{', '.join(args.paths)}: found no such file or folder, expected pictures")
    inputs = {path.resolve() for path, _ in pictures}
    if not args.no_draw and args.out.resolve() in {path.parent for path in inputs}:
        raise ValueError(
            f"--out {args.out}: found a folder of the given pictures, expected another one, so that none is overwritten"
        )
    if args.json and args.json.resolve() in inputs | {Path(file).resolve() for file in (args.boxes,) if file}:
        raise ValueError(f"--json {args.json}: found an input, expected a file to write to")
    return pictures


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


def _origin(given: Path | None, model: Path) -> str:
    if given:
        return "given by --model"
    return "your own, exported here" if model.parent.name == "local" else "the one that came with this program"


def _count(faces: list[Face]) -> str:
    return f"{len(faces)} face{'s' if len(faces) > 1 else ''}" if faces else "no face found"


def _one_line(error: Exception, path: Path) -> str:
    if isinstance(error, MemoryError):
        return f"{path}: found no memory for it, expected a smaller picture"
    text = " ".join(str(error).split())
    return text if isinstance(error, (ValueError, FileNotFoundError)) else f"{path}: {text}"


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
