"""What the tests of export share, made once a session: a run's best checkpoint, its graph, the model it becomes."""

import pytest

from export import freeze, landmarks
from export.checkpoint import LandmarkCheckpoint, frozen_graph


@pytest.fixture(scope="session")
def checkpoint(trained):
    return LandmarkCheckpoint(trained)


@pytest.fixture(scope="session")
def graph(checkpoint):
    return frozen_graph(checkpoint.shape, checkpoint.load)


@pytest.fixture(scope="session")
def truth(checkpoint):
    """What the files are compared with: the checkpoint's own answers to the run's test records."""
    return landmarks.reference(checkpoint, checkpoint.record_set())


@pytest.fixture(scope="session")
def model(trained, tmp_path_factory):
    """`landmark.pb` of the run as the command writes it, its contract beside it; not to be changed."""
    out = tmp_path_factory.mktemp("frozen") / "model"
    assert freeze.main(["--run", str(trained), "--out", str(out), "--terms", "for tests only"]) == 0
    return out / "landmark.pb"
