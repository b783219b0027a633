"""What `run.py` does with its options: the networks are loaded, and every picture, video or row is worked on."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from ..faces.schemes import FIVE_PLACES
from ..kaggle.files import default_lookup
from ..kaggle.job import SubmissionJob, SubmissionOptions
from ..kaggle.names import SUFFIXES, TEST
from ..landmarker import Landmarker, LandmarkerOptions
from ..model.shipped import model_path
from ..video.tracker import TrackerSettings
from .batch import tasks_of
from .cores import cores
from .inputs import boxes_for, find_inputs, refuse_overwriting
from .memory import keep_memory
from .options import RunOptions
from .pictures import PictureJob, PictureOptions
from .videos import VideoJob, VideoOptions, video_names
from .window import open_window


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
    tables = [path for path in options.paths if Path(path).suffix.lower() in SUFFIXES]
    if options.submission and (len(options.paths) != 1 or not tables):
        raise ValueError(f"--submission: found {', '.join(options.paths)}, expected one {TEST} or .zip with it")
    if tables and not options.submission:
        raise ValueError(f"{tables[0]}: found a table, expected --submission FILE.csv with it, or pictures")
    return options.submission


def _submission_job(options: RunOptions, submission: Path, file: Path) -> SubmissionJob:
    """The job that answers the faces of Kaggle's test set."""
    lookup = options.lookup or default_lookup(file)
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
    known = landmarker.contract.points
    if options.outputs.crops and not known.five:
        found = f"points of the scheme {known.scheme!r}, whose contract does not lead to {FIVE_PLACES}"
        raise ValueError(f"--crops: found {found}, expected some that tell eyes, nose and mouth")
    if options.outputs.errors and not landmarker.contract.tells_errors:
        raise ValueError(f"--draw-errors: found {landmarker.contract.model}, expected a model that tells its errors")
    _tell_model(options.landmarker)
    if options.detects:
        print(f"detector: {' and '.join(map(str, landmarker.open_detector().files))}")
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
        "errors": _spread_digest(landmarker.contract.raw.get("spread")),
    }


def _detector_settings(options: RunOptions, landmarker: Landmarker) -> list:
    """Which detector finds the faces, by its kind, files, numbers and closest look; nothing where none does."""
    if not options.detects:
        return []
    detector = landmarker.open_detector()
    return [detector.name, *map(_digest, detector.files), *detector.decides, options.landmarker.detect_size]


def _spread_digest(spread: dict | None) -> str | None:
    """What tells one calibration of a model's errors from another."""
    return hashlib.sha256(json.dumps(spread).encode()).hexdigest() if spread else None


def _digest(file: Path | None) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else None
