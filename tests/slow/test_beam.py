"""The tests that need Apache Beam, in the environment that has it: the running one, or .venv-beam of `make beam`."""

import importlib.util
import os
import subprocess

import pytest

from tests.conftest import ROOT
from tools import make_records
from tools.measure.scale import BEAM_PYTHON

WITH_BEAM = importlib.util.find_spec("apache_beam") is not None


@pytest.mark.skipif(WITH_BEAM, reason="they run as they are: Apache Beam is installed here")
def test_the_tests_of_beam_pass_where_beam_is():
    if not (ROOT / ".venv-beam" / ".ready").is_file():
        pytest.skip(f"no Apache Beam at {BEAM_PYTHON}; make beam installs it")
    tests = ["tests/tools/make/beam/test_records.py", "tests/test_deploy.py"]  # the latter for its YAML parser
    command = [str(BEAM_PYTHON), "-m", "pytest", "-q", "-rs", "--no-header", *tests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"COLUMNS": "120"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout and "skipped" not in done.stdout


@pytest.mark.skipif(WITH_BEAM, reason="Apache Beam is installed here")
def test_without_beam_a_runner_is_one_line(face_set, tmp_path, capsys):
    argv = [str(face_set), "--out", str(tmp_path / "set"), "--runner", "DirectRunner"]
    assert make_records.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("make_records: --runner: found no Apache Beam") and os.listdir(tmp_path) == []
