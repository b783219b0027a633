"""What the programs say before TensorFlow is imported: here its import ends them."""

import json
import os

import pytest

from tests.helpers.opening import said

OPENING = ["records", "run", "network", "steps", "precision", "processor", "building", "tensorflow"]
HOSTS = {"chief": ["127.0.0.1:1"], "worker": ["127.0.0.1:2"], "ps": ["127.0.0.1:3"]}


@pytest.mark.parametrize("script", ["net/train.py", "net/train_detector.py"])
def test_a_training_says_what_it_does_before_tensorflow_is_imported(script, tmp_path):
    assert said(script, "--records", tmp_path / "absent", "--run", tmp_path / "run") == OPENING
    assert os.listdir(tmp_path) == []


def test_a_member_of_a_cluster_says_so_too_and_a_wrong_one_ends_at_once(tmp_path):
    cluster = {"cluster": HOSTS, "task": {"type": "worker", "index": 0}}
    member = {"TF_CONFIG": json.dumps(cluster)}
    assert said("net/train.py", "--run", tmp_path / "run", environment=member) == OPENING
    assert said("net/train_detector.py", "--run", tmp_path / "run", environment=member, code=2) == []
    cluster["task"]["index"] = 1
    assert said("net/train.py", environment={"TF_CONFIG": json.dumps(cluster)}, code=2) == []


def test_a_sweep_says_how_many_runs_there_are(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"grid": {"width": [8, 16]}, "seeds": [1, 2, 3]}))
    assert said("net/train.py", "--sweep", tmp_path / "plan.json", "--run", tmp_path / "out") == ["sweep", "tensorflow"]
