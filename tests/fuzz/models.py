"""Damages models and their contracts in many ways and runs infer/run.py on each; prints a Markdown table.

python tests/fuzz/models.py [--count 2000] [--seed 1] [--model FILE.pb]

Whatever the damage: the program ends with exit code 0, or with one line on standard error; no crash of the process, no
traceback, no wait of over 20 seconds. A damaged model under its old hash is never taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as TakesTooLong
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np
from pebble import ProcessExpired, ProcessPool

from infer.jobs.progress import Progress
from tests.fuzz.damage import cut, empty, exchanged, flipped, garbage, inserted, removed
from tests.fuzz.model_damage import GRAPHS, JSON
from tests.fuzz.tally import Tally, limit_memory, parser_of

BYTES = (flipped, cut, inserted, removed, exchanged, garbage, empty)
SECONDS = 20  # a case may take
BLOCK = 100  # cases that are held at once
REFUSED, RUN = "refused in one line", "run all the same"


@dataclass(frozen=True)
class Files:
    """A model's file and its contract, as bytes."""

    file: bytes
    contract: bytes


@dataclass(frozen=True)
class DamagedModel:
    """A damaged model. must_fail: whether it has to be refused, since its file is not the contract's."""

    kind: str
    damage: str
    model: Files
    must_fail: bool = False


def cases(model: Files, count: int, rng: np.random.Generator) -> Iterator[DamagedModel]:
    """The sound model, then so many damaged ones: a fifth each the file with its old hash, the file and the graph with
    their right hashes, the contract's bytes and its values.
    """
    yield DamagedModel("sound", "", model)
    for index in range(count):
        kind, damages, damaged = KINDS[index % len(KINDS)]
        damage = damages[index // len(KINDS) % len(damages)]
        found = damaged(model, damage, rng)
        yield DamagedModel(kind, damage.__name__, found, kind == "file" and found.file != model.file)


def damaged_graph(model: Files, damage: Callable, rng: np.random.Generator) -> Files:
    from records.runtime import v1

    graph = v1.GraphDef.FromString(model.file)
    for _ in range(rng.integers(1, 4)):
        damage(rng, graph)
    return with_hash(graph.SerializeToString(), model.contract)


def damaged_contract(model: Files, damage: Callable, rng: np.random.Generator) -> Files:
    contract = json.loads(model.contract)
    for _ in range(rng.integers(1, 4)):
        damage(rng, contract)
    return Files(model.file, json.dumps(contract).encode())


def with_hash(file: bytes, contract: bytes) -> Files:
    """The model with a contract that vouches for the damaged file."""
    kept = {key: value for key, value in json.loads(contract).items() if key != "formats"}  # has the hash as well
    return Files(file, json.dumps(kept | {"sha256": hashlib.sha256(file).hexdigest()}).encode())


# (what is damaged, how, by which function)
KINDS: tuple[tuple[str, Sequence[Callable], Callable], ...] = (
    ("file", BYTES, lambda model, damage, rng: Files(damage(rng, model.file), model.contract)),
    ("file, hash right", BYTES, lambda model, damage, rng: with_hash(damage(rng, model.file), model.contract)),
    ("graph, hash right", GRAPHS, damaged_graph),
    ("contract, bytes", BYTES, lambda model, damage, rng: Files(model.file, damage(rng, model.contract))),
    ("contract, values", JSON, damaged_contract),
)


def outcome(case: DamagedModel) -> str:
    """What infer/run.py makes of a damaged landmark model: REFUSED, RUN, or what is wrong. Runs in a process that it
    may end."""
    return _outcome(case, "landmark", ["--boxes", "boxes.csv", "--model", "landmark.pb"])


def detector_outcome(case: DamagedModel) -> str:
    """The same of a damaged face detector."""
    return _outcome(case, "detector", ["--detector", "own", "--detector-model", "detector.pb"])


def _outcome(case: DamagedModel, name: str, options: list[str]) -> str:
    from infer import run

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path(f"{name}.pb").write_bytes(case.model.file)
        Path(f"{name}.json").write_bytes(case.model.contract)
        cv2.imwrite("face.png", np.full((40, 40, 3), 90, np.uint8))
        Path("boxes.csv").write_text("face.png,5,5,30,30\n")
        arguments = ["face.png", *options, "--json", "points.json", "--no-draw", "--threads", "1"]
        with contextlib.redirect_stdout(io.StringIO()), Path("errors").open("wb") as errors:
            os.dup2(errors.fileno(), 2)  # what C++ code says as well
            code = run.main(arguments)
        return judged(case, code, Path("errors").read_text(errors="replace").strip())


def judged(case: DamagedModel, code: int, said: str) -> str:
    if code == 2:
        return REFUSED if said and len(said.splitlines()) == 1 else f"{len(said.splitlines())} lines: {said[:200]}"
    return "a damaged file was taken" if case.must_fail else RUN


def run_all(todo: Iterator[DamagedModel], total: int, workers: int, call: Callable = outcome) -> Tally:
    """A case that ends its process fails itself alone.

    todo: the first is the sound model, which has to run, or all others would seem refused. Raises ValueError.
    """
    tally = Tally(REFUSED, RUN)
    with (
        ProcessPool(workers, context=multiprocessing.get_context("spawn"), initializer=limit_memory) as pool,
        Progress(total, "models", stream=sys.stderr) as progress,
    ):
        sound = next_of(pool.map(call, [next(todo)], timeout=SECONDS).result())
        if sound != RUN:
            raise ValueError(f"the model without any damage: {sound}, expected it to run")
        while block := list(itertools.islice(todo, BLOCK)):
            results = pool.map(call, block, timeout=SECONDS, chunksize=1).result()
            for case in block:
                tally.count(case.kind, case.damage, next_of(results))
                progress.step()
    return tally


def next_of(results: Iterator[str]) -> str:
    """The next outcome, or how its process failed."""
    try:
        return next(results)
    except ProcessExpired as error:
        return f"ended its process ({error.exitcode})"
    except TakesTooLong:
        return f"took over {SECONDS} s"
    except Exception as error:  # what run.py should have said in one line
        return f"raised {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def main(argv=None) -> int:
    parser = parser_of(__doc__, 2000)
    shipped = ROOT / "infer" / "landmark.pb"
    parser.add_argument("--model", type=Path, default=shipped, help="to damage (default: infer/landmark.pb)")
    args = parser.parse_args(argv)
    model = Files(args.model.read_bytes(), args.model.with_suffix(".json").read_bytes())
    call = detector_outcome if json.loads(model.contract).get("kind") else outcome
    return run_all(cases(model, args.count, np.random.default_rng(args.seed)), args.count, args.workers, call).report()


if __name__ == "__main__":
    sys.exit(main())
