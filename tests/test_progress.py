from tools import progress
from tools.progress import Progress


def test_plain_lines_where_there_is_no_terminal(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with Progress(100, "faces", done=20) as bar:
        assert bar.bar.disable
        now[0] += 9
        bar.step(10)
        assert capsys.readouterr().out == ""
        now[0] += 1
        bar.step(10)
        # 20 in 10 s since the start: 60 left at 2 a second
        assert capsys.readouterr().out == "40/100 faces, 2/s, 0:30 left\n"
        bar.say("a line")
        now[0] += 10
        bar.step(20)
    assert capsys.readouterr().out == "a line\n60/100 faces, 2/s, 0:20 left\n"


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True)
    with Progress(8, "faces") as bar:
        assert not bar.bar.disable
        bar.step(3)
        assert bar.count == bar.bar.n == 3
        bar.say("between")
    printed = capsys.readouterr().out
    assert "between" in printed and "3/8" in printed
