"""Run folders without a training: what settings.json of a run says."""

from pathlib import Path
from typing import Any

from net.model.shape import Shape
from net.run.folder import LANDMARK_RUNS, RecordsSummary, RunFolder, RunSettings
from records.split import Split

SUMMARY = RecordsSummary("pts_2d", 0.15, 9, "raw", {"tiny/AFW": {"train": 5, "test": 3}}, "ibug68")
SHAPE, SPLIT = Shape(), Split(0.3)


def settings_with(shape: Shape = SHAPE, split: Split | None = SPLIT, **options: Any) -> RunSettings:
    """Settings of a run with some options."""
    return RunSettings(LANDMARK_RUNS, {"records": "absent", **options}, shape, SUMMARY, split)


def make_run(folder: Path, **options: Any) -> RunFolder:
    """A run folder with nothing but such settings."""
    folder.mkdir(parents=True, exist_ok=True)
    RunFolder(folder).write_settings(settings_with(**options))
    return RunFolder(folder)
