"""infer/detect/yunet.py: against a network of YuNet's form, written by hand, that calls dark cells faces."""

import cv2
import numpy as np
import pytest

from infer.detect.yunet import YuNetDetector
from infer.geometry.oriented import roll_of
from infer.geometry.rotations import rotation
from tests.helpers.protobuf import field
from tests.helpers.tiny_onnx import model, node, tensor, value

EDGE = 320  # of the input that the file names; OpenCV sets others
STRIDES = (8, 16, 32)
BOX = (0.5, 0.5, 1.0, 1.2)  # of a cell: centre from its corner in strides, logarithms of width and height
# of a cell: x and y of right eye, left eye, nose, right and left mouth corner, in strides from the cell's corner
FIVE = np.array([[-1.0, -1.2], [1.2, -1.0], [0.1, 0.0], [-0.8, 1.1], [0.9, 1.2]])


def write_yunet(path, five=FIVE):
    """A detector that finds a face in every dark cell of stride 32, and nothing with the finer strides."""
    nodes, tensors, outputs = [], [], []
    for stride in STRIDES:
        heads = {"cls": ([-1 / 85] * 3, [3.0]), "obj": ([0.0] * 3, [1.0 if stride == 32 else 0.0])}
        heads |= {"bbox": ([0.0] * 3, list(BOX)), "kps": ([0.0] * 3, five.reshape(-1).tolist())}
        for name, (weights, bias) in heads.items():
            full, width = f"{name}_{stride}", len(bias)
            # the mean over each cell, from each channel alike: dark ones answer 3, white ones 3 - 255 / 85 * 3 = -6
            kernel = np.tile(np.array(weights).reshape(1, 3, 1, 1) / stride**2, (width, 1, stride, stride))
            tensors += [tensor(f"w_{full}", kernel), tensor(f"b_{full}", np.array(bias)), _shape(f"s_{full}", width)]
            inputs = ["input", f"w_{full}", f"b_{full}"]
            nodes += [
                node("Conv", inputs, [f"c_{full}"], kernel_shape=[stride] * 2, strides=[stride] * 2, pads=[0] * 4),
                node("Transpose", [f"c_{full}"], [f"t_{full}"], perm=[0, 2, 3, 1]),
                node("Reshape", [f"t_{full}", f"s_{full}"], [full]),
            ]
    for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        outputs += [value(f"{name}_{stride}", [1, (EDGE // stride) ** 2, width]) for stride in STRIDES]
    path.write_bytes(model(nodes, tensors, [value("input", [1, 3, EDGE, EDGE])], outputs))
    return path


def _shape(name: str, width: int) -> bytes:
    """A TensorProto of int64 (data_type 7): the shape [1, -1, width]."""
    values = np.array([1, -1, width], "<i8")
    return field(1, 3) + field(2, 7) + field(8, name.encode()) + field(9, values.tobytes())


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_yunet(tmp_path_factory.mktemp("yunet") / "face.onnx")


def picture(*cells, height=256, width=384):
    """White, but for dark cells (row, column) of 32 pixels."""
    image = np.full((height, width, 3), 255, np.uint8)
    for row, column in cells:
        image[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32] = 0
    return image


def expected(row, column, scale=1.0):
    """The landmark box in the box of a cell's whole face: 1.038 as wide, 0.762 as high, 0.124 of the height lower."""
    x, y, (wide, high) = column + BOX[0], row + BOX[1], np.exp(BOX[2:])
    y += 0.124 * high
    halves = 0.519 * wide, 0.381 * high
    box = np.array([x - halves[0], y - halves[1], x + halves[0], y + halves[1]])
    return (box * 32 + 0.5) / scale - 0.5


def test_cells_become_boxes(file):
    detector = YuNetDetector(file)
    assert len(detector.find(picture())) == 0
    (box,) = detector.find(picture((3, 4))).boxes
    np.testing.assert_allclose(box, expected(3, 4), atol=0.01)
    boxes = detector.find(picture((1, 2), (6, 10))).boxes
    wanted = [expected(1, 2), expected(6, 10)]
    np.testing.assert_allclose(sorted(boxes.tolist()), sorted(map(list, wanted)), atol=0.01)


def test_from_the_command_line(file, call, tmp_path):
    cv2.imwrite(str(tmp_path / "p.png"), picture((3, 4)))
    code, out, _ = call("p.png", "--no-draw", "--detector", "yunet", "--detector-model", file)
    assert code == 0 and "p.png: 1 face, " in out
    code, _, err = call("p.png", "--no-draw", "--detector", "yunet")
    assert code == 2 and err.startswith("detector yunet: found no model, ") and err.count("\n") == 1


def test_a_large_picture_is_reduced_and_an_odd_one_padded(file):
    large = cv2.resize(picture((3, 4)), (1152, 768), interpolation=cv2.INTER_NEAREST)
    (box,) = YuNetDetector(file, 384).find(large).boxes
    np.testing.assert_allclose(box, expected(3, 4, 384 / 1152), atol=0.05)
    (box,) = YuNetDetector(file).find(picture((3, 4))[:250, :371]).boxes
    np.testing.assert_allclose(box, expected(3, 4), atol=0.01)


def test_a_glance_has_unsure_things_too(file):
    grey, detector = np.where(picture((3, 4)), 255, 76).astype(np.uint8), YuNetDetector(file)
    (score,) = detector.glance(grey, 384).scores
    assert 0.5 < score < detector.threshold and len(detector.find(grey)) == 0
    assert len(detector.glance(grey, 384, score + 0.01)) == 0 and len(detector.find(picture((3, 4)))) == 1


def test_a_leaning_face_keeps_its_lean_and_its_points(tmp_path):
    leaning = FIVE @ rotation(-1.9).T
    found = YuNetDetector(write_yunet(tmp_path / "leaning.onnx", leaning)).find(picture((3, 4)))
    assert found.oriented[0, 4] == pytest.approx(float(roll_of(leaning)), abs=1e-3)
    np.testing.assert_allclose(found.five[0], (leaning + (4, 3)) * 32, atol=0.01)
    assert 0.9 < found.scores[0] <= 1


def test_files_that_are_no_yunet_and_an_opencv_without_it(file, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"n\.onnx: found no such file, expected YuNet's \.onnx"):
        YuNetDetector(tmp_path / "n.onnx")
    for data in (b"", b"no network" * 20):
        (tmp_path / "bad.onnx").write_bytes(data)
        with pytest.raises(ValueError, match=r"bad\.onnx: found no network that OpenCV .* runs as YuNet \("):
            YuNetDetector(tmp_path / "bad.onnx")
    monkeypatch.delattr(cv2, "FaceDetectorYN")
    with pytest.raises(ValueError, match="without FaceDetectorYN"):
        YuNetDetector(file)
