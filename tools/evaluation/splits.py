"""The faces that an evaluation takes, by the split that its models were trained with, and what these may have seen.

The fraction and the hash rule travel from the records to the run and the contract, and are taken from there: a model
trained with another fraction would else be measured on faces that it has seen, without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infer.model.trained_on import TrainedOn
from records.split import RULE, TEST_FRACTION, Split
from tools.read import formats
from tools.read.face import AUTO, Item

TEST, TRAIN, ALL_FACES = SIDES = ("test", "train", "all")
CONTRACT, OPTION, DEFAULT = "contract", "option", "default"  # who says how the sources are parted
WORDS = {
    CONTRACT: "as the models' contracts say",
    OPTION: "as --test-fraction says, for no contract does",
    DEFAULT: "the default, for no contract says it",
}


class Trained(Protocol):
    """A contract, of whichever kind of model, that says what training saw."""

    @property
    def trained_on(self) -> TrainedOn: ...


@dataclass(frozen=True)
class FaceSelection:
    """data: data sets, files or folders; side: one of SIDES; test_fraction: of the sources, None: as the models say;
    orientation: of pictures that EXIF turns, one of `tools.read.face.ORIENTATIONS`."""

    data: tuple[Path, ...]
    side: str = TEST
    test_fraction: float | None = None
    orientation: str = AUTO

    @property
    def names(self) -> list[str]:
        """What the data sets are called."""
        return [path.resolve().name for path in self.data]

    def every_face(self) -> list[Item]:
        """The faces of all data sets, of both sides. Raises as the readers' `find`."""
        found = [
            formats.find(path, name, orientation=self.orientation)
            for path, name in zip(self.data, self.names, strict=True)
        ]
        return [item for items in found for item in items]

    def faces(self, split: ChosenSplit) -> list[Item]:
        """The faces of all data sets on the chosen side. Raises ValueError where there is none, and as `every_face`."""
        items = self.every_face()
        chosen = [item for item in items if split.holds(item.source)]
        if not chosen:
            where = ", ".join(map(str, self.data))
            raise ValueError(f"{where}: found {len(items)} faces, none of the split {self.side}, expected some")
        return chosen


@dataclass(frozen=True)
class ChosenSplit:
    """The side of the split that is measured on, how sources are parted, and who says so (None for both sides)."""

    side: str
    split: Split | None = None
    origin: str | None = None

    def holds(self, source: str) -> bool:
        """Whether a source is on the chosen side."""
        return self.split is None or self.split.side_of(source) == self.side

    def as_json(self) -> dict[str, Any]:
        """What an evaluation's document says of it."""
        fraction, rule = (self.split.test_fraction, self.split.rule) if self.split else (None, None)
        return {"split": self.side, "test_fraction": fraction, "split_rule": rule, "split_from": self.origin}


def split_in_words(document: Mapping[str, Any]) -> str:
    """Of what `ChosenSplit.as_json` says: `test (test fraction 0.1, as the models' contracts say)`; of all faces that
    they are no held-out ones."""
    if document["split"] == ALL_FACES:
        return f"{ALL_FACES} (both sides: models may have been trained on these faces)"
    if document["split_from"] is None:
        return document["split"]
    return f"{document['split']} (test fraction {document['test_fraction']:g}, {WORDS[document['split_from']]})"


def split_of_contract(name: str, contract: Trained) -> Split | None:
    """How the sources of a model's training data were parted; None where its contract does not say, and for a run of a
    cross-validation, which had a fold in place of the split.

    Raises ValueError, naming the model, for a hash rule that this version does not know.
    """
    given = contract.trained_on.split
    if given is None or contract.trained_on.fold:
        return None
    if given.rule != RULE:
        raise ValueError(f"{name}: trained with split rule {given.rule}, expected {RULE}")
    return Split(given.test_fraction, given.rule)


def choose_split(splits: Mapping[str, Split | None], side: str, test_fraction: float | None = None) -> ChosenSplit:
    """The split that all models (by name) were trained with; else by the fraction given, or by the default one.

    Raises ValueError, naming models and fractions, where models differ, or the fraction given differs from theirs: no
    side would be held out for all of them. Of both sides ("all") nothing contradicts.
    """
    if side == ALL_FACES:
        return ChosenSplit(side)
    known = {name: split for name, split in splits.items() if split is not None}
    first = next(iter(known.values()), None)
    if any(split != first for split in known.values()):
        raise ValueError(f"test fraction: found {_fractions(known)}, expected the same, or --split {ALL_FACES}")
    if first is None:
        fraction = TEST_FRACTION if test_fraction is None else test_fraction
        return ChosenSplit(side, Split(fraction), DEFAULT if test_fraction is None else OPTION)
    if test_fraction not in (None, first.test_fraction):
        found = f"--test-fraction {test_fraction:g}, but {_fractions(known)}"
        raise ValueError(f"test fraction: found {found}, expected the models' own, or --split {ALL_FACES}")
    return ChosenSplit(side, first, CONTRACT)


def _fractions(splits: Mapping[str, Split]) -> str:
    return ", ".join(f"{split.test_fraction:g} ({name})" for name, split in splits.items())


def count_seen(split: Split | None, sources: Iterable[str]) -> int | None:
    """Of how many faces, by their sources, training may have seen the photo: those of its side; None: unknown."""
    return None if split is None else sum(split.side_of(source) == TRAIN for source in sources)


def seen_in_training(
    contracts: Mapping[str, Trained], sources: Sequence[str], subsets: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """For each model what it may have seen of the faces with these sources, in these data sets' subsets.

    test_fraction: of its training, faces: how many it may have seen, share: of all; None where its contract does not
    say; fold: i/k of a run of a cross-validation; trained_on: subsets of the same names that its contract lists.
    """
    found = {}
    for name, contract in contracts.items():
        split = split_of_contract(name, contract)
        seen = count_seen(split, sources)
        found[name] = {
            "test_fraction": None if split is None else split.test_fraction,
            "faces": seen,
            "share": None if seen is None else seen / len(sources),
            "fold": contract.trained_on.fold,
            "trained_on": sorted(set(contract.trained_on.faces) & set(subsets)),
        }
    return found
