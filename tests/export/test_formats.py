"""export/formats.py and export/runtimes.py: every format answers like the graph, in every runtime that reads it."""

import numpy as np
import onnx
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from export import litert
from export.checkpoint import frozen_graph
from export.formats import FORMATS, file_names, parse_formats
from export.graphs import SMALL, constants_of, read_graph
from export.runtimes import RUNTIMES
from net.model.senet import senet
from net.model.shape import Shape
from net.run.checkpoints import network_variables
from net.training.start import weights_in
from tests.helpers.random_weights import random_load

v1 = tf.compat.v1
RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (7, 64, 64, 3)).astype(np.float32)


SHAPES = {
    "integral": Shape(points=5, width=8, decoder=8, size=64),
    "inverted dense": Shape(points=5, width=16, decoder=8, size=64, head="dense", block="inverted"),
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def graph(shape):
    return frozen_graph(shape, random_load())


@pytest.fixture(scope="module")
def files(graph, tmp_path_factory):
    """Format -> file, written from the graph."""
    folder, names = tmp_path_factory.mktemp("formats"), file_names(list(FORMATS.values()))
    for name, form in FORMATS.items():
        (folder / names[name]).write_bytes(form.write(graph, IMAGES))
    return {name: folder / names[name] for name in FORMATS}


@pytest.fixture(scope="module")
def expected(files):
    return RUNTIMES["tensorflow"](files["pb"])(IMAGES)


@pytest.mark.parametrize(
    ("name", "runtime", "most"),
    [
        ("pb", "opencv", 1e-5),
        ("pb16", "opencv", 1e-2),
        ("onnx", "onnxruntime", 1e-5),
        ("onnx", "opencv", 1e-5),
        ("tflite", "litert", 1e-5),
        ("int8", "litert", 0.1),
    ],
)
def test_every_runtime_answers_alike(files, expected, name, runtime, most):
    assert runtime in FORMATS[name].runtimes
    answer = RUNTIMES[runtime](files[name])
    for size in (7, 1, 2):  # one loaded file, batches of any size
        found = answer(IMAGES[:size])
        assert found.shape == (size, 10) and found.dtype == np.float32
        assert np.ptp(expected) > 0.01 and np.abs(found - expected[:size]).max() <= most


def test_answers_stay_when_the_next_are_asked_for(files):
    for name, form in FORMATS.items():
        for runtime in form.runtimes:
            answer = RUNTIMES[runtime](files[name], threads=1)
            first = answer(IMAGES[:1])
            before = first.copy()
            answer(IMAGES[3:4])
            np.testing.assert_array_equal(first, before, err_msg=f"{name} {runtime}")


def test_half_precision_is_half_the_file_and_opencvs_alone(files):
    whole, half = (constants_of(read_graph(files[name])) for name in ("pb", "pb16"))
    large = {name for name, value in whole.items() if value.size > SMALL}
    assert large and {name for name, value in half.items() if value.dtype == np.float16} == large
    saved = sum(whole[name].nbytes for name in large) / 2
    assert files["pb"].stat().st_size - files["pb16"].stat().st_size == pytest.approx(saved, rel=0.01)
    with pytest.raises(ValueError, match=r"landmark\.float16\.pb: TensorFlow 2\.\d.* fails on it: "):
        RUNTIMES["tensorflow"](files["pb16"])(IMAGES[:1])


def test_training_can_start_from_both_precisions(files, shape):
    whole, half = (weights_in(read_graph(files[name])) for name in ("pb", "pb16"))
    with v1.Graph().as_default():
        senet(v1.placeholder(tf.float32, [None, 64, 64, 3]), shape, is_training=False)
        assert {value.op.name for value in network_variables()} == set(whole) == set(half)
    for name, value in whole.items():
        assert half[name].dtype == np.float32
        np.testing.assert_allclose(half[name], value, rtol=1e-3, atol=1e-6, err_msg=name)


def test_onnx_is_sound_and_keeps_names_and_layout(files):
    model = onnx.load(files["onnx"])
    onnx.checker.check_model(model, full_check=True)
    (given,), (answered,) = model.graph.input, model.graph.output
    dims = [dim.dim_param or dim.dim_value for dim in given.type.tensor_type.shape.dim]
    assert (given.name, dims) == ("image", ["batch", 64, 64, 3])
    dims = [dim.dim_param or dim.dim_value for dim in answered.type.tensor_type.shape.dim]
    assert (answered.name, dims) == ("landmarks", ["batch", 10])


def test_int8_is_a_quarter_with_float_around_it(files):
    interpreter = Interpreter(model_path=str(files["int8"]))
    for details in (interpreter.get_input_details()[0], interpreter.get_output_details()[0]):
        assert details["dtype"] == np.float32
    kinds = [details["dtype"] for details in interpreter.get_tensor_details() if details["name"].startswith("senet/")]
    assert kinds.count(np.int8) > len(kinds) / 2
    assert files["int8"].stat().st_size < files["tflite"].stat().st_size


def test_the_same_graph_gives_the_same_file_without_a_word(graph, files, capfd):
    for name, form in FORMATS.items():
        if name != "int8":  # its calibration runs on threads
            assert form.write(graph, IMAGES) == files[name].read_bytes(), name
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("data", [b"", b"no model at all"])
def test_what_is_no_model_is_one_line(tmp_path, runtime, data):
    path = tmp_path / "landmark.pb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"landmark\.pb: (.* fails on it: \S|found no graph)") as caught:
        RUNTIMES[runtime](path)(IMAGES[:1])
    assert len(str(caught.value).splitlines()) == 1


def test_lists_of_formats():
    assert [form.name for form in parse_formats("pb16, onnx")] == ["pb16", "onnx"]
    for text in ("", "pb,", "pb,pb", "pb,exe", "PB"):
        with pytest.raises(ValueError, match="formats: found .*, expected some of pb,pb16,onnx,tflite,int8, each once"):
            parse_formats(text)


@pytest.mark.parametrize(
    ("formats", "model", "files"),
    [
        ("pb", "landmark", "landmark.pb"),
        ("pb16", "landmark", "landmark.pb"),
        ("pb16,pb,int8", "mine", "mine.pb mine.float32.pb mine.int8.tflite"),
        ("onnx,pb,pb16,tflite", "landmark", "landmark.onnx landmark.pb landmark.float16.pb landmark.tflite"),
    ],
)
def test_the_first_frozen_graph_has_the_models_name(formats, model, files):
    names = file_names(parse_formats(formats), model)
    assert list(names) == formats.split(",") and list(names.values()) == files.split()


def test_a_runtime_that_ends_its_process_does_not_end_ours(tmp_path, monkeypatch):
    monkeypatch.setattr(litert, "PROGRAM", "import os; os.abort()")
    with pytest.raises(ValueError, match=r"landmark\.tflite: LiteRT fails on it: it ended its process \(-6\)"):
        RUNTIMES["litert"](tmp_path / "landmark.tflite")(IMAGES)


def test_litert_answers_alike_in_this_process_and_in_one_of_its_own(files):
    np.testing.assert_array_equal(litert.in_process(files["tflite"])(IMAGES), litert.isolated(files["tflite"])(IMAGES))
