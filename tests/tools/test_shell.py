"""tools/shell.py: commands called in a row, their exit codes, and copies of files."""

import pytest

from tools.shell import call, copy_some, exit_code_of, output_of


@pytest.mark.parametrize("fine, code", [((0, 1), 0), ((0,), 1)])
def test_exit_codes_are_fine_or_end_it(tmp_path, capsys, fine, code):
    script = tmp_path / "ends.py"
    script.write_text("import sys; sys.exit(1)")
    assert exit_code_of("demo", lambda: call(str(script), "--count", 3, fine=fine)) == code
    printed = capsys.readouterr()
    assert f"$ python {script} --count 3" in printed.out
    assert printed.err == (f"demo: {script} ended with exit code 1\n" if code else "")


def test_copies_are_spread_over_the_files_and_replace_older_ones(tmp_path):
    files = [tmp_path / f"{index}.jpg" for index in range(7)]
    for file in files:
        file.write_bytes(file.name.encode())
    for count, names in ((3, ["0.jpg", "2.jpg", "4.jpg"]), (9, [file.name for file in files])):
        copy_some(files, count, tmp_path / "some")
        assert sorted(path.name for path in (tmp_path / "some").iterdir()) == names


def test_what_a_command_prints_and_why_it_fails(tmp_path):
    script = tmp_path / "a.py"
    script.write_text("import sys; print(*sys.argv[1:]); sys.exit(sys.argv[1] == 'bad' and 'first\\nlast')")
    assert output_of(str(script), 7, tmp_path) == f"7 {tmp_path}\n"
    with pytest.raises(ValueError, match=r"a\.py: last$"):
        output_of(str(script), "bad")


def test_a_command_has_settings_of_its_own_besides_those_of_this_process(tmp_path, monkeypatch):
    script = tmp_path / "a.py"
    script.write_text("import os; print(os.environ['FIRST'], os.environ.get('SECOND'))")
    monkeypatch.setenv("FIRST", "1")
    assert output_of(str(script), settings={"SECOND": "2"}) == "1 2\n"
    assert output_of(str(script)) == "1 None\n"
