"""Data that several tests share, made once a session.

What makes them is imported where it is used: the tests of inference also run where there is no TensorFlow.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LANDMARK68_DATA") or ROOT.parent / "shared" / "data")
CONTEXT = 9
TEST_FRACTION = 0.5  # three of the ten photos, by their hashes
LONGEST = ("slow", "net", "export")  # folders whose files take longest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: a long file begun last would keep one core busy and the others waiting."""
    folders = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: folders.get(item.path.relative_to(ROOT / "tests").parts[0], len(LONGEST)))


@pytest.fixture(scope="session")
def face_set(tmp_path_factory):
    """A data set of 30 drawn faces of 10 photos in 3 views; not to be changed."""
    from tests.helpers.drawn import draw_set

    return draw_set(tmp_path_factory.mktemp("drawn") / "tiny")


@pytest.fixture(scope="session")
def record_set(face_set, tmp_path_factory):
    """Records of `face_set`, several shards a split, made by 2 workers; not to be changed."""
    from tools import make_records

    folder = tmp_path_factory.mktemp("records") / "set"
    assert make_records.main([str(face_set), "--out", str(folder), *RECORD_OPTIONS, "--workers", "2"]) == 0
    return folder


RECORD_OPTIONS = ["--context", str(CONTEXT), "--test-fraction", str(TEST_FRACTION)]
RECORD_OPTIONS += ["--shard-size", "6", "--encoding", "raw", "--no-report"]


@pytest.fixture(scope="session")
def scene_set(face_set, tmp_path_factory):
    """Scenes of `face_set`, a face in each, several shards a split; not to be changed."""
    from tools import make_scenes

    folder = tmp_path_factory.mktemp("scenes") / "set"
    options = ["--test-fraction", str(TEST_FRACTION), "--shard-size", "6", "--no-report", "--workers", "2"]
    assert make_scenes.main([str(face_set), "--out", str(folder), *options]) == 0
    return folder


@pytest.fixture(scope="session")
def trained(record_set, tmp_path_factory):
    """A run of a tiny network on `record_set`, never interrupted; not to be changed."""
    from net import train

    run = tmp_path_factory.mktemp("runs") / "whole"
    assert train.main(train_options(record_set, run)) == 0
    return run


def train_options(record_set: Path, run: Path, *others: str) -> list[str]:
    """Arguments of net/train.py for a tiny network; one thread, so that sums are added in one order."""
    options = "--width 8 --decoder 8 --batch 4 --loss wing --rate 0.005 --threads 1 --report-every 1"
    options += f" --eval-every 12 --steps {STEPS} --seed 2 --no-plots --precision float32"
    return ["--records", str(record_set), "--run", str(run), *options.split(), *others]


STEPS = 40  # eight epochs, nearly


@pytest.fixture(scope="session")
def shared_data():
    """A function: a part of the real data beside the repository -> its path; it skips the test where that is not.

    The data lie in the folder that LANDMARK68_DATA names, by default ../shared/data beside the repository.
    """

    def find(*parts: str) -> Path:
        path = SHARED.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"no real data at {path}; LANDMARK68_DATA names their folder")
        return path

    return find


@pytest.fixture(scope="session")
def genuine(shared_data):
    """The folder of genuine 300W-LP files, `_Flip` twins among them."""
    return shared_data("genuine", "300W_LP")
