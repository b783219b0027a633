"""Names for what is written of many inputs, no two alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from .pictures import WRITABLE

OWN_NAMES = ("points.json", "contact_sheet.jpg")


def drawn_names(names: Sequence[str], writable: Sequence[str] = WRITABLE, other: str = ".png") -> list[str]:
    """File names for the drawn pictures of inputs with those names: in the same order, no two alike, no folder in them.

    The name itself where its suffix is `writable`, the suffix `other` added where it is not; `-2`, `-3` ... before the
    suffix where it is taken. Upper and lower case count as alike, because some file systems think so.
    """
    taken, answer = {name.casefold() for name in OWN_NAMES}, []
    numbers: dict[str, int] = {}
    for name in names:
        plain = PurePosixPath(name).name.replace("\\", "_")  # of escaped bytes; for Windows it parts folders
        if PurePosixPath(plain).suffix.lower() not in writable:
            plain += other
        first, stem, suffix = plain.casefold(), PurePosixPath(plain).stem, PurePosixPath(plain).suffix
        while plain.casefold() in taken:
            numbers[first] = numbers.get(first, 1) + 1
            plain = f"{stem}-{numbers[first]}{suffix}"
        taken.add(plain.casefold())
        answer.append(plain)
    return answer


def file_stems(outputs: Sequence[str]) -> list[str]:
    """Stems for the files of each picture's faces, no two alike: not `a` twice for `a.jpg` and `a.png`, and no `a_2`,
    which the second face in `a` would have."""
    stems = [PurePosixPath(output).stem for output in outputs]
    known = {stem.casefold() for stem in stems}
    numbered = [(stem.rpartition("_")[0].casefold(), stem.rpartition("_")[2]) for stem in stems]
    safe = [
        f"{stem}-1" if number.isdecimal() and first in known else stem
        for stem, (first, number) in zip(stems, numbered, strict=True)
    ]
    return [PurePosixPath(name).stem for name in drawn_names([f"{stem}.png" for stem in safe])]
