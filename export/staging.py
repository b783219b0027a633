"""A model's files take their places together: written in a folder of their own, moved when all is well."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from export.document import files_of

PREFIX = ".freeze-"
CONTRACT = ".json"  # how its name ends
ABANDONED = 3600  # seconds


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A temporary folder whose files move to `out` when the block ends well; otherwise `out` is as it was.

    Files of the model before, which its contract names and the new one does not, go with it. Only what ends the process
    between two of the last renames (microseconds) can leave a mixture, and that the contract's SHA-256 gives away.
    """
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(out)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=out))
    try:
        yield folder
        _publish(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if new and not any(out.iterdir()):
            out.rmdir()


def _remove_abandoned(out: Path) -> None:
    """Removes what an export left that was killed so long ago that it can't be at work any more."""
    for folder in out.glob(f"{PREFIX}*"):
        if time.time() - folder.stat().st_mtime > ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


def _publish(folder: Path, out: Path) -> None:
    # the graphs before their contract, which vouches for them
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: (name.endswith(CONTRACT), name))
    if not names:
        return
    stale = _named_before(out, names[-1]) - set(names)
    kept = _keep([*names, *stale], out, folder)
    try:
        for name in names:
            os.replace(folder / name, out / name)
        for name in stale:
            (out / name).unlink(missing_ok=True)
    except BaseException:
        for name in {*names, *stale}:
            (out / name).unlink(missing_ok=True) if name not in kept else os.replace(kept[name], out / name)
        raise


def _keep(names: Iterable[str], out: Path, folder: Path) -> dict[str, Path]:
    """Copies of the files that are there already: name -> copy."""
    before = folder / "before"
    before.mkdir()
    for name in names:
        if (out / name).is_file():
            shutil.copy2(out / name, before / name)
    return {path.name: path for path in before.iterdir()}


def _named_before(out: Path, contract: str) -> set[str]:
    """Names of the files of the model that this contract in `out` describes."""
    model = contract.removesuffix(CONTRACT)
    return {name for name in files_of(out / contract) if name.startswith(f"{model}.")}
