"""Damages annotations and pictures in many ways and reads each as make_records.py does; prints a Markdown table.

python tests/fuzz/records.py [--count 10000] [--seed 1]

No file may end its worker process, keep it for over 5 seconds or take more than MEMORY of address space. Whatever is
still read with other values than before has to be what scipy reads from it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np
import scipy.io
from pebble import ProcessPool

from infer.jobs.progress import Progress
from tests.fuzz.damage import ANNOTATIONS, PICTURES, Damage, encoded
from tests.fuzz.tally import Tally, limit_memory, parser_of
from tests.helpers.drawn import draw_set
from tools.evaluation.memory import high_water
from tools.make.cut import Cut, CutSettings
from tools.make.workers import SECONDS, cut_all, cut_chunk
from tools.read.face import BadSample, Item
from tools.read.marks import MAT_KEYS
from tools.read.matfile import read_mat

# as tests/conftest.py has it, whose imports would be every worker process's
SHARED = Path(os.environ.get("LANDMARK68_DATA") or ROOT.parent / "shared" / "data")
SETTINGS = CutSettings("pts_2d", 128, 0.15, 0, "raw")
FACES = 60  # of each kind at most, that are damaged in turn
SAME, OTHER, SKIPPED = "read as before", "read otherwise", "skipped"
# (in the table, part of a seed that is damaged, damages, its share of --count)
PARTS = (
    ("NAME_pts.mat", "own", ANNOTATIONS, 2),
    ("NAME.mat", "old", ANNOTATIONS, 2),
    ("picture", "picture", PICTURES, 1),
)


@dataclass(frozen=True)
class Seed:
    """Sound files of one face: picture, `_pts.mat` or None, `NAME.mat` or None, as bytes."""

    picture: bytes
    own: bytes | None
    old: bytes | None


def genuine_faces(rng: np.random.Generator, most: int = FACES) -> list[Seed]:
    """Faces of the shared data, so many of each kind: compressed and not, one key and both; [] where they are not."""
    found = []
    for pattern in ("300W_LP/AFW/*_0.jpg", "300W/*/*_0.jpg", "genuine/300W_LP/*/*_0.jpg"):
        pictures = [path for path in sorted(SHARED.glob(pattern)) if not path.parent.name.endswith("_Flip")]
        found += [pictures[index] for index in rng.permutation(len(pictures))[:most]]
    return [seed_of(path, path.parents[1] / "landmarks" / path.parent.name) for path in found]


def drawn_faces(folder: Path) -> list[Seed]:
    """Drawn faces, every second one compressed."""
    pictures = sorted(draw_set(folder).glob("*/*_0.jpg"))
    for path in [*folder.rglob("*.mat")][::2]:
        arrays = {key: value for key, value in scipy.io.loadmat(path).items() if not key.startswith("__")}
        scipy.io.savemat(path, arrays, do_compression=True)
    return [seed_of(path, folder / "landmarks" / path.parent.name) for path in pictures]


def seed_of(picture: Path, landmarks: Path) -> Seed:
    files = (landmarks / f"{picture.stem}_pts.mat", picture.with_suffix(".mat"))
    return Seed(picture.read_bytes(), *(path.read_bytes() if path.is_file() else None for path in files))


class Cases:
    """Writes a case's files when its item is asked for, and removes them afterwards: a few are there at any time."""

    def __init__(self, folder: Path, seeds: list[Seed], damages: dict, target: str, rng: np.random.Generator):
        self.seeds = [seed for seed in seeds if getattr(seed, target) is not None]
        self.folder, self.damages, self.target, self.rng = folder, damages, target, rng
        if target == "picture":
            self.seeds = [replace(seed, picture=encoded(seed.picture, rng)) for seed in seeds]
        self.known = {}  # name -> (seed, damage)

    def items(self, count: int) -> Iterator[Item]:
        names = list(self.damages)
        for index in range(count):
            name, damage = f"AFW_{self.target}{index}_1_0", names[index % len(names)]
            seed = int(self.rng.integers(len(self.seeds)))
            self.known[name] = seed, damage
            yield self.write(name, self.seeds[seed], self.damages[damage])

    def write(self, name: str, seed: Seed, damage: Damage | None) -> Item:
        files = {"picture": seed.picture, "own": None if self.target == "old" else seed.own, "old": seed.old}
        if damage:
            files[self.target] = damage(self.rng, files[self.target])
        paths = {"picture": f"{name}.jpg", "own": f"{name}_pts.mat", "old": f"{name}.mat"}
        paths = {part: self.folder / file for part, file in paths.items()}
        for part, content in files.items():
            if content is not None:
                paths[part].write_bytes(content)
        annotation = paths["old"] if files["own"] is None else paths["own"]
        return Item("fuzz", "AFW", name, name, paths["picture"], annotation)

    def remove(self, item: Item) -> None:
        for path in self.folder.glob(f"{item.name}[._]*"):
            path.unlink()

    def sound(self) -> list[Cut]:
        """What every face gives before any damage. Raises the BadSample of one that is not sound."""
        items = [self.write(f"sound{index}_0", seed, None) for index, seed in enumerate(self.seeds)]
        results = cut_chunk(items, SETTINGS)
        for item, result in zip(items, results, strict=True):
            self.remove(item)
            if isinstance(result, BadSample):
                raise result
        return results


