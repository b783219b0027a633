"""What a call of make_records.py or make_scenes.py asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from records.split import Split

MARGIN = 0.15  # of the landmark box's longer edge, on every side; freeze.py hands it on to inference
LONGEST = 1280  # pixels: no detector looks at more, and a scene of it holds faces of any size


@dataclass(frozen=True, kw_only=True)
class Request:
    """A set of records to make.

    datasets: paths or URLs, each with a weight or a cap (`tools.make.datasets.parse_source`), none: data/300W_LP; out:
    folder, or its URL; format: of the data sets, None: found out for each; orientation: of pictures
    that EXIF turns, one of `tools.read.face.ORIENTATIONS`; points: 300W-LP's key; shard_size: items a shard, about;
    workers: processes; previews: contact sheets; report: whether its page is written; overwrite: an existing set.
    """

    datasets: tuple[str, ...]
    out: Path | str
    format: str | None
    orientation: str
    points: str
    split: Split
    shard_size: int
    workers: int
    previews: int
    report: bool
    overwrite: bool


@dataclass(frozen=True, kw_only=True)
class FaceRequest(Request):
    """A set of face records to make.

    scheme: of the records' points, a name or the path of its JSON, None: the data sets'; context: pixels around the
    crop; margin: part of the landmark box's longer edge, on every side; encoding: one of `records.manifest.ENCODINGS`;
    upright: crops stand as the heads do.
    """

    scheme: str | None
    context: int
    margin: float
    encoding: str
    upright: bool


@dataclass(frozen=True, kw_only=True)
class SceneRequest(Request):
    """A set of scenes to make; longest: pixels of a picture's longer side, larger ones are reduced."""

    longest: int
