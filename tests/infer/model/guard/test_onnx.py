"""infer/model/guard/onnx.py: an ONNX file that OpenCV would not survive is refused before it sees it."""

import numpy as np
import pytest

from infer.model.guard.onnx import check_onnx
from tests.helpers.protobuf import field
from tests.helpers.tiny_onnx import model, node, pooled_model, tensor, value

WEIGHTS = tensor("weights", np.ones((3, 10)))
DATA = value("data", [1, 3])


def answer_of(*nodes, inputs=(DATA,)):
    return model(list(nodes), [WEIGHTS], list(inputs), [value("points", [1, 10])])


def weighted(constant):
    return model([node("Relu", ["data"], ["x"])], [constant], [DATA], [])


@pytest.mark.parametrize("nhwc", [False, True])
def test_sound_files_pass(nhwc):
    check_onnx(pooled_model(np.ones((3, 10)), np.ones(10), nhwc, extra_output=True))
    check_onnx(answer_of(node("Conv", ["data", "weights"], ["points"], group=3)))
    check_onnx(weighted(tensor("none", np.ones(0))))
    check_onnx(answer_of(node("Constant", [], ["other"]), node("Gemm", ["data", "weights", ""], ["points"])))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (answer_of(node("MatMul", ["data", "weight"], ["points"])), "node MatMul takes 'weight', which is not there"),
        (answer_of(node("Relu", ["data"], ["points"]), inputs=()), "node Relu takes 'data', which is not there"),
        (answer_of(node("Relu", ["late"], ["points"]), node("Relu", ["data"], ["late"])), "takes 'late', which is not"),
        (answer_of(node("MatMul", ["data"], ["points"])), "node MatMul has 1 inputs, expected 2"),
        (answer_of(node("Conv", ["data", "weights"], ["points"], group=0)), "a convolution in no groups"),
        (weighted(tensor("w", np.ones((3, 0)))), r"constant of shape \[3, 0\]"),
        (weighted(field(1, bytes([3, 0])) + field(8, b"w")), r"constant of shape \[3, 0\]"),  # packed
        (answer_of(), "no nodes"),
        (field(1, 8), "no graph"),
        (field(7, 3), "a number in place of a message"),
        (b"no onnx", "no protocol buffer|a message that is cut"),
        (answer_of(node("Relu", ["data"], ["points"])).replace(b"data", b"d\xffta"), "a name that is no text"),
    ],
)
def test_others_are_refused(data, wanted):
    with pytest.raises(ValueError, match=wanted) as caught:
        check_onnx(data)
    assert len(str(caught.value).splitlines()) == 1


def test_every_cut_is_refused():
    data = pooled_model(np.ones((3, 10)), np.ones(10))
    graph_ends = len(data) - len(field(8, field(2, 13)))  # what follows is the opset alone
    for end in range(graph_ends):
        with pytest.raises(ValueError):
            check_onnx(data[:end])
