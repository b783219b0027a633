"""The models that come with this program, and those exported here, which come before them."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
NAMED = ("3d", "small")  # further models that may come with this program, by the names that people give


def default_model() -> Path:
    """The model taken when none is named: `local/landmark.pb` of this folder if it is there, else the shipped one."""
    local = HERE / "local" / "landmark.pb"
    return local if local.is_file() else HERE / "landmark.pb"


def model_path(model: str | Path | None) -> Path:
    """The file of a model given by its path or, of those that come with this program, by its name ("3d", "small")."""
    if model is None:
        return default_model()
    return HERE / f"landmark_{model}.pb" if str(model) in NAMED else Path(model)


def detector_model() -> Path:
    """The detector of our own: `local/detector.pb` of this folder if it is there, else the shipped one."""
    local = HERE / "local" / "detector.pb"
    return local if local.is_file() else HERE / "detector.pb"
