"""export/remarks.py: a detector that has lost its start's network for closer looks is told of; nothing else is."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from export.decision import Decision
from export.remarks import close_of_start, remarks
from export.request import FreezeRequest
from net.run.folder import RunFolder
from tests.helpers.detector_runs import settings_of_detector
from tests.helpers.tiny_detector import write_detector


def run_from(folder: Path, init: Path | None) -> RunFolder:
    folder.mkdir(exist_ok=True)
    RunFolder(folder).write_settings(settings_of_detector(init=init))
    return RunFolder(folder)


@pytest.fixture
def start(tmp_path):
    """A detector's contract that names another one for closer looks."""
    return write_detector(tmp_path / "start", close="other_close.pb").with_suffix(".json")


def test_the_close_network_is_that_of_the_model_that_the_first_run_began_with(start, tmp_path):
    close, plain = start.parent / "other_close.pb", write_detector(tmp_path / "plain")
    first = run_from(tmp_path / "first", start)
    assert close_of_start(first) == close
    assert close_of_start(run_from(tmp_path / "second", first.path)) == close
    assert close_of_start(run_from(tmp_path / "of_pb", start.with_suffix(".pb"))) == close
    for unknown in (None, plain, tmp_path / "absent"):
        assert close_of_start(run_from(tmp_path / "other", unknown)) is None
    run_from(tmp_path / "first", tmp_path / "second")  # anew, from what was made of it
    assert close_of_start(first) is None
    start.write_text("{")
    assert close_of_start(run_from(tmp_path / "third", start)) is None


def test_it_is_told_of_where_nothing_takes_its_place(start, tmp_path):
    checkpoint = SimpleNamespace(run=run_from(tmp_path / "run", start), measured_threshold=lambda: 0.25)
    request = FreezeRequest(checkpoint.run.path, None, tmp_path / "out")
    (line,) = remarks(checkpoint, request)
    assert line.startswith("closer looks: ") and "--close other_close.pb" in line and str(request.out) in line
    assert len(list(remarks(checkpoint, replace(request, name="other")))) == 1
    for silent in ({"decision": Decision(close="mine.pb")}, {"name": "other_close"}):  # the latter is that network anew
        assert not list(remarks(checkpoint, replace(request, **silent)))
