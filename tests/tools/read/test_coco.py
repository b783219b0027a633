import json

import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.drawn import HEIGHT, WIDTH, draw_face, random_face
from tools.read.coco import find, matches, read
from tools.read.face import BadSample

RNG = np.random.default_rng(31)
POINTS, OTHER = random_face(RNG), random_face(RNG)
FACE = {"id": 4, "name": "face", "keypoints": [str(index) for index in range(68)]}


def keypoints(points=POINTS, unknown=()) -> list:
    return [value for i, (x, y) in enumerate(points.tolist()) for value in ((0, 0, 0) if i in unknown else (x, y, 2))]


def annotation(**fields) -> dict:
    return {"id": 11, "image_id": 7, "category_id": 4, "bbox": [40, 30, 90, 101], "keypoints": keypoints(), **fields}


def write(folder, *annotations, place="", **fields):
    document = {"images": [{"id": 7, "file_name": "a.png"}], "annotations": list(annotations), "categories": [FACE]}
    folder.mkdir(exist_ok=True)
    (folder / "faces.json").write_text(json.dumps({**document, **fields}))
    (folder / place).mkdir(exist_ok=True)
    cv2.imwrite(str(folder / place / "a.png"), draw_face(POINTS, np.random.default_rng(0)))
    return folder / "faces.json"


def test_faces_of_a_picture(tmp_path):
    items = find(write(tmp_path, annotation(), annotation(keypoints=keypoints(OTHER))), "set")
    assert [item.key for item in items] == ["set/all/a#1", "set/all/a#2"]
    assert {item.source for item in items} == {"a.png"}
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        face = read(item, "pts_2d")
        assert face.points.dtype == np.float32 and face.image.shape == (HEIGHT, WIDTH, 3)
        np.testing.assert_allclose(face.points, points, atol=1e-4)
        np.testing.assert_allclose(face.box, box_of(points), atol=1e-4)


def test_unseen_points_are_unknown_and_the_box_is_the_annotated_one(tmp_path):
    (item,) = find(write(tmp_path, annotation(keypoints=keypoints(unknown=(0, 9)))), "set")
    face = read(item)
    assert np.flatnonzero(np.isnan(face.points).all(axis=1)).tolist() == [0, 9]
    assert face.box.tolist() == [39.5, 29.5, 129.5, 130.5]


def test_occluded_points_are_points(tmp_path):
    hidden = [1 if index % 3 == 2 else value for index, value in enumerate(keypoints())]
    np.testing.assert_allclose(read(find(write(tmp_path, annotation(keypoints=hidden)), "set")[0]).points, POINTS)


@pytest.mark.parametrize("bbox", [None, [1, 2, 3], ["a", 0, 1, 1], [5, 5, 0, 0]])
def test_without_a_usable_box_the_mean_shape_gives_it(tmp_path, bbox):
    (item,) = find(write(tmp_path, annotation(bbox=bbox, keypoints=keypoints(unknown=range(17)))), "set")
    np.testing.assert_allclose(read(item).box, box_of(POINTS), atol=0.25 * np.ptp(POINTS[:, 0]))


@pytest.mark.parametrize("place", ["", "images", "../images"])
def test_pictures_beside_the_file_or_in_images(tmp_path, place):
    (item,) = find(write(tmp_path / "annotations", annotation(), place=place), "set")
    assert item.picture.resolve() == (tmp_path / "annotations" / place / "a.png").resolve()
    assert item.subset == ("images" if place else "all")
    assert read(item).image.shape == (HEIGHT, WIDTH, 3)


def test_what_has_no_labelled_face_is_left_out(tmp_path):
    others = [
        annotation(iscrowd=1),
        annotation(num_keypoints=0),
        annotation(keypoints=[]),
        annotation(category_id=1, keypoints=[1, 2, 3] * 17),
    ]
    body = {"id": 1, "name": "person", "keypoints": ["nose"] * 17}
    assert len(find(write(tmp_path, annotation(), *others, categories=[FACE, body]), "set")) == 1
    with pytest.raises(ValueError, match="faces.json: found no face, expected annotations with 68 keypoints"):
        find(write(tmp_path, *others, categories=[FACE, body]), "set")


@pytest.mark.parametrize(
    "wrong, found", [([1, 2, 2] * 67, "201 numbers"), (["x"] * 204, "no numbers"), ("x", "no numbers")]
)
def test_wrong_keypoints_spoil_their_face_alone(tmp_path, wrong, found):
    bad, good = find(write(tmp_path, annotation(keypoints=wrong), annotation()), "set")
    with pytest.raises(BadSample) as caught:
        read(bad)
    assert caught.value.reason == "wrong shape"
    assert str(caught.value) == f"faces.json annotation 11: keypoints are {found}, expected 204 (x, y, v each)"
    assert np.isfinite(read(good).points).all()


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"categories": [{"id": 1, "name": "person", "keypoints": [""] * 17}]},
            "found categories person of 17 keypoints, ",
        ),
        ({"categories": []}, "found categories none, expected one of 68 keypoints"),
        ({"images": None}, "found no list images, expected images, annotations, categories"),
        ({"images": []}, r"found entries that are not COCO's \(KeyError 7\), expected the fields id, file_name"),
        ({"images": [3]}, r"found entries that are not COCO's \(TypeError"),
        ({"annotations": [{"id": 1}]}, r"found entries that are not COCO's \(KeyError 'category_id'\)"),
    ],
)
def test_files_that_are_not_cocos(tmp_path, fields, message):
    with pytest.raises(ValueError, match=f"faces.json: {message}"):
        find(write(tmp_path, annotation(), **fields), "set")


@pytest.mark.parametrize("text", ['{"images": [', "[1, 2", "[" * 200_000])
def test_malformed_json(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"a.json: found malformed JSON \(.*\), expected COCO keypoints"):
        find(tmp_path / "a.json", "set")
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(ValueError, match="found no list images, annotations, categories, expected"):
        find(tmp_path / "a.json", "set")


def test_matches(tmp_path):
    path = write(tmp_path, annotation())
    assert matches(path) and matches(tmp_path) and not matches(tmp_path / "a.png")
    path.write_text('{"version": 1}')
    assert not matches(path) and not matches(tmp_path)
    with pytest.raises(FileNotFoundError, match="no.json: found no such file, expected a COCO keypoint JSON"):
        find(tmp_path / "no.json", "set")
