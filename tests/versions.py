"""Runs the tests of inference with other versions of Python, NumPy and OpenCV.

    make versions [ONLY="oldest opencv5"]

Each has an environment of its own in .venv-versions. Pythons are looked for on PATH and among those of pyenv and uv;
where one is not here, the nearest is taken. Ends with a table; exit code 1 where something failed.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-versions"
TESTS = "tests/infer"
MINORS = range(10, 15)  # of Python 3
VERSIONS = "import cv2, numpy, platform as p; print(p.python_version(), numpy.__version__, cv2.__version__)"
OPENCV = "opencv-python-headless"


@dataclass(frozen=True)
class Row:
    """minor: of Python 3; numpy, opencv: what pip is asked for."""

    minor: int
    numpy: str
    opencv: str


ROWS = {
    "oldest": Row(10, "numpy==1.26.*", f"{OPENCV}==4.8.*"),
    "opencv4.10": Row(11, "numpy==2.0.*", f"{OPENCV}==4.10.*"),
    "opencv4": Row(12, "numpy", f"{OPENCV}<5"),
    "windows": Row(13, "numpy", "opencv-python<5.1"),
    "opencv5": Row(14, "numpy", f"{OPENCV}>=5,<5.1"),
    "opencv4-newest": Row(14, "numpy", f"{OPENCV}<5"),
    "opencv5-oldest": Row(10, "numpy", f"{OPENCV}>=5,<5.1"),
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS), help="(default: all)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    found, failed = pythons(), 0
    lines = ["| name | Python | NumPy | OpenCV | tests |", "|---|---|---|---|---|"]
    for name in args.only:
        print(f"{name}: {TESTS}, all it says in {FOLDER.name}/{name}.log", flush=True)
        try:
            lines.append(f"| {name} | {' | '.join(tested(name, ROWS[name], found))} |")
        except ValueError as error:
            failed += 1
            lines.append(f"| {name} | | | | {error} |")
        print(lines[-1], flush=True)
    print("\n".join(["", *lines]))
    return 1 if failed else 0


def tested(name: str, row: Row, found: dict[int, Path]) -> list[str]:
    """Versions of Python, NumPy and OpenCV, and what pytest says at its end. Raises ValueError where a test fails."""
    log = FOLDER / f"{name}.log"
    python = environment(FOLDER / name, nearest(row.minor, found), [row.numpy, row.opencv, *packages_of_tests()], log)
    versions = said(log, python, "-c", VERSIONS)[-1].split()
    return [*versions, said(log, python, "-m", "pytest", "-q", "-rs", TESTS)[-1]]


def environment(folder: Path, python: Path, packages: Sequence[str], log: Path) -> Path:
    """The Python of an environment with these packages, made anew where it was made of others. Raises ValueError."""
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made, wanted = folder / ".made", "\n".join([str(python), *packages])
    folder.parent.mkdir(exist_ok=True)
    log.write_text("", encoding="utf-8")
    if not made.is_file() or made.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        said(log, python, "-m", "venv", "--without-pip", folder)
        said(log, sys.executable, "-m", "pip", "--python", own, "install", "--quiet", *packages)
        made.write_text(wanted, encoding="utf-8")
    return own


def said(log: Path, *command: object) -> list[str]:
    """The lines that a command prints, kept in the log too. Raises ValueError, with the last one, where it fails."""
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    lines = done.stdout.strip().splitlines() or ["nothing said"]
    if done.returncode:
        raise ValueError(f"failed: {lines[-1]}")
    return lines


def packages_of_tests() -> list[str]:
    """What the tests of inference take besides NumPy and OpenCV: pytest, and what the service does."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return ["pytest", *setup["options.extras_require"]["web"].split()]


def nearest(minor: int, found: dict[int, Path]) -> Path:
    """The Python of that version, or else the next one, of two the newer. Raises ValueError where there is none."""
    if not found:
        raise ValueError(f"found no Python of 3.{MINORS[0]} to 3.{MINORS[-1]}, expected one")
    return found[min(found, key=lambda one: (abs(one - minor), -one))]


def pythons() -> dict[int, Path]:
    """Minor version -> a Python 3 of it that runs."""
    first = {minor: next((one for one in candidates(minor) if version_of(one) == minor), None) for minor in MINORS}
    return {minor: path for minor, path in first.items() if path}


def candidates(minor: int) -> Iterator[Path]:
    """Where a Python 3 of that version may be, the likeliest first."""
    if found := shutil.which(f"python3.{minor}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv" / "python"))
    yield from sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python"))
    yield from sorted(uv.glob(f"cpython-3.{minor}.*/bin/python"))


def version_of(python: Path) -> int | None:
    """The minor version that a Python 3 says it has; None of what does not run, as one that pyenv hides."""
    command = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    answer = re.fullmatch(r"3 (\d+)", done.stdout.strip())
    return int(answer[1]) if answer else None


if __name__ == "__main__":
    sys.exit(main())
