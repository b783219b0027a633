"""A run's folder as a type: the only place that knows what the files in it are called, and what settings.json holds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment] # no other way to say that a module is not there

from infer.files.atomic import PREFIX, remove_leftovers, write_text_atomically
from net.data.selection import Selection
from net.model.shape import Shape
from net.options import values_of
from net.run.kind import Kind, Measure, Network, Summary
from records.split import Split

SETTINGS = "settings.json"
BEST = "best"
CHECKPOINT = "model.ckpt"
LOGS = "cluster"  # folder of what the members of a cluster on this machine say
PAGE, FACES, CURVES, ANSWERS = REPORT = ("report.md", "faces.png", "curves.png", "answers.png")
EVENTS = "events.out.tfevents.*"
OWN = ("checkpoint", f"{CHECKPOINT}-*", "graph.pbtxt", EVENTS, SETTINGS, *REPORT)


@dataclass(frozen=True)
class RecordsSummary:
    """What the manifest of a run's face records says of them.

    points: which annotation the labels are; margin: of the crop around the landmark box, in parts of its longer edge;
    context: pixels around the stored crop; encoding: of the pictures; subsets: records by subset and split; scheme: of
    the points that were learnt, as `records.landmarks.told` keeps it.
    """

    points: str
    margin: float
    context: int
    encoding: str
    subsets: dict[str, dict[str, int]]
    scheme: str | dict[str, Any]


LANDMARK_RUNS = Kind(
    name="landmarks",
    example="face",
    program="net/train.py",
    contract="landmark.json",
    network=Shape,
    records=RecordsSummary,
    measure=Measure("nme_box", "NME", "box"),
    listed=("nme", "nme_box"),
    note="nme.json",
)


@dataclass(frozen=True)
class Heritage:
    """What a run has learnt from besides its records: where its first weights and its labels come from.

    terms: of use, of the models that they come from; subsets: of records that runs before were trained on, in so far as
    these terms do not speak of them.
    """

    terms: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunSettings(Generic[Network, Summary]):
    """All that settings.json says: what a run's weights depend on.

    kind: of run; options: of the command line by their names, with underscores, as JSON has them; network: of a
    landmark run with the moments of its records; split: how the sources of the records were parted; heritage: of
    weights and labels; both None in a run of before that was kept.
    """

    kind: Kind[Network, Summary]
    options: Mapping[str, Any]
    network: Network
    records: Summary
    split: Split | None
    heritage: Heritage | None = None

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], kind: Kind[Network, Summary]) -> RunSettings[Network, Summary]:
        """Of what JSON holds of such a run. Raises KeyError, TypeError or ValueError where that is none."""
        split = Split(**found["split"]) if found.get("split") else None
        options = dict(found["options"])
        kept = found.get("heritage")
        heritage = Heritage(**{name: tuple(values) for name, values in kept.items()}) if kept else None
        records = kind.records(**found["records"])
        return cls(kind, options, kind.network.from_settings(found["network"]), records, split, heritage)

    def to_dict(self) -> dict[str, Any]:
        """What JSON holds of it."""
        found = {"options": dict(self.options), "network": self.network.settings(), "records": asdict(self.records)}
        parts = {"split": self.split, "heritage": self.heritage}
        told = {} if self.kind.name == LANDMARK_RUNS.name else {"kind": self.kind.name}  # those of landmarks came first
        return told | found | {name: asdict(part) for name, part in parts.items() if part}

    @property
    def selection(self) -> Selection:
        """The records that the run was trained on."""
        return Selection.from_options(self.options)

    def difference(self, after: RunSettings) -> str:
        """The settings that differ from those of now, in words; empty where none does."""
        old, new = self._by_place(), after._by_place()
        differing = (place for place in {**old, **new} if old.get(place) != new.get(place))
        return "; ".join(f"{place[1]}: {old.get(place)} before, {new.get(place)} now" for place in differing)

    def _by_place(self) -> dict[tuple[str, str], Any]:
        """Every setting by its part of settings.json and its name; an option of the network that the run's own do not
        name, for there was none yet, as the network has it."""
        found = {part: values for part, values in self.to_dict().items() if part != "kind"}
        found["options"] = {**values_of(self.network), **found["options"]}
        return {(part, name): value for part, values in found.items() for name, value in values.items()}


@dataclass(frozen=True)
class Best:
    """What training measured of the best checkpoint: its step, and fractions by name (`nme_box/<subset>`)."""

    step: int
    measures: Mapping[str, float]


class RunFolder:
    """The folder of a run: checkpoints, best/ with the best one, TensorBoard events, settings.json, the report."""

    def __init__(self, path: Path):
        self.path = Path(path)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def checkpoints(self) -> Path:
        """What paths of the checkpoints begin with."""
        return self.path / CHECKPOINT

    @property
    def best_folder(self) -> Path:
        """Where the best checkpoint lies, which has a state file of its own."""
        return self.path / BEST

    @property
    def best_checkpoints(self) -> Path:
        """What the path of the best checkpoint begins with."""
        return self.best_folder / CHECKPOINT

    @property
    def logs(self) -> Path:
        """Folder of what the members of a cluster on this machine say."""
        return self.path / LOGS

    @property
    def page(self) -> Path:
        """The report of a run that has ended, written last of its files."""
        return self.path / PAGE

    @property
    def holds_run(self) -> bool:
        """Whether a run has begun there."""
        return (self.path / SETTINGS).is_file()

    def events(self) -> list[Path]:
        """TensorBoard's files, oldest first."""
        return sorted(self.path.glob(EVENTS), key=lambda path: path.stat().st_mtime)

    def kind_name(self) -> str:
        """The name of the kind of run that it is. Raises as `settings_as` does."""
        found = self._held().get("kind", LANDMARK_RUNS.name)
        if not isinstance(found, str):
            raise ValueError(f"{self.path / SETTINGS}: found kind {found!r}, expected a name")
        return found

    def settings(self) -> RunSettings[Shape, RecordsSummary]:
        """What settings.json of a run of landmarks says. Raises as `settings_as`."""
        return self.settings_as(LANDMARK_RUNS)

    def settings_as(self, kind: Kind[Network, Summary]) -> RunSettings[Network, Summary]:
        """What settings.json says of a run of this kind.

        Raises FileNotFoundError where there is none, ValueError where it is damaged or of another kind of run.
        """
        found = self._held(kind.program)
        if self.kind_name() != kind.name:
            raise ValueError(f"{self}: found a run of kind {self.kind_name()}, expected one of {kind.name}")
        try:
            return RunSettings.from_dict(found, kind)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"{self.path / SETTINGS}: found {error!r}, expected settings that this version reads"
            ) from None

    def _held(self, program: str = "net/") -> dict[str, Any]:
        """The object in settings.json; program: what makes such runs."""
        path = self.path / SETTINGS
        if not self.holds_run:
            raise FileNotFoundError(f"{self}: found no {SETTINGS}, expected a run folder of {program}")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: found {error!r}, expected settings that this version reads") from None
        if not isinstance(found, dict):
            raise ValueError(f"{path}: found a {type(found).__name__}, expected settings that this version reads")
        return found

    def write_settings(self, settings: RunSettings) -> None:
        """Writes settings.json, whole or not at all."""
        write_text_atomically(self.path / SETTINGS, json.dumps(settings.to_dict(), indent=1) + "\n")

    def best(self, kind: Kind = LANDMARK_RUNS) -> Best | None:
        """What was measured of the best checkpoint of a run of this kind; None before the first."""
        path = self.best_folder / kind.note
        if not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return Best(found.pop("step"), found)

    def write_best(self, best: Best, kind: Kind = LANDMARK_RUNS) -> None:
        """Notes what was measured of the best checkpoint, whole or not at all."""
        text = json.dumps({"step": best.step, **best.measures}, indent=1) + "\n"
        write_text_atomically(self.best_folder / kind.note, text)

    def prepare(self, settings: RunSettings, overwrite: bool) -> None:
        """Gives the folder its settings; with `overwrite` it is emptied of another run before.

        Raises ValueError where it holds a run with other settings, or what is no run.
        """
        if not self.holds_run:
            self._refuse_others()
        elif overwrite:
            self.remove()
        else:
            return self._refuse_difference(self.settings_as(settings.kind).difference(settings))
        return self.write_settings(settings)

    def _refuse_others(self) -> None:
        if any(other != self.logs and not other.name.startswith(PREFIX) for other in self.path.iterdir()):
            raise ValueError(f"{self}: found a folder without {SETTINGS}, expected a run's or none")

    def _refuse_difference(self, difference: str) -> None:
        if difference:
            raise ValueError(
                f"{self}: found a run with other settings ({difference}); expected the same ones, another --run, or "
                "--overwrite"
            )

    def remove(self) -> None:
        """Removes what a run wrote in its folder, and nothing else."""
        for pattern in OWN:
            for path in self.path.glob(pattern):
                path.unlink()
        remove_leftovers(self.path)
        shutil.rmtree(self.best_folder, ignore_errors=True)

    @contextlib.contextmanager
    def sole_trainer(self) -> Iterator[None]:
        """Makes the folder and keeps other processes from training into it; a killed process keeps none out.

        Raises ValueError where one trains there. Where folders cannot be locked (Windows, some network shares) it only
        makes the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not fcntl:
            yield
            return
        folder = os.open(self.path, os.O_RDONLY)
        try:
            self._lock(folder)
            yield
        finally:
            os.close(folder)

    def _lock(self, folder: int) -> None:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{self}: found another training under way there; expected none, or another --run"
            raise ValueError(message) from None
        except OSError:
            pass  # a file system without locks
