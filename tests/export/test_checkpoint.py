import contextlib
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from export import checkpoint as frozen
from export.checkpoint import Run, frozen_graph
from export.graphs import constants_of
from net.data.selection import Fold
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
    assert all(np.isfinite(value).all() for value in constants_of(graph).values() if value.dtype == np.float32)


def test_no_subnormal_of_the_weights_is_left(trained):
    class Faint(Run):
        """The run with its heat maps' kernel below the normal range."""

        @contextlib.contextmanager
        def session(self):
            with super().session() as session:
                (kernel,) = [value for value in v1.global_variables() if value.op.name == "senet/integral/heat/weights"]
                kernel.load(np.full(kernel.shape, TINY / 8, np.float32), session)
                yield session

    values = constants_of(frozen_graph(Faint(trained, "last")))
    for name, value in values.items():
        if value.dtype == np.float32:
            assert not ((value != 0) & (np.abs(value) < TINY)).any(), name
    assert any(value.shape == (1, 1, 8, 68) and not value.any() for value in values.values())


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


def test_a_checkpoint_of_another_network_is_one_line(trained, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    settings = json.loads((copy / "settings.json").read_text())
    for changes, wanted in (
        ({"depth": 2}, r"senet/stage1/block2/\S+ is None, expected \["),
        ({"decoder": 16}, r"senet/integral/top/weights is \[1, 1, 64, 8\], expected \[1, 1, 64, 16\] by settings.json"),
    ):
        (copy / "settings.json").write_text(json.dumps({**settings, "network": settings["network"] | changes}))
        with pytest.raises(ValueError, match=rf"ckpt-\d+: {wanted}") as caught:
            frozen_graph(Run(copy))
        assert len(str(caught.value).splitlines()) == 1


def test_the_best_checkpoint_has_its_nme_and_the_last_has_none(trained):
    assert Run(trained).recorded_nme() == json.loads((trained / "best" / "nme.json").read_text())["nme_box"]
    assert Run(trained, "last").recorded_nme() is None


def test_a_run_of_cross_validation_has_its_own_test_records(trained, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "copy")
    settings = json.loads((copy / "settings.json").read_text())
    settings["options"]["fold"] = "1/3"
    (copy / "settings.json").write_text(json.dumps(settings))
    found = Run(copy).record_set()
    assert found.fold == Fold(1, 3) and Run(trained).record_set().fold is None


def test_nothing_unused_is_left(graph):
    nodes = {node.name: node for node in graph.node}
    reached, todo = set(), ["landmarks"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += nodes[name].input
    assert reached == set(nodes)


def test_input_and_output_are_those_of_the_design(graph):
    nodes = {node.name: node for node in graph.node}
    dims = [dim.size for dim in nodes["image"].attr["shape"].shape.dim]
    assert (frozen.INPUT, frozen.OUTPUT, dims) == ("image", "landmarks", [-1, 128, 128, 3])
    assert nodes["landmarks"].op == "Reshape"
