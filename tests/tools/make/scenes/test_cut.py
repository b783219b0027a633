"""tools/make/scenes/cut.py: the picture's own bytes where they will do, places that follow it where it is reduced."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from infer.geometry.oriented import roll_of
from records.scene import decode_image
from tests.helpers import scenes as made
from tests.helpers.annotated import IMAGE
from tests.helpers.drawn import HEIGHT, WIDTH
from tests.helpers.pictures import encode, exif
from tools.make.cut import JPEG_QUALITY
from tools.make.scenes.cut import SceneSettings, cut_scene
from tools.read import scenes
from tools.read.face import STORED, UPRIGHT, BadSample

WIDE = SceneSettings("pts_2d", 4000)


def item_of(folder, *faces, data: bytes | None = None, suffix=".png", **more):
    """The item of a picture with these faces; data: of its file."""
    path = made.write_labels(folder, made.line(f"a{suffix}", *faces, **more), pictures=())
    (folder / f"a{suffix}").write_bytes(encode(IMAGE, suffix) if data is None else data)
    return scenes.find(path, "set")[0]


@pytest.mark.parametrize("suffix, kept", [(".png", True), (".jpg", True), (".webp", True), (".bmp", False)])
def test_usual_files_go_in_as_they_are(tmp_path, suffix, kept):
    item = item_of(tmp_path, made.face(), suffix=suffix)
    cut = cut_scene(item, WIDE)
    assert (cut.image == item.picture.read_bytes()) == kept and (cut.width, cut.height) == (WIDTH, HEIGHT)
    assert np.abs(decode_image(cut.image)[..., ::-1].astype(int) - IMAGE).mean() < 6
    assert (
        cut.places.box.tolist() == [made.BOX]
        and cut.places.ignore.tolist() == [made.IGNORE]
        and cut.places.by == ("me",)
    )


def test_a_picture_that_was_turned_is_stored_turned(tmp_path):
    jpeg = encode(IMAGE, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 100)
    item = item_of(tmp_path, made.face(), data=jpeg[:2] + exif(6) + jpeg[2:], suffix=".jpg")
    stored, turned = (cut_scene(replace(item, orientation=how), WIDE) for how in (STORED, UPRIGHT))
    assert stored.image == item.picture.read_bytes() and (turned.width, turned.height) == (HEIGHT, WIDTH)
    upright = np.rot90(decode_image(stored.image), -1).astype(int)
    assert np.abs(decode_image(turned.image) - upright).mean() < 2


def test_large_pictures_are_reduced_with_all_that_lies_in_them(tmp_path):
    item = item_of(tmp_path, made.face(), made.face(made.OTHER, None))
    whole, small = cut_scene(item, WIDE), cut_scene(item, replace(WIDE, longest=WIDTH // 2))
    assert (small.width, small.height) == (WIDTH // 2, round(HEIGHT * (WIDTH // 2) / WIDTH))
    scale = np.array([small.width / WIDTH, small.height / HEIGHT])
    expected = cv2.resize(IMAGE, (small.width, small.height), interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", expected, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    assert small.image == jpeg
    np.testing.assert_allclose(small.places.five, (whole.places.five + 0.5) * scale - 0.5)
    for name in ("box", "ignore"):
        np.testing.assert_allclose(
            getattr(small.places, name), (getattr(whole.places, name) + 0.5) * np.tile(scale, 2) - 0.5
        )
    np.testing.assert_allclose(small.places.oriented[:, :2], (whole.places.oriented[:, :2] + 0.5) * scale - 0.5)
    np.testing.assert_allclose(small.places.oriented[:, 2:4], whole.places.oriented[:, 2:4] * scale[0], rtol=0.01)
    assert small.places.oriented[0, 4] == pytest.approx(roll_of(whole.places.five[0])) and np.isnan(
        small.places.oriented[1, 4]
    )


@pytest.mark.parametrize(
    "face, reason",
    [
        (made.face([-40, 10, -2, 50]), "face outside the picture"),
        (made.face([10, 10, 2e6, 50], None), "points far outside"),
        (
            made.face(five=[*made.FIVE[2:4], *made.FIVE[:2], *made.FIVE[4:6], *made.FIVE[8:], *made.FIVE[6:8]]),
            "mirrored order",
        ),
    ],
)
def test_places_that_cannot_be_right(tmp_path, face, reason):
    with pytest.raises(BadSample, match="set/all/a: ") as caught:
        cut_scene(item_of(tmp_path, face, made.face(made.OTHER, None)), WIDE)
    assert caught.value.reason == reason


def test_a_face_half_outside_stays(tmp_path):
    cut = cut_scene(item_of(tmp_path, made.face([-20, -10, 30, 40], None)), WIDE)
    assert cut.places.box.tolist() == [[-20, -10, 30, 40]]
