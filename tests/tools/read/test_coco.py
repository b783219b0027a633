"""Reader of COCO's keypoints: what is special about it (see test_listing.py)."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from records.landmarks import SCHEMES
from tests.helpers.annotated import COCO_FACE, POINTS, coco_annotation, coco_keypoints, unknown, write_annotations
from tools.read.coco import find, read
from tools.read.face import BadSample


def test_occluded_points_are_points(tmp_path):
    hidden = [1 if index % 3 == 2 else value for index, value in enumerate(coco_keypoints())]
    (item,) = find(write_annotations(tmp_path, coco_annotation(keypoints=hidden)), "set")
    np.testing.assert_allclose(read(item).points, POINTS)


@pytest.mark.parametrize("bbox", [[1, 2, 3], ["a", 0, 1, 1], [5, 5, 0, 0]])
def test_an_unusable_box_is_none(tmp_path, bbox):
    partly = coco_keypoints(unknown(POINTS, *range(17)))
    (item,) = find(write_annotations(tmp_path, coco_annotation(bbox=bbox, keypoints=partly)), "set")
    np.testing.assert_allclose(read(item).box, box_of(POINTS), atol=0.25 * np.ptp(POINTS[:, 0]))


@pytest.mark.parametrize("place", ["images", "../images"])
def test_pictures_in_images_beside_the_file_or_its_folder(tmp_path, place):
    (item,) = find(write_annotations(tmp_path / "annotations", coco_annotation(), place=place), "set")
    assert item.picture.resolve() == (tmp_path / "annotations" / place / "a.png").resolve()
    assert item.subset == "images"


BODY = {"id": 1, "name": "person", "keypoints": ["nose"] * 17}


@pytest.mark.parametrize(
    "odd, reason, found",
    [
        ({"image_id": 9}, "unknown picture", "image_id 9 is not among the images"),
        ({"image_id": [7]}, "unknown picture", r"image_id \[7\] is not among the images"),
        ({"image_id": 8}, "unknown picture", "image_id 8 has no file_name"),
        ({"category_id": None}, "unknown category", "category_id is None"),
        ({"iscrowd": 1}, "crowd", "iscrowd is 1"),
        ({"num_keypoints": 0}, "no labelled point", "num_keypoints is 0"),
        ({"keypoints": []}, "no labelled point", "found no keypoints"),
        ({"keypoints": [1, 2, 2] * 67}, "wrong shape", r"keypoints are numbers of shape \(201,\), expected 204"),
        ({"keypoints": [[1, 2]] * 102}, "wrong shape", r"keypoints are numbers of shape \(102, 2\), expected 204"),
        ({"keypoints": ["x"] * 204}, "wrong shape", "keypoints are no numbers"),
    ],
)
def test_an_odd_entry_spoils_its_face_alone(tmp_path, odd, reason, found):
    others = [coco_annotation(category_id=1, keypoints=[1, 2, 3] * 17), coco_annotation()]
    images = [{"id": 7, "file_name": "a.png"}, {"id": 8}, 3]
    entries = [coco_annotation(**odd), *others]
    path = write_annotations(tmp_path, *entries, images=images, categories=[COCO_FACE, BODY, "face"])
    good, bad = sorted(find(path, "set"), key=lambda item: bool(item.data.fault))
    with pytest.raises(BadSample, match=f"faces.json annotation 11: {found}") as caught:
        read(bad)
    assert caught.value.reason == reason and np.isfinite(read(good).points).all()


def test_an_entry_that_is_no_object_is_named_by_its_place(tmp_path):
    _, bad = find(write_annotations(tmp_path, coco_annotation(), "face"), "set")
    with pytest.raises(BadSample, match="faces.json annotation number 2: "):
        read(bad)


@pytest.mark.parametrize(
    "fields",
    [
        {"image_id": "7", "category_id": "4"},
        {"image_id": 7.0},
        {"keypoints": np.reshape(coco_keypoints(), (68, 3)).tolist()},
    ],
)
def test_ids_as_text_and_points_in_rows_mean_the_same(tmp_path, fields):
    (item,) = find(write_annotations(tmp_path, coco_annotation(**fields)), "set")
    np.testing.assert_allclose(read(item).points, POINTS)


def seven(names, **fields) -> dict:
    """The fields of a file whose faces have seven points of these names, the third of them unknown."""
    face = coco_annotation(keypoints=coco_keypoints(unknown(POINTS[:7], 2)), bbox=[10, 20, 100, 90])
    return {
        "annotations": [face],
        "categories": [{**COCO_FACE, "keypoints": names, **fields}, {**BODY, "keypoints": []}],
    }


@pytest.mark.parametrize(
    "names", [[*map(str, range(7))], [*map(str, range(1, 8))], [], ["nose"] * 7, ["a,b", *"cdefgh"]]
)
def test_seven_points_without_names_stand_as_they_are_listed(tmp_path, names):
    (item,) = find(write_annotations(tmp_path, **seven(names)), "set")
    assert item.scheme.name == "points7"
    np.testing.assert_allclose(read(item).points, unknown(POINTS[:7], 2))


def test_names_are_a_schemes_or_one_of_their_own_in_the_lists_order(tmp_path):
    (item,) = find(write_annotations(tmp_path, **seven([*"gfedcba"], name="anything")), "set")
    assert item.scheme.names == tuple("gfedcba") and item.scheme.name.startswith("points7-")
    np.testing.assert_allclose(read(item).points, unknown(POINTS[:7], 2))
    names = SCHEMES["kaggle15"].names
    (item,) = find(write_annotations(tmp_path, **seven(names[8:1:-1])), "set")
    assert item.scheme == SCHEMES["kaggle15"]
    np.testing.assert_allclose(read(item).points[8:1:-1], unknown(POINTS[:7], 2))
    assert np.isnan(read(item).points[[0, 1, *range(9, 15)]]).all()


@pytest.mark.parametrize("others", [[{**BODY, "name": "a hand", "keypoints": [*"abc"]}], [{**BODY, "name": "my FACE"}]])
def test_of_several_categories_that_of_faces_is_taken_or_of_68(tmp_path, others):
    entries = [coco_annotation(), coco_annotation(category_id=1, keypoints=[1, 2, 2] * 17)]
    (item,) = find(write_annotations(tmp_path, *entries, categories=[COCO_FACE, *others]), "set")
    assert item.scheme.name == "ibug68"


def test_an_id_that_two_pictures_have_is_refused(tmp_path):
    images = [{"id": 7, "file_name": "a.png"}, {"id": "7", "file_name": "b.png"}]
    with pytest.raises(ValueError, match=r"faces.json: found image id 7 twice \(a.png and b.png\)"):
        find(write_annotations(tmp_path, coco_annotation(), images=images), "set")
    with pytest.raises(ValueError, match=r"faces.json: found category id 4 twice \(68 and 17\)"):
        find(write_annotations(tmp_path, coco_annotation(), categories=[COCO_FACE, {**BODY, "id": 4}]), "set")
    (item,) = find(write_annotations(tmp_path, coco_annotation(), images=images[:1] * 2), "set")
    assert item.name == "a#1"


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"categories": [BODY, {**BODY, "id": 2, "name": "hand", "keypoints": ["0"] * 21}]},
            "categories person of 17 key",
        ),
        ({"categories": [{**BODY, "keypoints": []}]}, "categories person of 0 keypoints"),
        ({"categories": [{**BODY, "keypoints": ["a"] * 10_001}]}, "categories person of 10001 keypoints, expected"),
        ({"categories": []}, "categories none"),
        ({"images": None}, "no list images"),
        ({"annotations": [coco_annotation(category_id=1)], "categories": [COCO_FACE, BODY]}, "no face"),
        (
            {"categories": [{**COCO_FACE, "name": "face b", "keypoints": ["0"]}, {**BODY, "name": "face a"}]},
            "categories face b of 1",
        ),
    ],
)
def test_files_that_are_not_cocos(tmp_path, fields, message):
    with pytest.raises(ValueError, match=f"faces.json: found {message}"):
        find(write_annotations(tmp_path, coco_annotation(), **fields), "set")


@pytest.mark.parametrize(
    "text, found",
    [('{"images": [', "malformed JSON"), ("[" * 200_000, "malformed JSON"), ("[]", "no list images, annotations")],
)
def test_malformed_json(tmp_path, text, found):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=f"a.json: found {found}"):
        find(tmp_path / "a.json", "set")
