"""A frozen model in further formats, for those who have the model and not the run that it came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export.graphs import read_graph, widened
from export.landmarks import BATCHES, COMPARED, MEASURED, LandmarkReference, faces
from export.networks import signature_of, with_spread
from export.parity import in_batches
from export.runtimes import session_of
from export.signature import Signature
from infer.files.pictures import read_picture
from infer.geometry.crop import Crop
from infer.model.contract import read_contract
from infer.model.detector_contract import read_detector_contract
from net.data.batches import to_grey
from net.data.record_set import RecordSet
from net.model.senet import SPREAD
from net.run.folder import LANDMARK_RUNS
from net.training.origins import network_of
from records.landmarks import scheme_in_contract

ROOT = Path(__file__).resolve().parents[1]
SEED = 1


class FrozenModel:
    """A frozen graph of this project with its contract.

    file: `landmark.pb` or its `.json`; graph: in single precision, whatever the file holds, and with the spread of its
    heat maps, where it has some. Raises FileNotFoundError where a file is missing, ValueError where one is damaged or
    of another project's network.
    """

    def __init__(self, file: Path):
        self.contract = read_contract(file)
        self.file = self.contract.model
        self.shape = network_of(file, LANDMARK_RUNS)
        self.signature = signature_of(self.shape)
        graph = widened(read_graph(self.file))
        self.graph = with_spread(graph, self.shape) if SPREAD in self.signature.outputs else graph

    def record_set(self, folder: Path | None) -> RecordSet | None:
        """Records as the network wants them, where there are any."""
        return RecordSet(folder, grey=self.shape.picture == "grey") if folder else None

    def reference(self, records: RecordSet | None) -> LandmarkReference:
        """Test records, at most MEASURED, and what the graph answers to them in TensorFlow.

        Without records: squares of the pictures in images/, whose points are unknown. Raises ValueError for records of
        other points.
        """
        scheme = scheme_in_contract(self.contract.raw["points"])
        if records is None:
            images, labels = self._unlabelled()
        elif records.scheme.name != scheme.name:
            found = f"{records.folder}: found points of {records.scheme.name}"
            raise ValueError(f"{found}, expected {scheme.name}, those of {self.file.name}")
        else:
            images, labels = faces(records, MEASURED)
        answers, *spreads = in_batches(session_of(self.graph, self.signature), images, max(BATCHES))
        return LandmarkReference(images, labels.reshape(len(images), -1, 2), answers, scheme, *spreads)

    def _unlabelled(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures without faces' points: float32 [COMPARED, S, S, C], and NaN [COMPARED, 2K]."""
        images = squares(COMPARED, self.shape.size)
        images = to_grey(images) if self.shape.planes == 1 else images
        return images.astype(np.float32), np.full((COMPARED, 2 * self.shape.points), np.nan)


class FrozenDetector:
    """A frozen graph of a detector with its contract.

    file: `detector.pb` or its `.json`; graph: in single precision, whatever the file holds. Raises as `FrozenModel`.
    """

    def __init__(self, file: Path):
        self.contract = read_detector_contract(file)
        self.file = self.contract.model
        self.signature = Signature(self.contract.input, tuple(level.name for level in self.contract.levels))
        self.graph = widened(read_graph(self.file))


def squares(count: int, size: int) -> np.ndarray:
    """Squares of the pictures in images/, uint8 [count, size, size, 3] RGB: the same ones every time."""
    rng, found = np.random.default_rng(SEED), []
    drawn = [_picture(path) for path in sorted((ROOT / "images").glob("*.jpg"))]
    for index in range(count):
        picture = drawn[index % len(drawn)]
        height, width = picture.shape[:2]
        edge = rng.uniform(0.3, 0.9) * min(height, width)
        across, down = rng.uniform(0.3, 0.7, 2)
        found.append(Crop((across * width, down * height), edge, size).cut(picture))
    return np.array(found)


def _picture(path: Path) -> np.ndarray:
    """uint8 [height, width, 3] RGB."""
    return read_picture(path)[..., ::-1]
