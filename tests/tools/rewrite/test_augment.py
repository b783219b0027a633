"""Offline augmentation: a set of records multiplied, its points where the pixels went."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from infer.geometry.rotations import turned_pose
from records import record, shards
from records.landmarks import IBUG_68
from records.manifest import Manifest
from records.record import Record, decode_image
from records.split import Split
from tests.helpers.records import records_of
from tools.rewrite import augment
from tools.rewrite.variants import Variant, changed, variants_of

SPOT, SIZE, CONTEXT = 30, 128, 8
MANIFEST = Manifest(
    points="pts_2d",
    size=SIZE,
    margin=0.15,
    context=CONTEXT,
    encoding="raw",
    scheme=IBUG_68,
    split=Split(),
    shards={},
    subsets={},
)


@pytest.fixture(scope="module")
def augmented(record_set, tmp_path_factory):
    out = tmp_path_factory.mktemp("augmented") / "set"
    argv = [str(record_set), "--out", str(out), "--turn=-12,20", "--shift", "0.1", "--brightness", "0.5", "--mirror"]
    argv += ["--label-offset", "0.01"]
    assert augment.main(argv) == 0
    return out


def read(folder, split):
    return {one["name"].decode(): one for one in records_of(folder, split)}


def test_training_records_are_multiplied_beside_the_originals_and_test_records_stay(record_set, augmented):
    before, after = shards.checked_manifest(record_set), shards.checked_manifest(augmented)
    assert shards.audit(augmented) == []
    count = (1 + 2 + 4 + 1) * 2
    assert after.count("train") == count * before.count("train")
    assert after.count("test") == before.count("test")
    for name, counts in before.subsets.items():
        assert after.subsets[name] == {"train": count * counts["train"], "test": counts["test"]}
    assert len(after.notes["variants"]) == count and after.notes["variants"][0] == ""
    assert (augmented / "preview.jpg").stat().st_size > 5000
    before, after = read(record_set, "train"), read(augmented, "train")
    for name, one in before.items():
        np.testing.assert_array_equal(after[name]["image"], one["image"])
        np.testing.assert_array_equal(after[name]["label"], one["label"])
        for suffix in ("~turn-12", "~turn+20~mirror", "~shift+0.1+0", "~light0.5"):
            assert after[name + suffix]["source"] == one["source"] and after[name + suffix]["subset"] == one["subset"]
        np.testing.assert_allclose(after[f"{name}~light0.5"]["label"], one["label"], atol=1e-6)
        mirrored = one["label"].reshape(-1, 2)[list(IBUG_68.flip)] * (-1, 1) + (1 + 2 * 0.01, 0)
        np.testing.assert_allclose(after[f"{name}~mirror"]["label"], mirrored.ravel(), atol=1e-6)
        half = np.rint(one["image"] * 0.5)
        assert np.abs(after[f"{name}~light0.5"]["image"] - half).max() <= 1


def spotted(points) -> tuple[Record, np.ndarray]:
    """A record whose picture, which comes with it, is black but for a white spot at its point 30; pose known."""
    y, x = np.mgrid[: SIZE + 2 * CONTEXT, : SIZE + 2 * CONTEXT]
    spot = points[SPOT] * SIZE - 0.5 + CONTEXT
    grey = 255 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 18)
    image = np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)
    label = points.astype(np.float32).ravel()
    pose = np.array([0.1, -0.3, 0.2], np.float32)
    return Record(b"", label, pose, 90.0, "s/t", "a", "a", 0.02), image


def centre_of(image) -> np.ndarray:
    """Where a spot is, in fractions of the crop."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image[..., 0].astype(np.float64)
    return (np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum() - CONTEXT + 0.5) / SIZE


