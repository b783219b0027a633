"""What a run is to work on: its paths sorted into pictures and videos, none of which may be overwritten."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.boxes import BoxTable, read_boxes
from ..files.console import counted
from ..files.kinds import SUFFIXES, VIDEOS
from ..files.listing import Listing, list_files
from ..video.frames import is_video, shown
from .batch import Outputs
from .options import RunOptions
from .videos import video_names

SHOWN = 5  # names in a message


@dataclass(frozen=True)
class Inputs:
    """pictures: (path, name) each, as `list_files` has them; videos: paths, and numbers of cameras."""

    pictures: list[tuple[Path, str]]
    videos: list[str]


def find_inputs(options: RunOptions) -> Inputs:
    """The inputs of a run. Raises ValueError or FileNotFoundError for none, for a video where faces are given, and for
    one that would be overwritten."""
    videos = [path for path in options.paths if is_video(path)]
    for option, given in (("--boxes", options.boxes), ("--whole", options.whole)):
        if given and videos:
            raise ValueError(f"{option}: found the video {shown(videos[0])}, expected pictures only")
    listing = _list_others(options, [path for path in options.paths if path not in videos])
    known = {Path(video).resolve() for video in videos}
    videos += [str(path) for path in listing.videos if path.resolve() not in known]
    if listing.pictures:
        refuse_overwriting(options, {path.resolve() for path, _ in listing.pictures})
    _refuse_overwriting_videos(options.outputs, videos)
    if listing.left:
        print(listing.summary())
    return Inputs(listing.pictures, videos)


def refuse_overwriting(options: RunOptions, inputs: set[Path]) -> None:
    """Raises ValueError where a file to write is one of the inputs, resolved paths, or lies among them."""
    out = options.outputs.out
    if options.outputs.draw and out.resolve() in {path.parent for path in inputs}:
        raise ValueError(
            f"--out {out}: found a folder of the given pictures, expected another one, so that none is overwritten"
        )
    inputs = inputs | {path.resolve() for path in (options.boxes,) if path}
    for option, file in (("--json", options.json), ("--csv", options.csv), ("--submission", options.submission)):
        if file and file.resolve() in inputs:
            raise ValueError(f"{option} {file}: found an input, expected a file to write to")


def boxes_for(file: Path | None, pictures: Sequence[tuple[Path, str]]) -> BoxTable | None:
    """The boxes [N, 4] by the pictures' names; rows that are none, or of pictures that are not there, are said.

    A row names its picture as the run does, or by its path, however that is written: `./a.jpg`, absolute, with
    backslashes. Raises ValueError where none fits.
    """
    if file is None:
        return None
    table = read_boxes(file)
    for line in table.refused:
        print(line, file=sys.stderr)
    names = {_absolute(path): name for path, name in pictures} | {_absolute(name): name for _, name in pictures}
    found: dict[str, list[np.ndarray]] = {}
    strange = []
    for given, rows in table.boxes.items():
        name = names.get(_absolute(given)) or names.get(_absolute(given.replace("\\", "/")))
        if name:
            found.setdefault(name, []).append(rows)
        else:
            strange.append(given)
    if table.boxes and not found:
        raise ValueError(
            f"{file}: found boxes for {strange[0]} and no given picture, expected names such as {pictures[0][1]}"
        )
    if strange:
        listed = f"{', '.join(strange[:SHOWN])}{' ...' if len(strange) > SHOWN else ''}"
        told = counted(len(strange), "name", be=True)
        print(f"{file}: {told} of no given picture and left out: {listed}", file=sys.stderr)
    return BoxTable({name: np.concatenate(rows) for name, rows in found.items()}, table.refused)


def _absolute(path: Path | str) -> str:
    """The same path from the root, without `.` and `..`: one spelling of many."""
    return os.path.abspath(path)


def _list_others(options: RunOptions, paths: Sequence[str]) -> Listing:
    """What the paths that are no videos by themselves stand for."""
    # a recursive walk comes past what an earlier run has drawn
    listing = list_files(paths, options.recursive, options.outputs.out.resolve() if options.recursive else None)
    if not options.detects:  # of videos no faces can be given
        listing.left.update(path.suffix.lower() for path in listing.videos)
        listing.videos = []
    if paths and not (listing.pictures or listing.videos):
        found = f"found no pictures and no videos{'; ' if listing.left else ''}{listing.summary()}"
        raise ValueError(f"{', '.join(paths)}: {found}; expected files such as {' '.join(SUFFIXES[:6])} {VIDEOS[0]}")
    if listing.pictures and not listing.videos and not any(path.exists() for path, _ in listing.pictures):
        raise FileNotFoundError(f"{', '.join(paths)}: found no such file or folder, expected pictures")
    return listing


def _refuse_overwriting_videos(outputs: Outputs, videos: Sequence[str]) -> None:
    """Raises ValueError where a drawn video would take the place of one that is given."""
    written = {(outputs.out / name).resolve() for name in video_names(videos)} if outputs.draw else set()
    for video in videos:
        if Path(video).resolve() in written:
            raise ValueError(f"--out {outputs.out}: found the given {video} there, expected another folder")
