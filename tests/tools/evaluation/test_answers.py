"""tools/evaluation/answers.py: faces, boxes and answers that can be worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from infer.faces.face import face_of
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.drawn import draw_set, symmetric_face
from tools.evaluation import answers
from tools.evaluation.answers import EvaluationSettings, by_picture, run_models
from tools.evaluation.boxes import shifted_boxes
from tools.evaluation.mean_face import MEAN_SHAPE, MeanShape
from tools.evaluation.measured import DETECTOR, SHIFTED, TRUE
from tools.read import formats
from tools.read.face import Item

SHAPE = (symmetric_face() + 1) / 2


def in_boxes(boxes):
    """The face that fills each box, [N, 68, 2]."""
    return boxes[:, None, :2] + SHAPE * (boxes[:, None, 2:] - boxes[:, None, :2])


class Stub:
    """Answers with a face that fills the box, the second pass 2 pixels further right; finds what it is told."""

    def __init__(self, scheme=IBUG_68, found=lambda image, passes: []):
        self.contract = SimpleNamespace(points=SimpleNamespace(scheme=scheme.name, count=scheme.count))
        self.scheme, self.found = scheme, found

    def fit(self, image, boxes, passes):
        points = in_boxes(boxes) + (2 * (passes - 1), 0)
        return convert(points.astype(np.float32), IBUG_68, self.scheme)

    def detect(self, image, passes):
        return self.found(image, passes)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A data set of 12 faces of 4 photos; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("drawn") / "tiny", sources=4)


def faces_of(folder, key="pts_2d"):
    return [formats.read(item, key) for item in formats.find(folder, "tiny")]


def test_faces_of_a_picture_come_together(tmp_path):
    def item(name, picture, source="photo"):
        return Item("set", "all", name, source, tmp_path / picture, tmp_path / "points.xml")

    items = [item("1", "a.jpg"), item("2", "b.jpg"), item("3", "a.jpg"), item("4", "a.jpg", "another")]
    assert [[one.name for one in several] for several in by_picture(items)] == [["1", "3"], ["2"], ["4"]]


def test_measure_from_true_and_shifted_boxes(tiny):
    items, faces = formats.find(tiny, "tiny"), faces_of(tiny)
    settings = EvaluationSettings(draws=2, seed=3, detector=False)
    measured = run_models(items, {"stub": Stub(), MEAN_SHAPE: MeanShape()}, settings)
    assert measured.models == ("stub", MEAN_SHAPE) and measured.boxes == (TRUE, SHIFTED)
    assert measured.keys.tolist() == [item.key for item in items] and measured.scheme is IBUG_68
    assert measured.sources.tolist() == [item.source for item in items]
    assert measured.subsets.tolist() == [f"tiny/{item.subset}" for item in items]
    np.testing.assert_allclose(measured.yaw, [face.pose[1] for face in faces])
    np.testing.assert_array_equal(measured.true, [face.points for face in faces])
    for index, (item, face) in enumerate(zip(items, faces, strict=True)):
        boxes, moves = shifted_boxes(face.box, item.key, settings.draws, settings.seed)
        np.testing.assert_array_equal(measured.moves[index], moves)
        (wanted,) = in_boxes(face.box[None])
        np.testing.assert_allclose(measured.answers["stub", TRUE, 2][index], wanted + (2, 0), atol=1e-4)
        np.testing.assert_allclose(measured.answers["stub", SHIFTED, 1][index], in_boxes(boxes), atol=1e-4)
        distances = np.linalg.norm(in_boxes(boxes) - face.points, axis=2)
        ocular = np.linalg.norm(face.points[36] - face.points[45])
        jaw = measured.errors("stub", SHIFTED, 1, "inter_ocular", range(17))[index]
        assert jaw == pytest.approx(distances[:, :17].mean() / ocular, rel=1e-5)
        each = measured.errors_of_draws("stub", 1, "inter_ocular")[index]
        np.testing.assert_allclose(each, distances.mean(axis=1) / ocular, rtol=1e-5)


def test_measure_by_detector(tiny):
    items, faces = formats.find(tiny, "tiny"), faces_of(tiny)
    truth = {face.image.tobytes(): (index, face.points) for index, face in enumerate(faces)}

    def found(image, passes):
        """Every third face missed by one pass, and two things found that are none in the first picture."""
        index, points = truth[image.tobytes()]
        right = [] if index % 3 == 0 and passes == 1 else [face_of(points + np.float32(passes))]
        return right + [face_of(points + 900), face_of(points - 900)] * (index == 0)

    measured = run_models(items, {"stub": Stub(found=found)}, EvaluationSettings(draws=0))
    assert measured.boxes == (TRUE, DETECTOR)
    errors = measured.errors("stub", DETECTOR, 1, "box")
    assert np.isinf(errors).tolist() == [index % 3 == 0 for index in range(len(items))]
    sizes = np.array([np.sqrt(np.prod(np.ptp(face.points, axis=0))) for face in faces])
    np.testing.assert_allclose(errors[np.isfinite(errors)], (np.sqrt(2) / sizes)[np.isfinite(errors)], rtol=1e-4)
    np.testing.assert_allclose(measured.errors("stub", DETECTOR, 2, "box"), np.sqrt(8) / sizes, rtol=1e-4)
    for passes in (1, 2):
        assert measured.invented["stub", passes].tolist() == [2] + [0] * (len(items) - 1)


def test_the_worst_faces_are_kept_as_crops(tiny, monkeypatch):
    monkeypatch.setattr(answers, "WORST", 5)
    items, faces = formats.find(tiny, "tiny"), faces_of(tiny)
    measured = run_models(items, {"stub": Stub()}, EvaluationSettings(draws=0, detector=False))
    errors = measured.errors("stub", TRUE, 2, "box")
    tiles = measured.worst["stub"]
    assert [tile.key for tile in tiles] == measured.keys[np.argsort(-errors)[:5]].tolist()
    tile, index = tiles[0], int(np.argmax(errors))
    assert tile.image.shape == (answers.TILE, answers.TILE, 3) and tile.image.dtype == np.uint8
    scale = answers.TILE / (np.ptp(faces[index].points, axis=0).max() * (1 + 2 * answers.TILE_MARGIN))
    np.testing.assert_allclose(np.ptp(tile.true, axis=0), np.ptp(faces[index].points, axis=0) * scale, rtol=1e-4)
    shift = (measured.answers["stub", TRUE, 2][index] - faces[index].points) * scale
    np.testing.assert_allclose(tile.predicted - tile.true, shift, atol=1e-3)


def test_a_face_that_cannot_be_read_is_skipped(tmp_path):
    folder = draw_set(tmp_path / "tiny", sources=2, views=1)
    next((folder / "AFW").glob("*.jpg")).write_bytes(b"")
    measured = run_models(formats.find(folder, "tiny"), {"stub": Stub()}, EvaluationSettings(draws=1))
    assert len(measured.keys) == 1 and measured.subsets.tolist() == ["tiny/HELEN"]
    (line,) = measured.skipped
    assert line.startswith("tiny/AFW/AFW_1001_1_0: ")
    next((folder / "HELEN").glob("*.jpg")).write_bytes(b"")
    with pytest.raises(ValueError, match="found 2 faces and none readable, the first: tiny/AFW/AFW_1001_1_0: "):
        run_models(formats.find(folder, "tiny"), {"stub": Stub()}, EvaluationSettings())


def test_schemes_meet_where_all_map_to(tiny):
    items, faces = formats.find(tiny, "tiny"), faces_of(tiny)
    models = {"fifteen": Stub(KAGGLE_15), MEAN_SHAPE: MeanShape()}
    measured = run_models(items, models, EvaluationSettings(draws=1, detector=False))
    assert measured.scheme is KAGGLE_15
    wanted = [convert(face.points, IBUG_68, KAGGLE_15) for face in faces]
    np.testing.assert_array_equal(measured.true, wanted)
    box = faces[0].box
    mean = convert(MeanShape().fit(faces[0].image, box[None])[0], IBUG_68, KAGGLE_15)
    np.testing.assert_allclose(measured.answers[MEAN_SHAPE, TRUE, 1][0], mean)
