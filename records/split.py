"""Which side of a split a face falls on: a hash of its source, so that what belongs together stays together.

A source is what no split may part: all views, faces and flips of a photo, all frames of a person.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "test")
TEST_FRACTION = 0.1  # part of the sources that is held out, where nobody asks for another
RULE = 1  # version of the rule below: of the hash, and of what a source is

# names of pictures in 300W-LP and in sets that follow it, `<SET>_<photo>_<face>_<view>`
_SOURCES = (
    re.compile(r"(YTF_.+)_\d+_\d+"),  # a person: frame and view dropped
    re.compile(r"(LFPW_image_(?:train|test)_\d+)_\d+"),  # a photo: view dropped
    re.compile(r"([A-Z]+_.+)_\d+_\d+"),  # a photo: face and view dropped
)
_MIRRORED = re.compile(r"(.+?)(?:_mirror|_flip)+", re.IGNORECASE)
_FACE = re.compile(r"(?:image_)?(\d+)[ _]+\d+")  # <photo>_<face> in 300-W's afw, helen and ibug
_PERSON = re.compile(r"(.+)_\d{4}")  # <First_Last>_<picture> in LFW
_FAMILIES = ("afw", "helen", "lfpw", "ibug")
_FOLDERS = 3  # of a picture's path are looked at: helen/trainset/images/1_1.jpg


@dataclass(frozen=True)
class Split:
    """How a set's sources were parted; it travels from the records to the run and on to the model's contract.

    test_fraction: part of the sources in the test split, 0 to under 1; rule: version of the hash rule.
    """

    test_fraction: float = TEST_FRACTION
    rule: int = RULE

    def __post_init__(self) -> None:
        if not 0 <= self.test_fraction < 1:
            raise ValueError(f"test fraction: found {self.test_fraction}, expected 0 to under 1")

    def side_of(self, source: str) -> str:
        """ "test" or "train". Raises ValueError for a rule that this version does not know."""
        if self.rule != RULE:
            raise ValueError(f"split: found rule {self.rule}, expected {RULE}")
        return split_of(source, self.test_fraction)


def hash_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def split_of(source: str, test_fraction: float) -> str:
    """ "test" or "train", by a hash of the source: what shares a source stays together, and more files move nothing."""
    return "test" if hash_fraction(source) < test_fraction else "train"


def fold_of(source: str, k: int) -> int:
    """Which of k folds a source belongs to, 0 to k - 1, by its hash: folds are about as large, and whole sources.

    Fold 0 of k is the test side of `split_of` with a fraction of 1 / k. Raises ValueError for k < 2.
    """
    if k < 2:
        raise ValueError(f"folds: found {k}, expected at least 2")
    return min(int(hash_fraction(source) * k), k - 1)  # a hash of all ones rounds to 1


def source_of(name: str, *folders: str) -> str:
    """What must stay on one side of a split: the photo of a face, the person of YTF; the same for every format.

    name: a picture's name without suffix; folders: names of those it lies in, from the outside. All faces, views and
    mirrored twins (`_mirror`, `_flip`) of a photo of 300W-LP or of 300-W have the source that 300W-LP's name tells:
    `AFW_134212_1_3` and `afw/134212_2_mirror` are `AFW_134212`, `lfpw/testset/image_0001` is `LFPW_image_test_0001`. In
    LFW, folders `lfw...`, a person with all photos is one: `lfw_5590/Ann_Lee_0002` is `LFW_Ann_Lee`. An unknown
    name is its own source, whatever folder it lies in: a set that was moved has the sides that it had.
    """
    mirrored = _MIRRORED.fullmatch(name)
    name = mirrored[1] if mirrored else name
    for pattern in _SOURCES:
        match = pattern.fullmatch(name)
        if match:
            return match[1]
    folders = tuple(folder.lower() for folder in folders)
    return _photo_of_300w(name, folders) or _person_of_lfw(name, folders) or name


def source_of_picture(picture: Path) -> str:
    """The source of a picture by its path, with all its faces."""
    path = Path(os.path.abspath(picture))
    return source_of(path.stem, *path.parent.parts[-_FOLDERS:])


def _person_of_lfw(name: str, folders: Sequence[str]) -> str | None:
    """The person in a picture of LFW (Huang et al., "Labeled Faces in the Wild", 2007); None for another."""
    match = _PERSON.fullmatch(name)
    return f"LFW_{match[1]}" if match and any(folder.startswith("lfw") for folder in folders) else None


def _photo_of_300w(name: str, folders: Sequence[str]) -> str | None:
    """The photo of a picture in 300-W's own folders, in 300W-LP's words; None for another."""
    family = next((folder for folder in reversed(folders) if folder in _FAMILIES), None)
    match = _FACE.fullmatch(name)
    if family in ("afw", "helen", "ibug") and match:
        return f"{family.upper()}_{'image_' if family == 'ibug' else ''}{match[1]}"
    part = next((part for part in ("train", "test") if f"{part}set" in folders), None)
    if family == "lfpw" and part and name.startswith("image_"):
        return f"LFPW_image_{part}_{name.removeprefix('image_')}"
    return None
