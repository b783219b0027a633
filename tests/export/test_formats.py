"""export/formats.py and export/runtimes.py: every format answers like the graph, in every runtime that reads it."""

import cv2
import numpy as np
import onnx
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from export import litert
from export.checkpoint import frozen_graph
from export.formats import FORMATS, file_names, formats_of
from export.graphs import SMALL, constants_of, read_graph
from export.networks import LANDMARKS, signature_of
from export.request import FORMATS as NAMES
from export.request import format_names
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
def signature(shape):
    return signature_of(shape)


@pytest.fixture(scope="module")
def files(graph, signature, tmp_path_factory):
    """Format -> file, written from the graph."""
    folder, names = tmp_path_factory.mktemp("formats"), file_names(list(FORMATS.values()))
    for name, form in FORMATS.items():
        (folder / names[name]).write_bytes(form.write(graph, signature, IMAGES))
    return {name: folder / names[name] for name in FORMATS}


@pytest.fixture(scope="module")
def expected(files, signature):
    """Of each output: landmarks [7, 10], and with heat maps spreads [7, 5]."""
    return RUNTIMES["tensorflow"](files["pb"], signature)(IMAGES)


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
def test_every_runtime_answers_alike(files, signature, expected, name, runtime, most):
    assert runtime in FORMATS[name].runtimes
    answer, found = RUNTIMES[runtime](files[name], signature), {}
    for size in (7, 1, 2):  # one loaded file, batches of any size; answers stay when the next are asked for
        found[size] = answer(IMAGES[:size])
    for size, outputs in found.items():
        for one, wanted, count in zip(outputs, expected, (10, 5), strict=False):
            assert one.shape == (size, count) and one.dtype == np.float32
            assert np.ptp(wanted) > 0.01 and np.abs(one - wanted[:size]).max() <= most


@pytest.mark.parametrize("name", ["pb", "onnx", "tflite"])
def test_who_asks_for_landmarks_alone_gets_the_same(files, expected, name):
    """The first output, or by its name; OpenCV's last layer is what answers where no name is said."""
    for runtime in FORMATS[name].runtimes:
        (alone,) = RUNTIMES[runtime](files[name], LANDMARKS)(IMAGES)
        np.testing.assert_allclose(alone, expected[0], atol=1e-5)
    if name == "tflite":
        assert Interpreter(model_path=str(files[name])).get_output_details()[0]["name"] == "landmarks"
    if name == "pb":
        net = cv2.dnn.readNetFromTensorflow(str(files[name]))
        net.setInput(np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)))
        np.testing.assert_allclose(net.forward(), expected[0], atol=1e-5)


def test_half_precision_is_half_the_file_and_opencvs_alone(files):
    whole, half = (constants_of(read_graph(files[name])) for name in ("pb", "pb16"))
    large = {name for name, value in whole.items() if value.size > SMALL}
    assert large and {name for name, value in half.items() if value.dtype == np.float16} == large
    saved = sum(whole[name].nbytes for name in large) / 2
    assert files["pb"].stat().st_size - files["pb16"].stat().st_size == pytest.approx(saved, rel=0.01)
    with pytest.raises(ValueError, match=r"landmark\.float16\.pb: TensorFlow 2\.\d.* fails on it: "):
        RUNTIMES["tensorflow"](files["pb16"], LANDMARKS)(IMAGES[:1])


def test_training_can_start_from_both_precisions(files, shape):
    whole, half = (weights_in(read_graph(files[name])) for name in ("pb", "pb16"))
    with v1.Graph().as_default():
        senet(v1.placeholder(tf.float32, [None, 64, 64, 3]), shape, is_training=False)
        assert {value.op.name for value in network_variables()} == set(whole) == set(half)
    for name, value in whole.items():
        assert half[name].dtype == np.float32
        np.testing.assert_allclose(half[name], value, rtol=1e-3, atol=1e-6, err_msg=name)


def test_files_are_sound_and_small(graph, signature, files, capfd):
    onnx.checker.check_model(onnx.load(files["onnx"]), full_check=True)
    interpreter = Interpreter(model_path=str(files["int8"]))
    for details in (*interpreter.get_input_details(), *interpreter.get_output_details()):
        assert details["dtype"] == np.float32
    kinds = [details["dtype"] for details in interpreter.get_tensor_details() if details["name"].startswith("senet/")]
    assert kinds.count(np.int8) > len(kinds) / 2
    capfd.readouterr()
    for name in ("onnx", "tflite"):  # the same graph gives the same file, without a word
        assert FORMATS[name].write(graph, signature, IMAGES) == files[name].read_bytes(), name
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_is_no_model_is_one_line(tmp_path, runtime):
    (path := tmp_path / "landmark.pb").write_bytes(b"no model at all")
    with pytest.raises(ValueError, match=r"landmark\.pb: (.* fails on it: \S|found no graph).*$") as caught:
        RUNTIMES[runtime](path, LANDMARKS)(IMAGES[:1])
    assert "\n" not in str(caught.value)


def test_formats_have_the_names_that_can_be_asked_for():
    assert tuple(FORMATS) == NAMES and formats_of(["onnx", "pb"]) == [FORMATS["onnx"], FORMATS["pb"]]


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        ("pb16", "mine.pb"),
        ("pb16,pb,int8", "mine.pb mine.float32.pb mine.int8.tflite"),
        ("onnx, pb,pb16,tflite", "mine.onnx mine.pb mine.float16.pb mine.tflite"),
    ],
)
def test_the_first_frozen_graph_has_the_models_name(formats, files):
    names = file_names(formats_of(format_names(formats)), "mine")
    assert list(names) == formats.replace(" ", "").split(",") and list(names.values()) == files.split()
    for text in ("", "pb,", "pb,pb", "PB"):
        with pytest.raises(ValueError, match="formats: found .*, expected some of pb,pb16,onnx,tflite,int8, each once"):
            format_names(text)


def test_litert_answers_alike_in_a_process_of_its_own_whose_end_is_not_ours(files, monkeypatch):
    here, there = (start(files["tflite"], LANDMARKS)(IMAGES) for start in (litert.in_process, litert.isolated))
    np.testing.assert_array_equal(here, there)
    monkeypatch.setattr(litert, "PROGRAM", "import os; os.abort()")
    with pytest.raises(ValueError, match=r"landmark\.tflite: LiteRT fails on it: it ended its process \(-6\)"):
        RUNTIMES["litert"](files["tflite"], LANDMARKS)(IMAGES)
