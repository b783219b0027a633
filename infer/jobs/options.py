"""What a run is asked for, as the command line says it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..landmarker import LandmarkerOptions
from .batch import Outputs


@dataclass(frozen=True)
class RunOptions:
    """A whole run. Raises ValueError for options that do not fit together.

    paths: pictures, videos, folders, patterns, cameras' numbers, or Kaggle's table; landmarker: which networks and
    detector; outputs: what is written of each picture and video; json, csv: files for all points as well; passes: of
    the network, None for what fits; boxes: CSV of landmark boxes, and whole: each picture is a face, both instead of
    detection; recursive: folders with all in them; smooth: the points of videos; resume: go on with a stopped run;
    threads: cores to use, None for all; submission: file to write for Kaggle, by the lookup table, None for the one
    beside the path.
    """

    paths: tuple[str, ...]
    landmarker: LandmarkerOptions
    outputs: Outputs
    json: Path | None = None
    csv: Path | None = None
    passes: int | None = None
    boxes: Path | None = None
    whole: bool = False
    recursive: bool = False
    smooth: bool = True
    resume: bool = False
    threads: int | None = None
    submission: Path | None = None
    lookup: Path | None = None

    def __post_init__(self):
        if self.whole and self.boxes:
            raise ValueError("--whole: found --boxes as well, expected one of them")
        if self.lookup and not self.submission:
            raise ValueError("--lookup: found no --submission, expected it as well")
        ignored = self._of_pictures_alone()
        if self.submission and ignored:
            raise ValueError(
                f"--submission: found {', '.join(ignored)} as well, expected none: each row is a whole face, "
                "whose points --json and --csv write"
            )

    @property
    def detects(self) -> bool:
        """Whether faces are looked for, not given."""
        return self.boxes is None and not self.whole

    def _of_pictures_alone(self) -> list[str]:
        """The options given that make sense with pictures and videos only: with --submission they would be ignored."""
        outputs = self.outputs
        given = {
            "--boxes": self.boxes,
            "--whole": self.whole,
            "--detector-model": self.landmarker.detector_model,
            "--detect-size": self.landmarker.detect_size,
            "--recursive": self.recursive,
            "--pts": outputs.pts,
            "--crops": outputs.crops,
            "--numbers": outputs.numbers,
            "--draw-errors": outputs.errors,
            "--show": outputs.show,
            "--no-smooth": not self.smooth,
            "--resume": self.resume,
        }
        return [name for name, value in given.items() if value]


def options_of(args: argparse.Namespace) -> RunOptions:
    """The run that the arguments ask for. Raises ValueError where they do not fit together."""
    return RunOptions(
        tuple(args.paths),
        LandmarkerOptions(args.model, args.detector, args.detector_model, args.merge, args.detect_size),
        Outputs(args.out, not args.no_draw, args.numbers, args.draw_errors, args.pts, args.crops, args.show),
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
