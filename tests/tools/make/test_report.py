import cv2
import numpy as np
import pytest

from records import record, shards
from records.landmarks import IBUG_68, KAGGLE_15
from records.manifest import Manifest
from records.split import Split
from tests.helpers.drawn import symmetric_face
from tools.make.report import estimate_yaw, plot_points, read_faces, shares, write_report

PLOTS = ["counts.png", "points.png", "sizes.png", "unknown.png", "yaw.png"]


def write_set(folder, labels, split="train", scheme=IBUG_68, encoding="raw"):
    """A set of records with these labels [N, K, 2]; face i is grey 10 * i, 100 + i px large."""
    folder.mkdir()
    edge = record.SIZE
    serialised = [
        record.encode(
            record.Record(
                np.full((edge, edge, 3), 10 * index, np.uint8).tobytes(),
                label.astype(np.float32).ravel(),
                np.array([0.0, np.nan if index else 0.5, 0.0], np.float32),
                100.0 + index,
                "set/odd" if index % 2 else "set/even",
                f"n{index}",
            )
        )
        for index, label in enumerate(labels)
    ]
    entry = shards.write_shard(folder / f"{split}-00000-of-00001.tfrecords", serialised)
    parts = {"train": (), "test": (), split: (entry,)}
    subsets = {f"set/{name}": {"train": 0, "test": 0, split: count} for name, count in (("even", 2), ("odd", 1))}
    skipped = {"odd shape": ["a: b"]}
    manifest = Manifest(
        "pts_2d",
        edge,
        0.15,
        0,
        encoding,
        scheme,
        Split(),
        parts,
        subsets,
        skipped=skipped,
        remarks={"scaled": ["c", "d"]},
    )
    manifest.write(folder)
    return folder


@pytest.fixture
def labels():
    rng = np.random.default_rng(2)
    labels = rng.uniform(0.2, 0.8, (3, 68, 2))
    labels[1, :17] = np.nan  # a jaw unknown
    labels[2, 30] = 1.2, 0.5  # a nose outside
    return labels


def test_faces_are_read_as_stored(tmp_path, labels):
    folder = write_set(tmp_path / "set", labels)
    faces = read_faces(folder, shards.checked_manifest(folder))
    np.testing.assert_allclose(faces.labels, labels, atol=1e-6)
    assert faces.subset.tolist() == ["set/even", "set/odd", "set/even"] and faces.side.tolist() == [100, 101, 102]
    np.testing.assert_allclose(faces.mean, 10 / 255, atol=1e-9)  # of 0, 10 and 20


def test_points_are_drawn_at_their_mean(tmp_path, labels):
    folder = write_set(tmp_path / "set", labels)
    axes = plot_points(read_faces(folder, shards.checked_manifest(folder)), IBUG_68).axes[0]
    places = {text.get_text(): text.xy for text in axes.texts}
    assert len(places) == 68
    np.testing.assert_allclose(places["3"], np.nanmean(labels[:, 3], axis=0), atol=1e-6)
    np.testing.assert_allclose(places["30"], labels[:, 30].mean(axis=0), atol=1e-6)
    ellipse = axes.patches[0]
    np.testing.assert_allclose([ellipse.width, ellipse.height], 2 * np.nanstd(labels[:, 0], axis=0), atol=1e-6)


def test_shares_of_unknown_and_outside(tmp_path, labels):
    folder = write_set(tmp_path / "set", labels)
    found = shares(read_faces(folder, shards.checked_manifest(folder)), IBUG_68)
    assert found["unknown"] == {"jaw": pytest.approx(1 / 3), "brows": 0, "nose": 0, "eyes": 0, "mouth": 0}
    assert found["outside the crop"] == {"jaw": 0, "brows": 0, "nose": pytest.approx(1 / 27), "eyes": 0, "mouth": 0}


def head(yaw: float, roll: float) -> np.ndarray:
    """The flat face with a nose in front of it, turned and tilted, as seen from afar; [68, 2]."""
    solid = np.column_stack([symmetric_face(), np.zeros(68)])
    solid[30, 2] = 0.49 * (solid[45, 0] - solid[36, 0])
    # positive yaw: the nose goes to the picture's left
    seen = np.column_stack([solid[:, 0] * np.cos(yaw) - solid[:, 2] * np.sin(yaw), solid[:, 1]])
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return 0.4 * seen @ turn.T + 0.5


@pytest.mark.parametrize("degrees", [-80, -30, 0, 10, 60])
@pytest.mark.parametrize("roll", [-0.6, 0, 0.4])
def test_yaw_is_estimated_from_points(degrees, roll):
    (found,) = np.degrees(estimate_yaw(head(np.radians(degrees), roll)[None], IBUG_68))
    assert found == pytest.approx(degrees, abs=0.5)


def test_yaw_of_unknown_points_and_other_schemes_is_unknown(labels):
    assert np.isfinite(estimate_yaw(labels, IBUG_68)).tolist() == [True, False, True]
    assert np.isnan(estimate_yaw(np.zeros((2, 15, 2)), KAGGLE_15)).all()


def test_yaw_of_genuine_faces_agrees_with_their_pose(genuine):
    from tools.read.w300lp import find, read

    faces = [read(item, "pts_2d") for item in find(genuine, "genuine") if item.annotation.name.endswith("_pts.mat")]
    found = estimate_yaw(np.array([face.points for face in faces], np.float64), IBUG_68)
    assert len(faces) >= 2
    assert np.nanmax(np.abs(np.degrees(found - [face.pose[1] for face in faces]))) < 8


def test_the_report_has_its_plots_and_tables_and_is_the_same_again(tmp_path, labels):
    folder = write_set(tmp_path / "set", labels)
    first, second = write_report(folder), write_report(folder, tmp_path / "again")
    assert first == folder / "report"
    assert sorted(path.name for path in first.iterdir()) == sorted([*PLOTS, "report.md"])
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
    assert all(cv2.imread(str(first / name)).std() > 5 for name in PLOTS)
    page = (first / "report.md").read_text()
    assert "# 3 faces, 68 points (ibug68)" in page and "| set/even | 2 | 0 |" in page
    assert "| odd shape | 1 | a: b |" in page and "| scaled | 2 | c |" in page
    assert all(f"]({name})" in page for name in PLOTS)


def test_other_schemes_and_a_set_of_test_faces_alone(tmp_path):
    labels = np.random.default_rng(3).uniform(0.1, 0.9, (3, 15, 2))
    folder = write_set(tmp_path / "set", labels, "test", KAGGLE_15)
    page = (write_report(folder) / "report.md").read_text()
    assert "15 points (kaggle15)" in page and "| set/odd | 0 | 1 |" in page
