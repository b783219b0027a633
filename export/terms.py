"""Terms of use of a network frozen from a run: what follows from the data sets and models that it has learnt from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from net.run.folder import Heritage, RunSettings
from net.training.origins import heritage_of

RESEARCH = {  # name, and what is in the names of data sets and subsets that hold it
    "300-W": "300w|afw|helen|lfpw|ibug",
    "300W-LP": "300w[ _-]?lp",
    "AFLW2000-3D": "aflw2000([ _-]?3d)?",
    "YouTube Faces": "ytf|youtube[ _-]?faces",
    "WIDER FACE": "wider([ _-]?face)?",
    "MTFL": "mtfl",
}
KAGGLE = r"kaggle|facial[ _-]keypoints[ _-]detection|training\.(csv|zip)(#\d+)?/(full|partial)"
DRAWN = r".*/DRAWN(_Flip)?"  # a subset of tools/make_faces.py, whatever folder it lies in
OWN = "Trained on faces that this project has drawn: the terms are those of the project."


def terms_of(settings: RunSettings) -> str:
    """The terms of a run's weights, by its records and by what it was started from.

    Raises ValueError, naming them and what is known of the others, for data sets of unknown terms.
    """
    before = _heritage(settings)
    names = [*settings.records.subsets, *before.subsets]
    unknown = sorted({name.partition("/")[0] for name in names if not _is_known(name)})
    known = _combined(before.terms, names)
    if unknown:
        rest = f" (of the rest: {known})" if known else ""
        raise ValueError(f"found no known terms for data sets {', '.join(unknown)}, expected --terms{rest}")
    return known or OWN


def _heritage(settings: RunSettings) -> Heritage:
    """What came before the run; of one begun before that was kept what its start says now."""
    start = settings.options.get("init")
    if settings.heritage or not start:
        return settings.heritage or Heritage()
    try:
        return heritage_of(Path(start), settings.kind)
    except (OSError, ValueError) as error:
        raise ValueError(f"found no terms of what the run was started from ({error}), expected --terms") from None


def _is_known(name: str) -> bool:
    return bool(_is_drawn(name) or _is_kaggle(name) or _research([name]))


def _combined(inherited: Sequence[str], names: Iterable[str]) -> str:
    """Inherited terms, and those of data sets unless these name them already; empty of drawn faces alone."""
    others = [name for name in names if not _is_drawn(name)]
    text = " ".join(inherited)
    research = [name for name in _research(others) if not _held(re.escape(name), text)]
    clauses = [f"{_listed(research)} for research, not commercial, use"] if research else []
    if any(map(_is_kaggle, others)) and "Kaggle" not in text:
        clauses.append("Kaggle's facial-keypoints-detection is for use by the rules of that competition")
    new = [f"Weights follow the terms of their training data; {'; '.join(clauses)}."] if clauses else []
    *first, last = [*inherited, *new] or [""]
    return " ".join([*(f"{part.rstrip('.')}." for part in first), last])


def _research(names: Iterable[str]) -> list[str]:
    names = list(names)
    return [family for family, pattern in RESEARCH.items() if any(_held(pattern, name) for name in names)]


def _is_kaggle(name: str) -> bool:
    return _held(KAGGLE, name)


def _is_drawn(name: str) -> bool:
    return re.fullmatch(DRAWN, name) is not None


def _held(pattern: str, text: str) -> bool:
    """Whether a text has it as words of its own: no `300W` in `1300w`."""
    return re.search(rf"(?<![a-z0-9])({pattern})(?![a-z0-9])", text, re.IGNORECASE) is not None


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last} are" if first else f"{last} is"