def same_as_scipy(path: Path) -> bool:
    """Whether scipy, where it reads the file at all, reads the same numbers. Runs in a process that it may end."""
    try:
        theirs = scipy.io.loadmat(path, variable_names=MAT_KEYS)
    except Exception:  # it raises nearly anything
        return True
    ours = read_mat(path, MAT_KEYS)
    return all(
        theirs[key].dtype == ours[key].dtype and np.array_equal(theirs[key], ours[key], equal_nan=True)
        for key in ours
        if key in theirs
    )


def outcome(result: Cut | BadSample, sound: Cut) -> str:
    """One of SAME, OTHER, SKIPPED, or what is wrong."""
    if isinstance(result, BadSample):
        return str(result) if result.reason in ("killed its reader", "took too long") else SKIPPED
    same = np.allclose(result.label, sound.label, atol=1e-6, equal_nan=True) and result.image == sound.image
    return SAME if same else OTHER


def run(title: str, cases: Cases, count: int, workers: int, tally: Tally) -> str:
    """Counts so many cases; a note: the reasons of those that were skipped, and the largest worker process."""
    sound, doubtful, reasons, peak = cases.sound(), [], Counter(), 0
    with Progress(count, f"cases of {cases.target}") as progress:
        for item, result in cut_all(cases.items(count), SETTINGS, workers):
            seed, damage = cases.known.pop(item.name)
            found = outcome(result, sound[seed])
            tally.count(title, damage, found)
            peak = max([peak, *(high_water(child.pid) or 0 for child in multiprocessing.active_children())])
            if found == SKIPPED:
                reasons[result.reason] += 1
            elif found == OTHER and cases.target != "picture":
                doubtful.append((damage, item.annotation, item.annotation.read_bytes()))
            cases.remove(item)
            progress.step()
    tally.failures += judged(doubtful)
    told = ", ".join(f"{reason} {number:,}" for reason, number in reasons.most_common())
    return f"{title}: skipped for {told}; a worker process held {peak >> 20} MB at most."


def judged(doubtful: list[tuple[str, Path, bytes]]) -> list[str]:
    """A line for each file that was read, with other values than before the damage, and not as scipy reads it."""
    failures = []
    with ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn")) as referee:
        for damage, path, content in doubtful:
            path.write_bytes(content)
            try:
                agreed = referee.schedule(same_as_scipy, args=(path,), timeout=SECONDS).result()
            except Exception:  # scipy ended its process, took too long or too much
                agreed = True
            if not agreed:
                failures.append(f"{damage}: {path.name} is not what scipy reads")
            path.unlink()
    return failures


def parse_args(argv=None):
    parser = parser_of(__doc__, 10000)
    parser.add_argument("--drawn", action="store_true", help="drawn faces even where there are genuine ones")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    limit_memory()
    rng, tally = np.random.default_rng(args.seed), Tally(SAME, OTHER, SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        genuine = [] if args.drawn else genuine_faces(rng, min(FACES, 1 + args.count // 20))
        seeds = genuine or drawn_faces(folder / "drawn")
        print(f"{len(seeds)} {'genuine' if genuine else 'drawn'} faces, seed {args.seed}\n", file=sys.stderr)
        notes = [
            run(title, Cases(folder, seeds, damages, target, rng), args.count // share, args.workers, tally)
            for title, target, damages, share in PARTS
        ]
    return tally.report(notes)


if __name__ == "__main__":
    sys.exit(main())
