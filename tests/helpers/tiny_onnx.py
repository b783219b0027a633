"""Networks of others: ONNX files, their protobuf fields written by hand, so that no package is needed.

The network answers, from the mean of each channel of what it is fed, `shape + means @ effect`: the order of channels,
their scaling, and the layout and unit of the answer all show in the points.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.helpers.protobuf import field

SIZE = 24
FLOAT = 1  # TensorProto.DataType
EFFECT = np.array([[0.11, 0.02], [-0.03, 0.07], [0.05, -0.13]])  # of each channel on x, y


def shape_68() -> np.ndarray:
    """68 points in the middle of a crop, float64 [68, 2], fractions of its side; no two alike."""
    angle = np.arange(68) * 0.7
    return 0.5 + (0.2 + 0.002 * np.arange(68))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def write_peer(
    folder: Path, name: str = "peer", channels: int = 3, nhwc: bool = False, convert=None, **contract
) -> Path:
    """Writes `<name>.onnx` and a contract by hand; convert: the 68 points [..., 68, 2] -> the raw answer [..., 136]."""
    convert = convert or (lambda points: points.reshape(*points.shape[:-2], -1))
    start = convert(shape_68())
    columns = [convert(shape_68() + effect) - start for effect in EFFECT[:channels]]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(pooled_model(np.array(columns), start, nhwc))
    text = {"by_hand": True, "input": {"size": SIZE}, **contract}
    path.with_suffix(".json").write_text(json.dumps(text), encoding="utf-8")
    return path


def write_fold_run(folder: Path, fold: str | None, **peer) -> Path:
    """The folder of a run made with --fold, with its settings and a model of `write_peer` in it; the model's path."""
    from net.model.senet import Shape  # with TensorFlow
    from net.run.folder import LANDMARK_RUNS, RecordsSummary, RunFolder, RunSettings

    path = write_peer(folder, **peer)
    records = RecordsSummary("pts_2d", 0.3, 32, "jpeg", {}, "ibug68")
    RunFolder(folder).write_settings(RunSettings(LANDMARK_RUNS, {"fold": fold}, Shape(68), records, None))
    return path


def expected_points(means) -> np.ndarray:
    """The network's points, fractions of the crop's side, for channel means as it is fed them: float64 [68, 2]."""
    return shape_68() + np.asarray(means, np.float64) @ EFFECT[: len(means)]


def pooled_model(weights: np.ndarray, bias: np.ndarray, nhwc: bool = False, extra_output: bool = False) -> bytes:
    """Mean over the picture, times weights [C, M], plus bias [M]: an ONNX file. input "data", output "points"."""
    channels, answers = weights.shape
    dims = [1, SIZE, SIZE, channels] if nhwc else [1, channels, SIZE, SIZE]
    nodes = [node("Transpose", ["data"], ["planes"], perm=[0, 3, 1, 2])] if nhwc else []
    nodes += [
        node("GlobalAveragePool", ["planes" if nhwc else "data"], ["pooled"]),
        node("Flatten", ["pooled"], ["flat"], axis=1),
        node("Gemm", ["flat", "weights", "bias"], ["points"]),
    ]
    outputs = [value("points", [1, answers])]
    if extra_output:
        nodes.append(node("Relu", ["flat"], ["other"]))
        outputs.append(value("other", [1, channels]))
    return model(nodes, [tensor("weights", weights), tensor("bias", bias)], [value("data", dims)], outputs)


# the fields of onnx.proto, by their numbers


def model(nodes: list[bytes], initializers: list[bytes], inputs: list[bytes], outputs: list[bytes]) -> bytes:
    """ModelProto: ir_version 1, graph 7, opset_import 8 (version 2)."""
    parts = [(1, nodes), (5, initializers), (11, inputs), (12, outputs)]
    graph = b"".join(field(number, part) for number, several in parts for part in several) + field(2, b"tiny")
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def node(kind: str, inputs: list[str], outputs: list[str], **attributes) -> bytes:
    """NodeProto: input 1, output 2, op_type 4, attribute 5."""
    names = [field(1, name.encode()) for name in inputs] + [field(2, name.encode()) for name in outputs]
    return (
        b"".join(names)
        + field(4, kind.encode())
        + b"".join(field(5, attribute(name, given)) for name, given in attributes.items())
    )


def attribute(name: str, given: int | list[int]) -> bytes:
    """AttributeProto: name 1, i 3, ints 8, type 20 (2: INT, 7: INTS)."""
    if isinstance(given, int):
        return field(1, name.encode()) + field(3, given) + field(20, 2)
    return field(1, name.encode()) + b"".join(field(8, one) for one in given) + field(20, 7)


def tensor(name: str, values: np.ndarray) -> bytes:
    """TensorProto: dims 1, data_type 2, name 8, raw_data 9."""
    values = np.asarray(values, "<f4")
    dims = b"".join(field(1, size) for size in values.shape)
    return dims + field(2, FLOAT) + field(8, name.encode()) + field(9, values.tobytes())


def value(name: str, dims: list[int | str]) -> bytes:
    """ValueInfoProto: name 1, type 2; TypeProto: tensor_type 1 (elem_type 1, shape 2); dim 1: dim_value 1, or its
    name, dim_param 2."""
    shape = b"".join(field(1, field(2, size.encode()) if isinstance(size, str) else field(1, size)) for size in dims)
    return field(1, name.encode()) + field(2, field(1, field(1, FLOAT) + field(2, shape)))
