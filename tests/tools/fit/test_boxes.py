"""tools/fit/boxes.py: constants come back from squares made of known ones."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from infer.detect.haar import Cascade, load_cascades
from infer.detect.yunet import boxes_around, load_weights
from infer.faces.align import five_points
from infer.geometry.boxes import box_of
from records.split import split_of
from tests.helpers.drawn import symmetric_face
from tools.fit import boxes as fit_boxes
from tools.fit.boxes import LARGE, STARTS, Finds, Sample, draw_samples, fit, fit_five, match, report, to_fit

START = Cascade("some", "some.xml", True, 640, 1.1, 2, 24, 0, 0.0, 0.1, 0.7, 0.7)
TRUE = dataclasses.replace(START, dx=0.06, dy=0.13, width=0.65, height=0.72)


@pytest.fixture(autouse=True)
def all_sources(monkeypatch):
    """No source is held out, so that few files do."""
    monkeypatch.setattr(fit_boxes, "TEST_FRACTION", 0.0)


def sample(source: str, yaw: float) -> Sample:
    """A sample of which only the set and the yaw matter."""
    return Sample(source, None, np.zeros(4), yaw, np.zeros((68, 2)))


def finds(count: int, noise: float = 0.0, seed: int = 0) -> Finds:
    """Squares at random places and the boxes that TRUE maps them to."""
    rng = np.random.default_rng(seed)
    squares = np.concatenate(
        [rng.uniform(0, 90, (count, 2)), np.repeat(rng.uniform(40, 80, (count, 1)), 2, axis=1)], axis=1
    )
    boxes = TRUE.to_boxes(squares) + rng.normal(0, noise, (count, 4))
    return Finds(squares, boxes, np.zeros(count, int), 1.0)


def write_set(folder, sets: dict[str, int], pose: bool = False) -> None:
    """A data set in 300W-LP's layout: grey pictures, points around (30..90, 20..100)."""
    points = np.random.default_rng(0).uniform((30, 20), (90, 100), (68, 2))
    points[:2] = (30, 20), (90, 100)
    for name, count in sets.items():
        (folder / "landmarks" / name).mkdir(parents=True)
        (folder / name).mkdir()
        for index in range(count):
            stem = f"{name}_{index}_0"
            (folder / name / f"{stem}.jpg").write_bytes(
                cv2.imencode(".jpg", np.full((120, 110, 3), 90, np.uint8))[1].tobytes()
            )
            savemat(folder / "landmarks" / name / f"{stem}_pts.mat", {"pts_2d": points})
            if pose:
                savemat(folder / name / f"{stem}.mat", {"Pose_Para": np.array([[0.1, -0.7, 0, 0, 0, 0, 0]])})


def test_constants_come_back():
    cascade, statistics = fit(START, finds(50), np.ones(50, bool))
    assert cascade == TRUE
    assert statistics["centre_error_median"] == 0 and statistics["size_error_10_50_90"] == [0, 0, 0]
    assert (statistics["faces"], statistics["found"], statistics["fitted_to"]) == (50, 50, 50)


def test_medians_bear_a_few_wrong_matches():
    found = finds(200, noise=0.5)
    found.boxes[:30] += 25
    cascade, statistics = fit(START, found, np.ones(200, bool))
    for name in ("dx", "dy", "width", "height"):
        assert getattr(cascade, name) == pytest.approx(getattr(TRUE, name), abs=0.01), name
    assert 0 < statistics["centre_error_median"] < 0.03 < statistics["centre_error_90"]


def test_a_frontal_cascade_is_symmetric():
    assert fit(dataclasses.replace(START, mirrored=False), finds(50), np.ones(50, bool))[0].dx == 0


def test_too_few_finds_are_an_error():
    with pytest.raises(ValueError, match=r"some\.xml: found 19 faces, expected at least 20 to fit constants to"):
        fit(START, finds(40), np.arange(40) < 19)


def test_match_takes_the_best_and_counts_what_lies_elsewhere():
    box = TRUE.to_boxes(np.array([[20, 20, 60, 60]]))[0]
    squares = np.array([[200, 200, 50, 50], [28, 20, 60, 60], [20, 21, 60, 60]])
    square, shared, alarms = match(squares, box, TRUE)
    np.testing.assert_array_equal(square, squares[2])
    assert shared > 0.9 and alarms == 1
    square, shared, alarms = match(squares[:1], box, TRUE)
    assert np.isnan(square).all() and (shared, alarms) == (0, 1)
    assert np.isnan(match(np.zeros((0, 4)), box, TRUE)[0]).all()


def test_each_cascade_is_fitted_to_what_it_will_be_asked_about():
    samples = [sample("s", yaw) for yaw in (5, np.nan, 45, 80, np.nan)]
    full = finds(5)
    first, second = (dataclasses.replace(full, squares=full.squares.copy()) for _ in range(2))
    first.squares[[1, 4]] = second.squares[4] = np.nan
    chosen = to_fit(samples, [first, second, full])
    np.testing.assert_array_equal(chosen[0], [True, False, False, False, False])
    np.testing.assert_array_equal(chosen[1], [True, True, False, False, False])
    np.testing.assert_array_equal(chosen[2], [False, False, True, True, True])


def test_samples_are_drawn_evenly_and_by_seed(tmp_path):
    write_set(tmp_path / "data", {"BIG": 9, "SMALL": 2}, pose=True)
    samples = draw_samples([tmp_path / "data"], 8, np.random.default_rng(1))
    assert [sample.source for sample in samples] == ["data/BIG"] * 4 + ["data/SMALL"] * 2
    assert len({sample.picture for sample in samples}) == 6
    np.testing.assert_allclose(samples[0].box, [30, 20, 90, 100])
    assert samples[0].yaw == pytest.approx(np.degrees(0.7))
    again = draw_samples([tmp_path / "data"], 8, np.random.default_rng(1))
    assert [sample.picture for sample in again] == [sample.picture for sample in samples]