@pytest.mark.parametrize(
    "way",
    [
        Variant(turn=-90),
        Variant(shift=(0.0, -0.07)),
        Variant(turn=25, shift=(-0.1, 0.0), mirrored=True),
    ],
)
def test_points_go_where_their_pixels_go(way):
    points = np.random.default_rng(3).uniform(0.35, 0.65, (68, 2))
    found, image = spotted(points)
    one = changed(found, image, way, MANIFEST)
    image = decode_image(one.image, "raw", CONTEXT)
    np.testing.assert_allclose(one.label.reshape(68, 2)[IBUG_68.flip[SPOT]], centre_of(image), atol=2e-3)
    assert (one.name, one.subset, one.source, one.side, one.doubt) == ("a" + way.suffix, "s/t", "a", 90, 0.02)
    record.encode(one)


@pytest.mark.parametrize("way", [Variant(mirrored=True), Variant(turn=25, shift=(-0.1, 0.0), mirrored=True)])
def test_labels_aside_from_their_faces_stay_on_their_side(way):
    face, aside = np.random.default_rng(3).uniform(0.35, 0.65, (68, 2)), np.array([0.03, 0])
    (found, image), (moved, _) = spotted(face), spotted(face + aside)
    expected = changed(found, image, way, MANIFEST).label.reshape(68, 2) + aside
    label = changed(moved, image, way, MANIFEST, 0.03).label.reshape(68, 2)
    np.testing.assert_allclose(label, expected, atol=1e-6)


def test_a_turn_is_clockwise_and_a_shift_moves_the_face():
    points = np.full((68, 2), 0.5)
    points[SPOT] = 0.7, 0.5  # to the right of the middle
    found, image = spotted(points)

    def place(way):
        return changed(found, image, way, MANIFEST).label.reshape(68, 2)[SPOT]

    np.testing.assert_allclose(place(Variant(turn=90)), [0.5, 0.7], atol=1e-6)  # below it
    np.testing.assert_allclose(place(Variant(shift=(0.1, -0.05))), [0.8, 0.45], atol=1e-6)


def test_poses_turn_along_and_unknown_points_stay_unknown():
    found, image = spotted(np.random.default_rng(3).uniform(0.35, 0.65, (68, 2)))
    one = changed(found, image, Variant(turn=10, mirrored=True), MANIFEST)
    np.testing.assert_allclose(one.pose, turned_pose(found.pose, np.radians(-10), True), atol=1e-6)
    found.label[:34] = np.nan
    plain = changed(found, image, Variant(mirrored=True), MANIFEST)
    np.testing.assert_allclose(plain.pose, [0.1, 0.3, -0.2], atol=1e-6)
    assert np.isnan(plain.label[:34]).all() and np.isfinite(plain.label[34:]).all()  # the jaw is its own mirror


def test_every_way_comes_once():
    ways = variants_of([0, 12, -0.0, 12], [], [1, 0.5, 1], True)
    straight = [Variant(), Variant(turn=12), Variant(brightness=0.5)]
    assert ways == [*straight, *(replace(way, mirrored=True) for way in straight)]
    assert len(set(variants_of([-12, 12], [0.06], [0.6, 1.2], True))) == 2 * (1 + 2 + 4 + 2)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_damaged_shard_is_named_and_nothing_stays(record_set, tmp_path, capsys, split):
    shutil.copytree(record_set, tmp_path / "set")
    file = Path(shards.checked_manifest(tmp_path / "set").files(tmp_path / "set", split)[-1])
    data = bytearray(file.read_bytes())
    data[-100] ^= 1  # in the last record: its checksum tells
    file.write_bytes(data)
    assert augment.main([str(tmp_path / "set"), "--out", str(tmp_path / "new"), "--mirror"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "damaged" in line]
    assert f"{file}: found a damaged record after " in line
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_what_is_refused(record_set, tmp_path, capsys):
    for argv, message in (
        ([record_set, "--out", tmp_path / "new", "--turn=0", "--brightness", "1"], "found nothing to do"),
        ([tmp_path / "absent", "--out", tmp_path / "new", "--mirror"], "found no manifest.json"),
    ):
        assert augment.main([str(arg) for arg in argv]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    for wrong in (
        "--shift=1.5",
        "--brightness=0",
        "--turn=200",
        "--turn=a",
        "--label-offset=nan",
        "--label-offset=0.06",
    ):
        with pytest.raises(SystemExit):
            augment.parse_args(["r", "--out", "o", wrong])
