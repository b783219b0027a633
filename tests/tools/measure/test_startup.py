"""tools/measure/startup.py: calls come in turns, the first turn is not counted; nothing is measured here."""

from tools.measure import startup


def test_calls_come_in_turns_and_the_first_turn_is_not_counted(monkeypatch):
    clock, order = iter([0, 9, 10, 19, 20, 22, 30, 35, 40, 41, 50, 56]), []
    monkeypatch.setattr(startup.time, "perf_counter", lambda: next(clock))
    found = startup.seconds_of({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, turns=3)
    assert order == ["a", "b"] * 3 and found == {"a": [2, 1], "b": [5, 6]}


def test_the_table_has_the_median_and_the_least():
    text = startup.table({"`x --help`": [0.5, 0.1, 0.25], "y": [3.0, 4.0]})
    assert text.splitlines()[2:] == ["| `x --help` | 0.25 | 0.10 |", "| y | 3.50 | 3.00 |"]


def test_what_is_run(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(startup, "output_of", lambda script, *arguments: ran.append((script, *map(str, arguments))))
    for call in startup.calls(tmp_path).values():
        call()
    assert [call[1:] for call in ran[: len(startup.HELP)]] == [("--help",)] * len(startup.HELP)
    assert {script for script, *_ in ran} == set(startup.HELP)
    picture, records = ran[-2:]
    assert picture[:2] == ("infer/run.py", str(startup.PICTURE)) and startup.PICTURE.is_file()
    assert records[:2] == ("tools/make_records.py", str(tmp_path / "faces")) and "--overwrite" in records
