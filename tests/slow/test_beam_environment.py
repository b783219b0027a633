"""tools/make/beam/environment.py, and in the environment that it makes the tests that need Apache Beam."""

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tools import make_records
from tools.make.beam import environment as scale_environment

WITH_BEAM = importlib.util.find_spec("apache_beam") is not None


@pytest.mark.skipif(WITH_BEAM, reason="they run as they are: Apache Beam is installed here")
def test_the_tests_of_beam_pass_where_beam_is():
    try:
        python = scale_environment.python_with_beam()
    except ValueError as error:
        pytest.skip(str(error))
    tests = ["tests/tools/make/beam/test_records.py", "tests/test_deploy.py"]  # the latter for its YAML parser
    command = [str(python), "-m", "pytest", "-q", "-rs", "--no-header", *tests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"COLUMNS": "120"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout and "skipped" not in done.stdout


@pytest.mark.skipif(WITH_BEAM, reason="Apache Beam is installed here")
def test_without_beam_a_runner_is_one_line(face_set, tmp_path, capsys):
    argv = [str(face_set), "--out", str(tmp_path / "set"), "--runner", "DirectRunner"]
    assert make_records.main(argv) == 2
    expected = "--runner: found no Apache Beam, expected it installed from requirements-scale.lock"
    assert capsys.readouterr().err == f"make_records: {expected}\n"
    assert os.listdir(tmp_path) == []


def test_an_environment_is_made_once_and_again_after_a_new_lock(tmp_path, monkeypatch):
    lock, called = tmp_path / "lock", []
    lock.write_text("one")
    monkeypatch.setattr(scale_environment, "LOCK", lock)
    monkeypatch.setattr(scale_environment.importlib.util, "find_spec", lambda name: None)
    folder = tmp_path / "venv"
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    monkeypatch.setattr(
        scale_environment, "_call", lambda command: called.append(command) or site.mkdir(parents=True, exist_ok=True)
    )
    for expected in (2, 2):
        python = scale_environment.python_with_beam(folder)
        assert len(called) == expected and python.parents[1] == folder
    assert called[0][1:3] == ["-m", "venv"] and called[1][-1] == str(lock) and "--require-hashes" in called[1]
    assert (site / "landmark68.pth").read_text().strip().endswith("site-packages")
    lock.write_text("two")
    scale_environment.python_with_beam(folder)
    assert len(called) == 4


def test_an_environment_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(scale_environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(scale_environment.sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(ValueError, match="^Apache Beam: .*absent") as caught:
        scale_environment.python_with_beam(tmp_path / "venv")
    assert "\n" not in str(caught.value)


def test_this_python_where_it_has_beam(tmp_path, monkeypatch):
    monkeypatch.setattr(scale_environment.importlib.util, "find_spec", lambda name: object())
    assert str(scale_environment.python_with_beam(tmp_path)) == sys.executable and os.listdir(tmp_path) == []