def test_unknown_jaw_is_read_from_pts_3d(tmp_path):
    write_set(tmp_path / "data", {"YTF": 1})
    file = tmp_path / "data" / "landmarks" / "YTF" / "YTF_0_0_pts.mat"
    whole = np.random.default_rng(0).uniform(10, 50, (68, 2))
    part = whole.copy()
    part[:17] = np.nan
    savemat(file, {"pts_2d": part, "pts_3d": whole})
    (sample,) = draw_samples([tmp_path / "data"], 5, np.random.default_rng(0))
    np.testing.assert_allclose(sample.box, [*whole.min(axis=0), *whole.max(axis=0)])
    assert np.isnan(sample.yaw)
    savemat(file, {"pts_2d": part})
    with pytest.raises(
        ValueError, match=r"YTF_0_0_pts\.mat: found no whole pts_2d or pts_3d, expected \(68, 2\) without NaN"
    ):
        draw_samples([tmp_path / "data"], 5, np.random.default_rng(0))


def test_report_counts_by_set_and_yaw():
    samples = [*(sample("s/A", yaw) for yaw in (10, 20, 70)), sample("s/B", np.nan)]
    reduced, frontal, profile = finds(4), finds(4), finds(4)
    reduced.squares[:] = np.nan
    frontal.squares[[2, 3]] = np.nan
    profile.squares[[0, 3]] = np.nan
    profile.alarms[1] = 2
    rows = {
        line[:34].strip(): [line.split()[1 if line[0] != " " else 2], *line.split()[-5:]]
        for line in report(samples, [reduced, frontal, profile]).splitlines()
    }
    assert rows["s/A"] == ["3", "66.7%", "(0.00)", "66.7%", "(0.67)", "100.0%"]
    assert rows["|yaw| 0-30"] == ["2", "100.0%", "(0.00)", "50.0%", "(1.00)", "100.0%"]
    assert rows["|yaw| 60-90"] == ["1", "0.0%", "(0.00)", "100.0%", "(0.00)", "100.0%"]
    assert rows["all"] == ["4", "50.0%", "(0.00)", "50.0%", "(0.50)", "75.0%"]
    assert "|yaw| 30-60" not in rows


def test_the_whole_script_writes_what_detect_reads(tmp_path, monkeypatch, capsys):
    write_set(tmp_path / "data", {"A": 25}, pose=True)

    def found(classifier, grey, cascade):
        # where the cascade would have to find it: the face is at (30..90, 20..100), the picture drawn out by 12
        box, side = np.array([60 + 12, 60 + 12]), 100
        left, top = box - np.array([cascade.dx, cascade.dy]) * side - (side - 1) / 2
        return np.array([[round(left), round(top), side, side]]), np.array([5])

    monkeypatch.setattr(fit_boxes, "find_squares", found)
    monkeypatch.setattr(fit_boxes, "to_fit", lambda samples, finds: [each.found for each in finds])
    out = tmp_path / "new" / "detectors.json"
    assert fit_boxes.main([str(tmp_path / "data"), "--out", str(out), "--count", "30"]) == 0
    printed = capsys.readouterr()
    assert "data/A" in printed.out and f"wrote {out}" in printed.out and "25/25" in printed.err
    *fitted, large = load_cascades(out)
    assert [cascade.name for cascade in fitted] == [start.name for start in STARTS]
    for cascade, start in zip(fitted, STARTS, strict=True):
        assert (cascade.width, cascade.height) == (0.6, 0.8) and cascade.dy == pytest.approx(start.dy, abs=0.01)
    assert large == dataclasses.replace(fitted[1], **LARGE)
    raw = json.loads(out.read_text())
    assert raw["fitted_on"] == {"data/A": 25} and raw["seed"] == 0 and str(tmp_path) not in out.read_text()
    assert load_weights(out).shape == (11, 4) and raw["five_points"]["fit"]["faces"] == 25


def test_five_points_lead_to_the_box():
    rng, shape = np.random.default_rng(0), symmetric_face()
    faces = np.array(
        [shape * rng.uniform(20, 90) * rng.uniform(0.9, 1.1, 2) + rng.uniform(0, 300, 2) for _ in range(60)]
    )
    five = fit_five(faces)
    assert five["fit"]["faces"] == 60 and max(five["fit"]["worst_edge_off_50_90"]) < 0.02
    new = shape * 50 + (400, 100)
    (box,) = boxes_around(five_points(new, "ibug68")[None], np.array(five["weights"]))
    np.testing.assert_allclose(box, box_of(new), atol=2)
    with pytest.raises(ValueError, match="five points: found 19 faces, expected at least 20"):
        fit_five(faces[:19])


def test_held_out_sources_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_boxes, "TEST_FRACTION", 0.5)
    write_set(tmp_path / "data", {"A": 20})
    names = {some.picture.stem for some in draw_samples([tmp_path / "data"], 20, np.random.default_rng(0))}
    assert (
        names == {f"A_{index}_0" for index in range(20) if split_of(f"A_{index}_0", 0.5) == "train"} and len(names) < 20
    )


def test_wrong_folders_are_one_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for folder, wanted in [
        ("none", "none: found no such folder, expected a data set in 300W-LP's layout"),
        ("empty", "empty: found no pairs, expected <SET>/<NAME>.jpg and landmarks/<SET>/<NAME>_pts.mat"),
    ]:
        assert fit_boxes.main([str(tmp_path / folder), "--out", str(tmp_path / "d.json")]) == 2
        assert capsys.readouterr().err == f"{tmp_path / wanted}\n"
    assert not (tmp_path / "d.json").exists()
