"""records/scene.py: a scene comes back as it was, whatever its faces; arrays of other numbers of faces are refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from records import scene, shards
from records.examples import bytes_of, floats_of, numbers_of, serialised_example
from records.manifest import Manifest, SceneManifest
from records.scene import SceneRecord
from records.split import Split

RNG = np.random.default_rng(5)
PICTURE = np.repeat(np.repeat(RNG.integers(0, 256, (3, 4, 3)).astype(np.uint8), 8, 0), 8, 1)  # 24 high, 32 wide, BGR


def scene_of(faces: int, ignored: int) -> SceneRecord:
    numbers = [RNG.normal(50, 20, shape).astype(np.float32) for shape in ((faces, 5), (faces, 4), (faces, 5, 2))]
    ignore = RNG.normal(50, 20, (ignored, 4)).astype(np.float32)
    image = cv2.imencode(".png", PICTURE)[1].tobytes()
    by = tuple(f"by{number} ä" for number in range(faces))
    return SceneRecord(image, 32, 24, *numbers, by, ignore, "set/part ü", "a", f"source{faces}")


def test_scenes_come_back_from_their_shard_as_they_were(tmp_path):
    scenes = [scene_of(2, 3), scene_of(0, 1), scene_of(3, 0), scene_of(0, 0)]
    scenes[0].oriented[1, 4], scenes[0].five[1] = np.nan, np.nan
    shard = shards.write_shard(tmp_path / "train.tfrecords", map(scene.encode, scenes))
    back = list(scene.read([str(tmp_path / shard.file)]))
    assert len(back) == 4
    for before, after in zip(scenes, back, strict=True):
        for name in ("oriented", "box", "five", "ignore"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        plain = ("image", "width", "height", "by", "subset", "name", "source")
        assert [getattr(after, name) for name in plain] == [getattr(before, name) for name in plain]
    np.testing.assert_array_equal(scene.decode_image(back[1].image), PICTURE[..., ::-1])


@pytest.mark.parametrize("change", [{"by": ("one",)}, {"ignore": np.zeros((2, 5))}, {"five": np.zeros((2, 10))}])
def test_arrays_of_other_faces_are_refused(change):
    with pytest.raises(ValueError, match=r"^a: oriented"):
        scene.encode(replace(scene_of(2, 1), **change))


def test_what_is_no_scene_is_refused(tmp_path):
    whole = dict(image=bytes_of(b"i"), width=numbers_of(3), height=numbers_of(2), box=floats_of([1, 2, 3]))
    for wrong in (whole, whole | {"box": floats_of([]), "height": numbers_of()}, whole | {"image": bytes_of()}):
        with pytest.raises(ValueError, match="found no scene in"):
            scene.decode(serialised_example(**wrong))
    shards.write_shard(tmp_path / "x.tfrecords", [scene.encode(scene_of(1, 0))])
    with (tmp_path / "x.tfrecords").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match="x.tfrecords: found a damaged record after 1"):
        list(scene.read([str(tmp_path / "x.tfrecords")]))


def test_bytes_that_are_no_picture_are_refused():
    with pytest.raises(ValueError, match="7 bytes"):
        scene.decode_image(b"no file")


def test_a_manifest_of_scenes_is_none_of_faces_and_the_other_way_round(tmp_path):
    parts = {"train": (), "test": ()}
    whole = SceneManifest(points="pts_3d", longest=640, split=Split(0.3), shards=parts, subsets={}, notes={"by": "me"})
    whole.write(tmp_path)
    assert shards.checked_set(tmp_path, SceneManifest) == whole
    with pytest.raises(ValueError, match=r"manifest\.json: found a set of scenes, expected one of faces"):
        Manifest.read(tmp_path)
    (tmp_path / "manifest.json").write_text((tmp_path / "manifest.json").read_text().replace('"scenes"', '"faces"'))
    with pytest.raises(ValueError, match="found a set of faces, expected one of scenes"):
        shards.audit(tmp_path, SceneManifest)
