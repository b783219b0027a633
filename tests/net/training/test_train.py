import shutil
import sys

import pytest

from net.cluster.machine import ALONE
from net.data.selection import Selection
from net.landmarks.task import LandmarkTask
from net.parser import parse
from net.run.folder import RunFolder
from net.training.loop import check_loss
from net.training.train import train, write_report
from tests.conftest import train_options


def test_without_matplotlib_one_line_says_so(record_set, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for module in ("net.landmarks.page", "net.run.plots"):
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.delattr(module, raising=False)
    write_report(RunFolder(tmp_path), LandmarkTask(Selection(record_set)).opened(None))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("no plots: found no package matplotlib")


def test_a_report_that_a_kill_took_is_written_by_the_same_command(trained, record_set, tmp_path, capsys):
    run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
    options = train_options(record_set, run.path)
    with_plots = parse("", [option for option in options if option != "--no-plots"])
    (run.path / "curves.png").write_bytes(b"half")  # the page is written last
    for message in (f"report: {run.page}", "nothing to do"):
        assert not train(with_plots, ALONE)
        assert message in capsys.readouterr().out
        assert (run.path / "curves.png").read_bytes() != b"half"
    run.page.unlink()
    assert not train(parse("", options), ALONE)
    assert not run.page.exists()


def test_a_loss_that_is_no_number_ends_the_run():
    for loss in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"loss: found {loss} at step 7"):
            check_loss(loss, 7)
    check_loss(1e30, 7)
