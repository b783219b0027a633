"""The source of a face, which no split may part: the same photo has the same one, whichever reader reads it."""

import json

import numpy as np
import pytest

from tests.helpers.annotated import (
    COCO_FACE,
    END,
    START,
    coco_annotation,
    csv_header,
    csv_row,
    dlib_box,
    dlib_parts,
    wflw_line,
)
from tests.helpers.labelled import cvat_skeleton, labelme_shapes
from tools.read import formats, scenes

PHOTOS = {
    "AFW/AFW_134212_1_0": "AFW_134212",
    "AFW_Flip/AFW_134212_2_16": "AFW_134212",
    "afw/134212_1": "AFW_134212",
    "afw/134212_2_mirror": "AFW_134212",
    "HELEN/HELEN_100032540_1_3": "HELEN_100032540",
    "helen/trainset/100032540_1": "HELEN_100032540",
    "LFPW/LFPW_image_test_0001_0": "LFPW_image_test_0001",
    "lfpw/testset/image_0001_mirror": "LFPW_image_test_0001",
    "ibug/image_008_1": "IBUG_image_008",
    "IBUG/IBUG_image_008_1_5": "IBUG_image_008",
    "YTF/YTF_Aaron_Eckhart_123_0": "YTF_Aaron_Eckhart",
    "DRAWN/DRAWN_0004_1_3": "DRAWN_0004",
    "lfw_5590/Ann_Lee_0001": "LFW_Ann_Lee",
    "lfw_5590/Ann_Lee_0002_mirror": "LFW_Ann_Lee",
    "37--Soccer/37_Soccer_soccer_ball_37_45": "37_Soccer_soccer_ball_37_45",
    "photos/IMG_0001": "IMG_0001",
    "mine/someone": "someone",
    "yours/someone_mirror": "someone",
}


@pytest.fixture
def photos(tmp_path):
    """All photos with an empty annotation beside each, and a list of them in each format that lists."""
    for name in PHOTOS:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in (".jpg", ".mat", ".pts"):
            path.with_name(path.name + suffix).touch()
    files = [f"{name}.jpg" for name in PHOTOS]
    (tmp_path / "a.csv").write_text("\n".join([csv_header(), *(csv_row(file=file) for file in files)]))
    box = dlib_box(dlib_parts())
    (tmp_path / "a.xml").write_text(START + "".join(f"<image file='{file}'>{box}</image>" for file in files) + END)
    images = [{"id": number, "file_name": file} for number, file in enumerate(files)]
    faces = [coco_annotation(image_id=number) for number in range(len(files))]
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": faces, "categories": [COCO_FACE]}))
    (tmp_path / "a.txt").write_text("\n".join(wflw_line(np.zeros((98, 2)), file) for file in files))
    people = {"box": [0, 0, 9, 9], "by": "human"}
    lines = (json.dumps({"file": file, "faces": [people]}) for file in files)
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    inside = "".join(f'<image name="{file}">{cvat_skeleton()}</image>' for file in files)
    (tmp_path / "b.xml").write_text(f"<annotations>{inside}</annotations>")
    for number, file in enumerate(files):
        (tmp_path / f"{number}.json").write_text(json.dumps({"shapes": labelme_shapes(), "imagePath": file}))
    return tmp_path


def test_the_source_of_a_scene_is_that_of_its_faces(photos):
    for path, format in ((photos / "a.jsonl", None), (photos / "a.csv", "csv"), (photos / "AFW", "pts")):
        items = scenes.find(path, "set", format)
        found = {item.picture.relative_to(photos).with_suffix("").as_posix(): item.source for item in items}
        assert found and found.items() <= PHOTOS.items()
        assert len(found) == len(PHOTOS) or format == "pts"


@pytest.mark.parametrize(
    "format", ["300w-lp", "aflw2000", "pts", "dlib", "coco", "csv", "wflw", "cvat", "labelme", "labels"]
)
def test_the_source_does_not_depend_on_the_reader(photos, format):
    files = {"dlib": "a.xml", "coco": "a.json", "csv": "a.csv", "pts": "", "labelme": ""}
    files |= {"wflw": "a.txt", "cvat": "b.xml", "labels": "a.jsonl"}
    sources = {}
    for name in PHOTOS:
        folder = (photos / name).parents[1 if format == "300w-lp" else 0]
        items = formats.find(photos / files[format] if format in files else folder, "set", format)
        sources |= {item.picture.relative_to(photos).with_suffix("").as_posix(): item.source for item in items}
    assert sources == PHOTOS
