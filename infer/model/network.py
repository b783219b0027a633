"""A network as OpenCV runs it: loaded from the file that a contract names, fed crops, its answer read as points."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..geometry.boxes import picture_box, relative_shape
from .contract import FRACTION, NHWC, PIXEL, PLANAR, Contract, Input
from .graph import open_graph, running


def load(contract: Contract):
    """The network of a contract's model, an `.onnx` file or else a frozen TensorFlow graph, tried once.

    Raises ValueError where OpenCV can't read or run it, or where it answers otherwise than the contract says.
    """
    with running(contract.model):
        net = open_graph(contract.model)
        _check_outputs(net, contract)
        _check_batches(net, contract)
    return net


def forward(net, contract: Contract, crops: Sequence[np.ndarray]) -> np.ndarray:
    """The network's answer for crops uint8 [size, size, 3] BGR: float32 [N, K, 2], fractions of the crop's side.

    Raises ValueError where it has another number of values than the contract's points.
    """
    net.setInput(blob_of(contract.input, crops), contract.input.name)
    answer = net.forward(contract.output.name) if contract.output.name else net.forward()
    if answer.size != len(crops) * contract.points.count * 2:
        raise ValueError(
            f"{contract.model}: answers {list(answer.shape)} for {len(crops)} faces, "
            f"expected [{len(crops)}, {contract.points.count * 2}]"
        )
    return _fractions(answer, contract, len(crops))


def blob_of(given: Input, crops: Sequence[np.ndarray]) -> np.ndarray:
    """What the network is fed for crops uint8 [size, size, 3] BGR: float32 [N, C, size, size] or [N, size, size, C]."""
    if given.order == "GRAY":
        crops = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops]
    blob = cv2.dnn.blobFromImages(crops, swapRB=given.order == "RGB", ddepth=cv2.CV_32F)
    low, high = given.range
    if (low, high) != (0, 255):
        blob = blob * np.float32((high - low) / 255) + np.float32(low)
    if given.mean or given.std:
        mean, std = (np.array(values, np.float32).reshape(1, -1, 1, 1) for values in (given.mean or 0, given.std or 1))
        blob = (blob - mean) / std
    return np.ascontiguousarray(blob.transpose(0, 2, 3, 1)) if given.layout == NHWC else blob


def _fractions(answer: np.ndarray, contract: Contract, faces: int) -> np.ndarray:
    """The raw answer in the contract's layout and unit -> float32 [N, K, 2], fractions of the crop's side."""
    if contract.output.layout == PLANAR:
        points = answer.reshape(faces, 2, contract.points.count).transpose(0, 2, 1)
    else:
        points = answer.reshape(faces, contract.points.count, 2)
    if contract.output.unit == FRACTION:
        return points
    size = contract.input.size
    return relative_shape(points, picture_box(size, size)) if contract.output.unit == PIXEL else (points + 1) / 2


def _check_outputs(net, contract: Contract) -> None:
    """Without a name the answer is the only output there is."""
    names = net.getUnconnectedOutLayersNames()
    if not contract.output.name and len(names) != 1:
        raise ValueError(f"{contract.model}: found outputs {', '.join(names)}, expected output.name to choose one")


def _check_batches(net, contract: Contract) -> None:
    """One face must go through; where the contract promises more at once, they must get the same answers."""
    size = (contract.input.size, contract.input.size, 3)
    forward(net, contract, [np.zeros(size, np.uint8)])
    if not contract.input.batch or contract.input.batch == 1:
        return
    crops = list(np.random.default_rng(0).integers(0, 256, (2, *size), np.uint8))
    alone = np.concatenate([forward(net, contract, [crop]) for crop in crops])
    off = float(np.abs(forward(net, contract, crops) - alone).max())
    if not off < 1e-3:
        raise ValueError(f"{contract.model}: answers {off:.2g} otherwise for two faces at once, expected input.batch 1")
