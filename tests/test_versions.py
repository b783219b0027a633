"""tests/versions.py: what is tested is what setup.cfg promises; Pythons are found; what fails is told."""

import configparser
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests import versions
from tests.versions import MINORS, ROWS, Row, nearest

SETUP = configparser.ConfigParser()
SETUP.read(versions.ROOT / "setup.cfg", encoding="utf-8")
BOUNDS = {one.name: one.specifier for one in map(Requirement, SETUP["options"]["install_requires"].split())}


def lowest(specifier: SpecifierSet) -> str:
    """The version from which on a requirement takes it."""
    return next(one.version.removesuffix(".*") for one in specifier if one.operator in (">=", "=="))


def test_the_oldest_row_is_the_lower_bound_of_all():
    oldest = {one.name: one.specifier for one in map(Requirement, (ROWS["oldest"].numpy, ROWS["oldest"].opencv))}
    assert {name: lowest(one) for name, one in oldest.items()} == {name: lowest(one) for name, one in BOUNDS.items()}
    assert f"3.{ROWS['oldest'].minor}" == lowest(SpecifierSet(SETUP["options"]["python_requires"])) == f"3.{MINORS[0]}"
    assert "5.0.99" in BOUNDS[versions.OPENCV] and "5.1" not in BOUNDS[versions.OPENCV]
    assert "2.9" in BOUNDS["numpy"] and "3.0" not in BOUNDS["numpy"]


def test_every_python_that_is_promised_is_in_a_row():
    promised = {line.rpartition(":: 3.")[2] for line in SETUP["metadata"]["classifiers"].split("\n") if ":: 3." in line}
    assert set(map(int, promised)) == set(MINORS) == {row.minor for row in ROWS.values()}
    assert {Requirement(row.opencv).name for row in ROWS.values()} == {versions.OPENCV, "opencv-python"}


def test_the_python_that_was_asked_for_or_the_nearest():
    found = {minor: Path(f"python3.{minor}") for minor in (10, 12, 13)}
    assert [nearest(minor, found).name for minor in MINORS] == [f"python3.{one}" for one in (10, 12, 12, 13, 13)]
    with pytest.raises(ValueError, match=r"found no Python of 3\.10 to 3\.14"):
        nearest(11, {})


def test_pythons_that_do_not_run_are_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    for name, answer in (("shims/python3.12", "exit 127"), ("versions/3.12.1/bin/python", "echo 3 12")):
        write_script(tmp_path / name, answer)
    write_script(tmp_path / "versions" / "3.13.0" / "bin" / "python", "echo 3 11")  # not what its folder says
    write_script(tmp_path / "uv" / "cpython-3.10.9-linux" / "bin" / "python", "echo 3 10")
    found = versions.pythons()
    assert {minor: path.parents[1].name for minor, path in found.items()} == {10: "cpython-3.10.9-linux", 12: "3.12.1"}
    assert versions.version_of(tmp_path / "none") is None


def write_script(path: Path, answer: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)


def test_a_row_that_fails_is_told_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(versions, "FOLDER", tmp_path)
    monkeypatch.setattr(versions, "pythons", lambda: {11: Path(sys.executable)})
    monkeypatch.setattr(versions, "VERSIONS", "print('3.11.7', '1.26.4', '4.8.1')")
    calls, said = [], versions.said

    def instead(log, *command):
        calls.append(command[1:])
        if "venv" in command:
            command[-1].mkdir(parents=True)
        if versions.VERSIONS in command:
            return said(log, sys.executable, *command[1:])
        last = "raise SystemExit('2 failed')" if tmp_path / "oldest" in command else "print('7 passed')"
        return said(log, sys.executable, "-c", last)

    monkeypatch.setattr(versions, "said", instead)
    monkeypatch.setattr(versions, "ROWS", {"oldest": Row(10, "numpy<2", "cv<5"), "other": Row(14, "numpy", "cv")})
    assert versions.main(["--only", "oldest", "other"]) == 1
    table = capsys.readouterr().out.splitlines()[-2:]
    assert table[0].endswith("| failed: 2 failed |") and table[1] == "| other | 3.11.7 | 1.26.4 | 4.8.1 | 7 passed |"
    assert "7 passed" in (tmp_path / "other.log").read_text()
    before = len(calls)
    assert versions.main(["--only", "other"]) == 0 and len(calls) == before + 2  # the environment is there


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-scale.lock"])
def test_lock_files_pin_by_hash_and_name_no_index(name):
    text = (versions.ROOT / name).read_text(encoding="utf-8")
    entries = [entry.split() for entry in text.replace("\\\n", " ").splitlines()]
    assert len(entries) > 80 and all("==" in entry[0] and entry[-1].startswith("--hash=sha256:") for entry in entries)
    assert "://" not in text and "index" not in text
    pinned = {entry[0].partition("==")[0] for entry in entries}
    assert versions.OPENCV in pinned and "opencv-python" not in pinned
