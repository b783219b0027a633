"""A network as OpenCV runs it: loaded from the file that a contract names, fed crops, its answer read as points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..faces.located import Located
from ..geometry.boxes import picture_box, relative_shape
from .contract import FRACTION, NHWC, PIXEL, PLANAR, Contract, Input
from .graph import open_graph, running


@dataclass(frozen=True)
class RawAnswer:
    """What a network says of N faces: points, float32 [N, K, 2], and how widely its answer is spread around each,
    float32 [N, K], None for a network that does not say; fractions of the crop's side."""

    points: np.ndarray
    spread: np.ndarray | None = None


def load(contract: Contract):
    """The network of a contract's model, an `.onnx` file or else a frozen TensorFlow graph, tried once.

    Raises ValueError where OpenCV can't read or run it, or where it answers otherwise than the contract says.
    """
    with running(contract.model):
        net = open_graph(contract.model)
        _check_outputs(net, contract)
        _check_batches(net, contract)
    return net


def forward(net, contract: Contract, crops: Sequence[np.ndarray]) -> RawAnswer:
    """The network's answer for crops uint8 [size, size, 3] BGR.

    Raises ValueError where it has another number of values than the contract's points.
    """
    net.setInput(blob_of(contract.input, crops), contract.input.name)
    faces, count = len(crops), contract.points.count
    if contract.spread:
        answer, spread = net.forward([contract.output.name, contract.spread.name])
    else:
        answer, spread = net.forward(contract.output.name) if contract.output.name else net.forward(), None
    points = _fractions(_values(answer, contract, faces, 2 * count), contract)
    return RawAnswer(points, None if spread is None else _values(spread, contract, faces, count))


def locate(net, contract: Contract, crops: Sequence[np.ndarray]) -> Located:
    """As `forward`, with the errors to be expected in place of the spread, where the contract knows what that is worth:
    in fractions of the crop's side."""
    answer = forward(net, contract, crops)
    if contract.spread is None or answer.spread is None:
        return Located(answer.points)
    return Located(answer.points, contract.spread.expected(answer.spread))


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


def _values(answer: np.ndarray, contract: Contract, faces: int, count: int) -> np.ndarray:
    """An output as [faces, count]. Raises ValueError where it has another number of values."""
    if answer.size != faces * count:
        found = f"answers {list(answer.shape)} for {faces} faces"
        raise ValueError(f"{contract.model}: {found}, expected [{faces}, {count}]")
    return answer.reshape(faces, count).copy()  # the next forward writes to the same place


def _fractions(answer: np.ndarray, contract: Contract) -> np.ndarray:
    """The raw answer [N, 2K] in the contract's layout and unit -> float32 [N, K, 2], fractions of the crop's side."""
    if contract.output.layout == PLANAR:
        points = answer.reshape(-1, 2, contract.points.count).transpose(0, 2, 1)
    else:
        points = answer.reshape(-1, contract.points.count, 2)
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
    alone = np.concatenate([forward(net, contract, [crop]).points for crop in crops])
    off = float(np.abs(forward(net, contract, crops).points - alone).max())
    if not off < 1e-3:
        raise ValueError(f"{contract.model}: answers {off:.2g} otherwise for two faces at once, expected input.batch 1")
