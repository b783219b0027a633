"""export/examples: each small program finds the points that infer finds, where its runtime is at hand."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from export.formats import FORMATS
from export.frozen_model import FrozenModel
from export.graphs import halved, read_graph
from export.networks import CELLS, SPREADING
from infer.detect.own import OwnDetector
from infer.landmarker import Landmarker
from infer.model.contract import read_contract
from tests.helpers.tiny_detector import with_faces, write_detector

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "export" / "examples"
SHIPPED = ROOT / "infer" / "landmark.pb"
BOX = np.array([112.4, 192.0, 251.0, 333.7])  # of the left face of drawn_3.jpg
INCLUDE = "/usr/include/opencv4"  # where Debian has them; g++ looks in CPLUS_INCLUDE_PATH as well
LIBRARIES = [f"-lopencv_{name}" for name in ("dnn", "imgcodecs", "imgproc", "core")]


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """(picture, box, points by infer): a face, the same half outside of the picture, the same three times as large."""
    folder, image = tmp_path_factory.mktemp("pictures"), cv2.imread(str(ROOT / "images" / "drawn_3.jpg"))
    pairs = {
        "a face": (image, BOX),
        "outside": (image[:, 170:], BOX - [170, 0, 170, 0]),
        "large": (cv2.resize(image, None, fx=3, fy=3), 3 * BOX + 1),
    }
    landmarker, faces = Landmarker(SHIPPED), []
    for name, (picture, box) in pairs.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture)
        faces.append((folder / f"{name}.png", box.tolist(), landmarker.fit(picture, [box], 1)[0]))
    return faces


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The shipped model in all the formats that the examples take, under another name, one contract beside them."""
    folder, graph = tmp_path_factory.mktemp("a.b"), FrozenModel(SHIPPED).graph
    contract = json.loads(SHIPPED.with_suffix(".json").read_text())
    contract["tolerance"]["opencv"] = {"max": 0.1, "nme_change": None}  # as of a model converted without records
    (folder / "small.json").write_text(json.dumps(contract, indent=1))
    for name in ("onnx", "tflite"):
        (folder / f"small.{name}").write_bytes(FORMATS[name].write(graph, SPREADING, np.empty(0)))
    shutil.copy(folder / "small.tflite", folder / "small.float32.tflite")
    for name in ("small.pb", "small.float16.pb"):
        (folder / name).write_bytes(halved(graph).SerializeToString())
    return folder


def check(command, models, names, faces):
    """The program's points are those of infer, but for its simpler crop on whole pixels; it says what is not there."""
    for (picture, box, expected), name in zip(faces, itertools.cycle(names)):
        given = [*command, str(models / name), str(picture), *map(str, box)]
        done = subprocess.run(given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = np.array([line.split() for line in done.stdout.splitlines()], float)
        off = np.abs(found - expected).max() / (box[2] - box[0])
        assert found.shape == (68, 2) and off < 0.015, picture.name
    for model, picture, box, said in (
        (models / names[0], "absent.jpg", "0 0 9 9", "absent.jpg: found no picture"),
        (models / names[0], faces[0][0], "9 0 0 9", "found no box"),
        (models / f"none{Path(names[0]).suffix}", faces[0][0], "0 0 9 9", "found no such model with its contract"),
    ):
        done = subprocess.run([*command, str(model), str(picture), *box.split()], capture_output=True, text=True)
        assert done.returncode in (1, 2) and said in done.stderr


@pytest.mark.parametrize(
    ("program", "names"),
    [("points_onnx.py", ["small.onnx"]), ("points_tflite.py", ["small.tflite", "small.float32.tflite"])],
)
def test_python(program, names, models, faces):
    check([sys.executable, str(EXAMPLES / program)], models, names, faces)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_faces(name, tmp_path):
    """Of a picture smaller than the size, and of one that is reduced to a third of it."""
    detector = write_detector(tmp_path, roll=0.4)
    (tmp_path / f"detector.{name}").write_bytes(FORMATS[name].write(read_graph(detector), CELLS, np.empty(0)))
    image = with_faces(90, 150, (0, 2, 3, 0.9), (1, 4, 1, 0.75), (2, 1, 3, 0.6))
    for scale, options in ((1, []), (3, ["--size", "150"])):
        cv2.imwrite(str(tmp_path / "a.png"), image.repeat(scale, axis=0).repeat(scale, axis=1))
        command = [sys.executable, EXAMPLES / "faces.py", tmp_path / f"detector.{name}", tmp_path / "a.png", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = np.array([line.split() for line in done.stdout.splitlines()], float)
        expected = OwnDetector(detector).glance(image, 640, 0.5)
        oriented = np.c_[(expected.oriented[:, :2] + 0.5) * scale - 0.5, expected.oriented[:, 2:4] * scale]
        assert len(found) == 3
        np.testing.assert_allclose(found[:, 0], expected.scores, atol=1e-3)
        np.testing.assert_allclose(found[:, 1:5], oriented, atol=0.06)
        np.testing.assert_allclose(found[:, 5], np.degrees(0.4), atol=0.1)


def test_faces_says_what_is_not_there(tmp_path):
    for model, said in (("none.onnx", "found no such model with its contract"), ("detector.pb", "found no picture")):
        write_detector(tmp_path)
        command = [sys.executable, EXAMPLES / "faces.py", tmp_path / model, tmp_path / "absent.jpg"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr


def test_cpp(models, faces, tmp_path):
    compiler = shutil.which("g++")
    if not compiler:
        pytest.skip("no g++ here")
    command, told = [compiler, f"-I{INCLUDE}"], {"capture_output": True, "text": True}
    if subprocess.run([*command, "-E", "-x", "c++", "-"], input="#include <opencv2/dnn.hpp>", **told).returncode:
        pytest.skip(f"no OpenCV headers in {INCLUDE} (Debian: libopencv-dev)")
    program = tmp_path / "points"
    command += ["-Wall", "-Werror", str(EXAMPLES / "points.cpp"), "-o", str(program), *LIBRARIES]
    done = subprocess.run(command, **told)
    assert done.returncode == 0, done.stderr
    check([str(program)], models, ["small.pb", "small.float16.pb"], faces)


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_they_are_short_and_need_nothing_of_ours(path):
    text = path.read_text()
    assert len(text.splitlines()) < 80
    assert not any(f"import {name}" in text or f"from {name}" in text for name in ("infer", "export", "net", "records"))


def test_the_contract_says_what_they_take_from_it():
    contract = read_contract(SHIPPED)
    assert (contract.input.size, contract.input.order, contract.crop.margin) == (128, "RGB", 0.15)
