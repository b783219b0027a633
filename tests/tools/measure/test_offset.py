"""tools/measure/offset.py: the tiny model answers a fixed face, and labels lie beside it by known pixels."""

import json
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from infer.faces.located import Located
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from records.landmarks import IBUG_68, SCHEMES, convert, scheme_in_contract
from tests.helpers.annotated import csv_header, csv_row
from tests.helpers.drawn import symmetric_face
from tests.helpers.telling import contract
from tests.helpers.tiny_model import MARGIN, SHAPE, SIZE, write_model
from tools.measure import offset
from tools.read.face import AnnotatedFace

GREY = 150  # of the whole picture: the tiny model answers to the right of its face, in the mirrored crop as well
OUTPUT = {"name": "landmarks", "layout": "x0 y0 x1 y1 ...", "unit": "fraction of the crop's side"}
BOXES = np.array([[40, 30, 120, 100], [20, 10, 60, 58], [33, 41, 93, 91]])
SIDES = np.array([160, 96, 120])  # of the crops: MARGIN of a longer edge on either side
BOX_COLUMNS = ",box_x0,box_y0,box_x1,box_y1"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("tiny"))


def labels_at(box, aside):
    """Where the tiny model's face is in a box, so many pixels to the right, and lower: that counts for nothing."""
    return Crop.around(box, MARGIN, SIZE).to_picture(SHAPE) + np.float32([aside, 3.5])


def write_faces(folder, asides):
    """A table of faces in the first boxes, each with its labels so many pixels aside."""
    folder.mkdir()
    rows = []
    for index, (box, aside) in enumerate(zip(BOXES, asides, strict=False)):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((140, 170, 3), GREY, np.uint8))
        rows.append(csv_row(labels_at(box, aside), f"{index}.png", "," + ",".join(map(str, box))))
    (folder / "faces.csv").write_text("\n".join([csv_header(5, BOX_COLUMNS), *rows]) + "\n")
    return folder


def run(capsys, tmp_path, model, *argv):
    """The lines of a run that went well, and its document."""
    path = tmp_path / "found.json"
    assert offset.main([str(model), *map(str, argv), "--json", str(path)]) == 0
    return capsys.readouterr().out.splitlines(), json.loads(path.read_text())


def test_labels_moved_by_known_pixels_give_them_back(tmp_path, model, capsys):
    one, other = write_faces(tmp_path / "one", [1.5, 2.5, 2.0]), write_faces(tmp_path / "other", [-0.75])
    lines, document = run(capsys, tmp_path, model, "--data", one, other, "--side", "all")
    fractions = np.array([1.5, 2.5, 2.0, -0.75]) / [*SIDES, SIDES[0]]
    (first, found), (second, single), (last, whole) = document["subsets"].items()
    assert (first.split("/")[0], second.split("/")[0], last) == ("one", "other", "all")
    assert (found["faces"], single["faces"], whole["faces"]) == (3, 1, 4)
    assert found["pixels"] == {"value": pytest.approx(2, abs=2e-3), "error": pytest.approx(0.5 / 3**0.5, abs=2e-3)}
    assert found["fractions"]["value"] == pytest.approx(fractions[:3].mean(), abs=2e-5)
    assert single["pixels"] == {"value": pytest.approx(-0.75, abs=2e-3), "error": None}
    assert whole["fractions"]["value"] == pytest.approx(fractions.mean(), abs=2e-5)
    assert whole["fractions"]["error"] == pytest.approx(fractions.std(ddof=1) / 2, abs=2e-5)
    assert lines[2].endswith("| 3 | 2.00 ± 0.29 | 0.0174 ± 0.0048 |") and "| 1 | -0.75 | -0.0047 |" in lines[3]
    assert f"--label-offset {fractions.mean():.4f} " in lines[-1] and document["side"] == "all"


def test_whatever_a_model_answers_aside_the_labels_stay_the_same(tmp_path, capsys):
    data = write_faces(tmp_path / "mine", [1.5, 2.5, 2.0])
    for aside in (0.0, 0.03):
        model = write_model(tmp_path / f"aside{aside}", output=OUTPUT | {"offset": aside})
        _, document = run(capsys, tmp_path, model, "--data", data, "--side", "all")
        assert document["subsets"]["all"]["pixels"]["value"] == pytest.approx(2, abs=2e-3)


def test_at_most_so_many_faces_of_the_training_side(tmp_path, model, capsys):
    data = write_faces(tmp_path / "mine", [2.0, 2.0, 2.0])
    _, document = run(capsys, tmp_path, model, "--data", data, "--count", 1)
    assert (document["side"], document["subsets"]["all"]["faces"]) == ("train", 1)


def test_unknown_points_and_faces_do_not_count(model):
    tiny = Landmarker(model)
    scheme, points = scheme_in_contract(vars(tiny.contract.points)), labels_at(BOXES[0], 2.0)
    points[[1, 4]] = np.nan
    points[3, 0] += 3
    face = AnnotatedFace(np.full((140, 170, 3), GREY, np.uint8), points, BOXES[0], scheme=scheme)
    found = offset.aside_of(tiny, face, scheme, "mine/faces")
    assert (found.part, found.side) == ("mine/faces", 160) and found.pixels == pytest.approx(3, abs=2e-3)
    unknown = replace(face, points=np.full_like(points, np.nan))
    assert offset.aside_of(tiny, unknown, scheme, "mine/faces") is None


def test_the_points_that_both_lead_to_are_compared():
    face68, five, crop = symmetric_face() * 40 + 70, SCHEMES["mtfl5"], Crop.around(BOXES[0], 0.15)

    def look(image, crops, mirrored):  # answers 5 pixels aside, of which the contract knows 2
        return Located((face68 + [-5 + 2 * 2 if mirrored else 5, 0])[None].astype(np.float32))

    known = contract()
    known.output = SimpleNamespace(offset=2 / crop.side)
    telling = SimpleNamespace(contract=known, look=look)
    labels = convert(face68, IBUG_68, five).astype(np.float32) + np.float32([2.25, 1])
    face = AnnotatedFace(np.zeros((9, 9, 3), np.uint8), labels, BOXES[0], scheme=five)
    assert offset.aside_of(telling, face, IBUG_68, "mtfl").pixels == pytest.approx(2.25, abs=1e-4)
    strange = replace(face, scheme=replace(five, name="strange5", names=tuple("abcde"), made_of={}))
    with pytest.raises(ValueError, match="mtfl: found points of strange5, expected some that lead to those of ibug68"):
        offset.aside_of(telling, strange, IBUG_68, "mtfl")


def test_points_without_partners_are_refused(tmp_path, model, capsys):
    raw = json.loads(model.with_suffix(".json").read_text())
    alone = write_model(tmp_path / "alone", points=raw["points"] | {"flip": []})
    data = write_faces(tmp_path / "mine", [2.0])
    assert offset.main([str(alone), "--data", str(data)]) == 2
    assert "landmark.pb: found points of tiny5 without mirror partners, expected" in capsys.readouterr().err
    (data / "faces.csv").write_text(csv_header(3) + "\n" + csv_row(SHAPE[:3] * 60, "0.png") + "\n")
    assert offset.main([str(model), "--data", str(data), "--side", "all"]) == 2
    assert "mine/all: found points of points3 without mirror partners, expected" in capsys.readouterr().err
