import io

from infer.jobs import progress as module
from infer.jobs.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_few_are_named_and_many_counted(monkeypatch):
    few = io.StringIO()
    progress = Progress(3, "pictures", stream=few, named=True)
    progress.step(line="a.jpg: 1 face")
    assert few.getvalue() == "a.jpg: 1 face\n"
    monkeypatch.setattr(module, "SECONDS", 0.0)
    monkeypatch.setattr(module, "REDRAW", 0.0)
    many = io.StringIO()
    Progress(1000, "pictures", stream=many, named=True).step(line="a.jpg: 1 face")
    assert many.getvalue().startswith("1/1000 pictures, ") and many.getvalue().endswith(" left\n")
    shown = Terminal()
    progress = Progress(None, "frames", stream=shown)
    progress.step()
    progress.clear()
    assert (
        shown.getvalue().startswith("1 frames, ") and shown.getvalue().endswith("\r") and "\n" not in shown.getvalue()
    )
    assert progress.status(0.5) == "1 frames, 2/s"
    progress = Progress(100, "frames")
    progress.count = 25
    assert progress.status(5.0) == "25/100 frames, 5/s, 0:15 left"


def test_what_an_earlier_run_did_counts_but_not_for_the_rate(monkeypatch):
    now, lines = [100.0], io.StringIO()
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with Progress(100, "faces", done=20, stream=lines) as progress:
        now[0] += module.SECONDS - 1
        progress.step(10)
        assert lines.getvalue() == ""
        now[0] += 1
        progress.step(10)
        # 20 in 10 s since the start: 60 left at 2 a second
        assert lines.getvalue() == "40/100 faces, 2/s, 0:30 left\n"
        progress.say("a line")
        now[0] += module.SECONDS
        progress.step(20)
    assert lines.getvalue().splitlines()[1:] == ["a line", "60/100 faces, 2/s, 0:20 left"]


def test_the_changing_line_is_gone_at_the_end(monkeypatch):
    monkeypatch.setattr(module, "REDRAW", 0.0)
    shown = Terminal()
    with Progress(8, "faces", stream=shown) as progress:
        progress.step(3)
        assert "3/8 faces" in shown.getvalue()
    assert shown.getvalue().endswith(" \r")
