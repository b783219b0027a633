"""export/cells.py, and the formats of a detector: every runtime answers like the checkpoint, at any picture size."""

import numpy as np
import onnx
import pytest

from export import cells
from export.checkpoint import DetectorCheckpoint, frozen_graph
from export.formats import FORMATS, file_names, formats_of
from export.graphs import constants_of
from export.networks import CELLS
from export.parity import verify
from export.runtimes import RUNTIMES
from net.detector.shape import LEVELS
from tests.helpers.detector_runs import STEP, make_detector_run

FORMS = cells.detector_formats(formats_of(["pb", "pb16", "onnx", "tflite"]))
RNG = np.random.default_rng(4)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return DetectorCheckpoint(make_detector_run(tmp_path_factory.mktemp("runs") / "detector").path)


@pytest.fixture(scope="module")
def graph(checkpoint):
    return frozen_graph(checkpoint.shape, checkpoint.load)


@pytest.fixture(scope="module")
def truth(checkpoint):
    return cells.cell_reference(checkpoint.answer, CELLS)


@pytest.fixture(scope="module")
def files(graph, tmp_path_factory):
    """Format -> file, written from the graph."""
    folder, names = tmp_path_factory.mktemp("formats"), file_names(FORMS, "detector")
    for form in FORMS:
        (folder / names[form.name]).write_bytes(form.write(graph, CELLS, np.empty(0)))
    return {form.name: folder / names[form.name] for form in FORMS}


def test_the_reference_is_the_checkpoints_own_answer_at_three_sizes(checkpoint, truth):
    assert checkpoint.step == STEP and truth.compared == {"pictures": 12, "sizes": [[96, 160], [256, 448], [320, 320]]}
    for (height, width), images, answers in zip(cells.SIZES, truth.pictures, truth.answers, strict=True):
        assert images.shape == (4, height, width, 3) and images.max() > 200 and np.ptp(images.mean(axis=(1, 2))) > 1
        for level, answer in zip(LEVELS, answers, strict=True):
            assert answer.shape == (4, height // level.stride, width // level.stride, 15)
            assert 0 <= answer[..., 0].min() < answer[..., 0].max() <= 1


def test_the_frozen_graph_holds_constants_and_folded_convolutions_alone(graph):
    nodes = {node.name: node for node in graph.node}
    kinds = {node.op for node in graph.node}
    assert not any("BatchNorm" in kind or "Variable" in kind or "Assign" in kind for kind in kinds)
    assert [dim.size for dim in nodes["image"].attr["shape"].shape.dim] == [-1, -1, -1, 3]
    assert {nodes[name].op for name in CELLS.outputs} == {"ConcatV2"}  # OpenCV loses the name of other last ops
    assert all(np.isfinite(value).all() for value in constants_of(graph).values() if value.dtype == np.float32)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_runtime_answers_alike(files, truth, form):
    found = verify(files[form.name], form, truth)
    assert tuple(found) == form.runtimes == FORMATS[form.name].runtimes
    assert all(0 <= one.mean <= one.max <= form.limit and one.nme_change is None for one in found.values())


@pytest.mark.parametrize("name, runtime", [("pb", "opencv"), ("onnx", "onnxruntime"), ("tflite", "litert")])
def test_a_picture_of_any_size_and_number(files, checkpoint, name, runtime):
    answer = RUNTIMES[runtime](files[name], CELLS)
    for shape in ((2, 64, 96, 3), (1, 32, 160, 3), (3, 64, 96, 3)):
        images = RNG.integers(0, 256, shape).astype(np.float32)
        for found, expected in zip(answer(images), checkpoint.answer(images), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_differences_are_of_the_field_or_of_its_unit(truth):
    """Beyond one unit relative, so that wild numbers of cells without a face do not decide."""

    def off(images):
        size = [one.shape[1:3] for one in truth.pictures].index(images.shape[1:3])
        first = [one.tobytes() for one in truth.pictures[size]].index(images[0].tobytes())
        answers = [level[first : first + len(images)].copy() for level in truth.answers[size]]
        if size == 1 and first == 0:
            answers[2][0, 3, 5, 4] += 0.25 * max(1, abs(answers[2][0, 3, 5, 4]))
        return answers

    found = truth.difference("m", off)
    count = sum(level.size for answers in [*truth.answers, truth.answers[0]] for level in answers)
    assert found.max == pytest.approx(0.25) and found.mean == pytest.approx(0.25 / count, rel=1e-3)
    with pytest.raises(ValueError, match=r"m answers \(4, 12, 20, 14\), .*, the original \(4, 12, 20, 15\)"):
        truth.difference("m", lambda images: [level[..., 1:] for level in off(images)])


def test_files_are_sound_and_the_same_again(graph, files):
    model = onnx.load(files["onnx"])
    onnx.checker.check_model(model, full_check=True)
    sizes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert sizes["image"] == ["batch", "height", "width", 3]
    assert sizes["cells16"] == ["batch", "cells16_height", "cells16_width", 15]
    # OpenCV would work sizes out once and for all, and OpenCV 5.0 borders wrongly
    assert "Shape" not in {node.op_type for node in model.graph.node}
    assert not any(one.name == "auto_pad" for node in model.graph.node for one in node.attribute)
    for name in ("onnx", "tflite"):
        assert FORMATS[name].write(graph, CELLS, np.empty(0)) == files[name].read_bytes(), name


def test_int8_is_no_format_of_a_detector():
    with pytest.raises(ValueError, match="found int8, expected of a detector some of pb, pb16, onnx, tflite"):
        cells.detector_formats(formats_of(["pb", "int8"]))
