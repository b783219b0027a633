"""The scripts of tools/measure/, asked for what is not there."""

import pytest

from tests.helpers.drawn import draw_set
from tools.measure import (
    batches,
    crops,
    crossings,
    cuts,
    detection,
    limit_pictures,
    limits,
    offset,
    pose,
    records,
    roll,
    scale,
    service,
    training,
    video,
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Drawn faces of 40 photos, some of them held out; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("scripts") / "tiny", sources=40, views=1)


SCRIPTS = {
    batches: (),
    crops: (),
    crossings: (),
    cuts: (),
    detection: ("--data",),
    limit_pictures: (),
    limits: (),
    offset: ("small", "--data"),
    pose: (),
    records: (),
    roll: (),
    scale: ("FACES", "--beam-python"),
    service: (),
    training: ("--records",),
    video: (),
}


@pytest.mark.parametrize("script, options", SCRIPTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_missing_is_one_line(script, options, tmp_path, capsys):
    assert script.main([*options, str(tmp_path / "none")]) == 2
    err = capsys.readouterr().err
    assert "none" in err and err.count("\n") == 1


@pytest.mark.parametrize("script, arguments", [(detection, []), (scale, ["FACES", "--steps", "29"])])
def test_arguments_that_do_not_fit_are_a_usage_error(script, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        script.main(arguments)
    assert "expected --" in capsys.readouterr().err


@pytest.mark.parametrize("script", [batches, service])
def test_a_folder_without_pictures_is_one_line(script, tmp_path, capsys):
    assert script.main([str(tmp_path)]) == 2
    assert f"{tmp_path}: found no pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    "script, options, rows",
    [
        (pose, ["--count", "1"], ["yaw 0-30", "all"]),
        (roll, ["--count", "1"], ["0°", "±30°", "±60°"]),
        (video, ["--pairs", "1", "--seconds", "0.4"], ["0.0", "1.0, rolling"]),
    ],
)
def test_held_out_faces_are_measured_with_the_shipped_model(script, options, rows, drawn, monkeypatch, capsys):
    monkeypatch.setattr(video, "MOTIONS", (video.Motion(), video.Motion(1.0, roll=25)))
    monkeypatch.setattr(video, "SETTLED", 0.2)
    assert script.main([str(drawn), *options]) == 0
    table = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    # of each clip as many rows as the model has ways of smoothing
    assert list(dict.fromkeys(cells[0].removeprefix("| ") for cells in table[1:])) == rows
    assert {len(cells) for cells in table} == {len(table[0])} and "nan" not in str(table)
