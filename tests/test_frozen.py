import contextlib
import hashlib
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from export import frozen
from export.frozen import Run, flush_subnormals, frozen_graph, staging, write_contract
from infer.contract import read_contract
from records.landmarks import IBUG_68
from tests.conftest import STEPS

v1 = tf.compat.v1
TINY = np.finfo(np.float32).tiny
RNG = np.random.default_rng(14)


@pytest.fixture(scope="module")
def run(trained):
    return Run(trained, "last")


@pytest.fixture(scope="module")
def graph(run):
    return frozen_graph(run)


def constants(graph) -> dict[str, np.ndarray]:
    return {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph.node if node.op == "Const"}


def test_a_run_tells_its_network_records_and_step(trained, record_set):
    last, best = Run(trained, "last"), Run(trained)
    assert last.step == STEPS
    assert best.step == json.loads((trained / "best" / "nme.json").read_text())["step"]
    assert (last.shape.width, last.shape.head, last.shape.points) == (8, "integral", 68)
    assert last.records == record_set and last.scheme is IBUG_68


def test_a_run_without_a_best_checkpoint_gives_its_last(trained, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    shutil.rmtree(copy / "best")
    assert Run(copy, "best").step == STEPS


def test_the_frozen_graph_answers_like_the_checkpoint(run, graph):
    images = RNG.uniform(0, 255, (3, 128, 128, 3)).astype(np.float32)
    with v1.Graph().as_default() as imported, v1.Session() as session:
        v1.import_graph_def(graph, name="")
        found = session.run("landmarks:0", {imported.get_tensor_by_name("image:0"): images})
    expected = run.answer(images)
    assert expected.shape == (3, 136) and np.ptp(expected, axis=0).max() > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_frozen_graph_holds_constants_and_folded_convolutions_alone(graph):
    kinds = {node.op for node in graph.node}
    assert not any("BatchNorm" in kind or "Variable" in kind or "Assign" in kind or "Random" in kind for kind in kinds)
    assert [node.name for node in graph.node if node.op == "Placeholder"] == ["image"]
    last = next(node for node in graph.node if node.name == "landmarks")
    assert last.op == "Reshape"
    assert all(np.isfinite(value).all() for value in constants(graph).values() if value.dtype == np.float32)


def test_no_subnormal_of_the_weights_is_left(trained):
    class Faint(Run):
        """The run with its heat maps' kernel below the normal range."""

        @contextlib.contextmanager
        def session(self):
            with super().session() as session:
                (kernel,) = [value for value in v1.global_variables() if value.op.name == "senet/integral/heat/weights"]
                kernel.load(np.full(kernel.shape, TINY / 8, np.float32), session)
                yield session

    values = constants(frozen_graph(Faint(trained, "last")))
    for name, value in values.items():
        if value.dtype == np.float32:
            assert not ((value != 0) & (np.abs(value) < TINY)).any(), name
    assert any(value.shape == (1, 1, 8, 68) and not value.any() for value in values.values())


def test_subnormals_become_zero_and_nothing_else_does():
    with v1.Graph().as_default() as built:
        values = np.array([[1.0, TINY / 2, -TINY / 4], [TINY, 0.0, -3.0]], np.float32)
        tf.constant(values, name="weights")
        tf.constant([1, 2], name="shape")
        tf.constant(np.float32(2.5), name="plain")
        graph = built.as_graph_def()
    untouched = [node.SerializeToString() for node in graph.node if node.name != "weights"]
    assert flush_subnormals(graph) == 2
    np.testing.assert_array_equal(constants(graph)["weights"], [[1, 0, 0], [TINY, 0, -3]])
    assert [node.SerializeToString() for node in graph.node if node.name != "weights"] == untouched
    assert flush_subnormals(graph) == 0


def test_the_contract_holds_what_inference_needs(run, tmp_path):
    model = tmp_path / "landmark.pb"
    model.write_bytes(b"graph")
    write_contract(model, run, {"opencv": 2e-7, "tensorflow": 1e-7}, 1e-5, "for tests")
    raw = json.loads((tmp_path / "landmark.json").read_text())
    assert raw["sha256"] == hashlib.sha256(b"graph").hexdigest() and raw["file"] == "landmark.pb"
    assert raw["input"] == {"name": "image", "size": 128, "channels": 3, "order": "RGB", "range": [0, 255]}
    assert raw["crop"]["margin"] == 0.15
    assert raw["output"]["name"] == "landmarks" and raw["output"]["layout"] == "x0 y0 x1 y1 ..."
    assert raw["tolerance"] == {"limit": 1e-5, "opencv": 2e-7, "tensorflow": 1e-7}
    assert raw["trained_on"]["step"] == STEPS and set(raw["trained_on"]["faces"]) == {"tiny/AFW", "tiny/HELEN"}
    assert raw["terms"] == "for tests"
    assert set(raw) >= {"version", "file", "sha256", "input", "crop", "output", "points", "tolerance", "trained_on"}
    contract = read_contract(model)
    assert (contract.scheme, contract.count, tuple(contract.flip)) == ("ibug68", 68, IBUG_68.flip)
    assert {name: tuple(group) for name, group in contract.groups.items()} == IBUG_68.groups
    assert (tuple(contract.left_eye), tuple(contract.right_eye)) == (IBUG_68.left_eye, IBUG_68.right_eye)


def test_staged_files_move_when_all_is_well(tmp_path):
    out = tmp_path / "deep" / "out"
    with staging(out) as folder:
        (folder / "landmark.pb").write_text("new")
        (folder / "landmark.json").write_text("{}")
        assert [name for name in os.listdir(out) if not name.startswith(".")] == []
    assert sorted(os.listdir(out)) == ["landmark.json", "landmark.pb"]


def test_staged_files_vanish_on_an_error(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyError), staging(out) as folder:
        (folder / "landmark.pb").write_text("new")
        raise KeyError("no")
    assert not out.exists()
    out.mkdir()
    (out / "landmark.pb").write_text("old")
    with pytest.raises(KeyError), staging(out) as folder:
        (folder / "landmark.pb").write_text("new")
        raise KeyError("no")
    assert os.listdir(out) == ["landmark.pb"] and (out / "landmark.pb").read_text() == "old"


def test_missing_runs_and_checkpoints_are_said(trained, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent: found no settings.json, expected a run folder of net/train"):
        Run(tmp_path / "absent")
    shutil.copy(trained / "settings.json", tmp_path)
    with pytest.raises(FileNotFoundError, match="found no checkpoint, expected one: has net/train.py run"):
        Run(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"network": {"speed": 1}}', '{"network": {}}'])
def test_damaged_settings_are_said(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(ValueError, match="settings.json: damaged .*, expected the settings of a run"):
        Run(tmp_path)


def test_names_are_those_of_the_design():
    assert (frozen.MODEL, frozen.CONTRACT, frozen.INPUT, frozen.OUTPUT) == (
        "landmark.pb",
        "landmark.json",
        "image",
        "landmarks",
    )
