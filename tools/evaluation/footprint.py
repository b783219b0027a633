"""What a model costs besides time: size of its file, parameters, multiply-adds, and memory of a process with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infer.landmarker import BATCH, Landmarker
from infer.model import network
from infer.model.contract import NHWC, Contract
from tools.evaluation.memory import high_water

ROOT = Path(__file__).resolve().parents[2]
ELEMENTWISE = ("Const", "PReLU")  # layers whose numbers may be as many as a map's, each for one place of it
PROBE = "import sys; sys.path.insert(0, sys.argv[1]); from tools.evaluation.footprint import probe; probe(sys.argv[2])"


def footprint(contract: Contract, memory: bool = True) -> dict:
    """bytes: of the model's file; parameters, multiply_adds: of one face, from the contract or else counted; memory,
    memory_added: peak bytes of a process that runs it, and how much of that is not Python's and OpenCV's start; None
    where not asked for or unknown."""
    said = {"parameters": contract.parameters, "multiply_adds": contract.multiply_adds}
    counted = dict(zip(said, count(contract), strict=True)) if None in said.values() else {}
    known = {name: counted[name] if value is None else value for name, value in said.items()}
    peak = peak_memory(contract.model) if memory else {"memory": None, "memory_added": None}
    return {"bytes": contract.model.stat().st_size, **known, **peak}


def count(contract: Contract) -> tuple[int, int | None]:
    """Parameters, and multiply-adds for one face, of the graph as OpenCV has read it.

    Parameters are what training learns, once where layers share them: no running moments of a batch norm, no single
    constants such as 1/255. Multiply-adds are those of convolutions and matrix products, with weights or without, not
    of activations or sums; None where a layer multiplies by matrices in a way not known here, as an LSTM does. OpenCV's
    own `getFLOPS` (two of its operations are a multiply-add) says 0.8 % more of ours, as it counts the others too, but
    takes a depthwise convolution for a full one: of a network of C such channels it says C times as much.
    """
    net, size = network.load(contract), contract.input.size
    planes = contract.input.channels
    shape = [1, size, size, planes] if contract.input.layout == NHWC else [1, planes, size, size]
    learnt: dict[tuple, int] = {}
    products: list[int | None] = []
    for index, inputs, outputs in zip(*net.getLayersShapes(shape), strict=True):
        layer = net.getLayer(int(index))
        learnt |= {_identity(blob, int(index), place): blob.size for place, blob in enumerate(_learnt(layer))}
        products.append(_products(layer, inputs, outputs))
    return sum(learnt.values()), None if None in products else sum(filter(None, products))


def _learnt(layer) -> list[np.ndarray]:
    """What training has learnt of a layer's numbers."""
    if layer.type == "BatchNorm":
        return layer.blobs[2:]  # behind mean and variance
    return [blob for blob in layer.blobs if blob.size > 1 or layer.type != "Const"]


def _identity(blob: np.ndarray, *place: int) -> tuple:
    """The same for weights that layers share: OpenCV gives each a copy. Numbers all alike may be so by chance."""
    return place if (blob == blob.flat[0]).all() else (blob.shape, blob.tobytes())


def _products(layer, inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> int | None:
    """Multiply-adds of a layer, for its inputs' and outputs' shapes with a batch of one; None where unknown.

    A matrix product's weights are one of two inputs where they are not the layer's own.
    """
    weights = layer.blobs[0].size if layer.blobs else int(np.prod(inputs[1])) if len(inputs) > 1 else 0
    if layer.type == "Convolution":
        return weights * int(np.prod(outputs[0][2:]))
    if layer.type == "Deconvolution":
        return weights * int(np.prod(inputs[0][2:]))
    if layer.type == "MatMul":
        return int(np.prod(outputs[0])) * int(inputs[0][-1])
    if layer.type in ("InnerProduct", "Gemm"):
        return weights * int(np.prod(outputs[0])) // int(outputs[0][-1])
    matrices = [blob for blob in layer.blobs if sum(size > 1 for size in blob.shape) > 1]
    return None if matrices and layer.type not in ELEMENTWISE else 0


def peak_memory(model: Path) -> dict[str, int | None]:
    """Peak memory, in bytes, of a process of its own that loads the model and runs a batch; None where that is unknown.

    Raises ValueError where the process fails.
    """
    command = [sys.executable, "-c", PROBE, str(ROOT), str(Path(model).resolve())]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{model}: the process that measures memory failed: {done.stderr.strip().splitlines()[-1:]}")
    start, peak = json.loads(done.stdout.splitlines()[-1])
    return {"memory": peak, "memory_added": None if peak is None else peak - start}


def probe(model: str) -> None:
    """What that process does: prints its peak memory before and after."""
    start = high_water()
    landmarker = Landmarker(model)
    size = landmarker.contract.input.size
    image, box = np.zeros((size, size, 3), np.uint8), [0, 0, size, size]
    for batch in (1, BATCH):
        landmarker.fit(image, np.tile(box, (batch, 1)), 1)
    print(json.dumps([start, high_water()]))
