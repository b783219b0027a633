"""Reader of COCO's keypoints: what is special about it (see test_listing.py)."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
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


def test_a_name_longer_than_the_system_allows_is_a_missing_picture(tmp_path):
    images = [{"id": 7, "file_name": "a" * 5000}]
    (item,) = find(write_annotations(tmp_path, coco_annotation(), images=images), "set")
    with pytest.raises(BadSample):
        read(item)


def test_what_has_no_labelled_face_is_left_out(tmp_path):
    others = [
        coco_annotation(iscrowd=1),
        coco_annotation(num_keypoints=0),
        coco_annotation(keypoints=[]),
        coco_annotation(category_id=1, keypoints=[1, 2, 3] * 17),
    ]
    body = {"id": 1, "name": "person", "keypoints": ["nose"] * 17}
    path = write_annotations(tmp_path, coco_annotation(), *others, categories=[COCO_FACE, body])
    assert len(find(path, "set")) == 1


@pytest.mark.parametrize("wrong, found", [([1, 2, 2] * 67, "201 numbers"), (["x"] * 204, "no numbers")])
def test_wrong_keypoints_spoil_their_face_alone(tmp_path, wrong, found):
    bad, good = find(write_annotations(tmp_path, coco_annotation(keypoints=wrong), coco_annotation()), "set")
    with pytest.raises(BadSample, match=f"faces.json annotation 11: keypoints are {found}") as caught:
        read(bad)
    assert caught.value.reason == "wrong shape" and np.isfinite(read(good).points).all()


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"categories": [{"id": 1, "name": "person", "keypoints": [""] * 17}]}, "categories person of 17 keypoints"),
        ({"categories": []}, "categories none"),
        ({"images": None}, "no list images"),
        ({"images": []}, r"entries that are not COCO's \(KeyError 7\)"),
        ({"images": [3]}, r"entries that are not COCO's \(TypeError"),
        ({"annotations": [{"id": 1}]}, r"entries that are not COCO's \(KeyError 'category_id'\)"),
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
