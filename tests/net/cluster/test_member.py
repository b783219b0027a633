"""What TF_CONFIG makes of a process. No process is started here."""

import json
import re

import pytest

from net.cluster.batch import divided
from net.cluster.member import member_of

CLUSTER = {"chief": ["a:1"], "worker": ["b:2", "c:3"], "ps": ["d:4", "e:5"]}


def config(task="worker", index=1, **jobs) -> dict[str, str]:
    """An environment with TF_CONFIG; jobs replace those of CLUSTER, None removes one."""
    hosts = {job: addresses for job, addresses in {**CLUSTER, **jobs}.items() if addresses is not None}
    return {"TF_CONFIG": json.dumps({"cluster": hosts, "task": {"type": task, "index": index}})}


def test_a_member_knows_its_place():
    member = member_of(config())
    assert (member.task, member.index, member.workers, member.number, member.is_chief) == ("worker", 1, 3, 2, False)
    assert member.hosts == {"chief": ("a:1",), "worker": ("b:2", "c:3"), "ps": ("d:4", "e:5")}
    chief = member_of(config("chief", 0))
    assert (chief.number, chief.is_chief, chief.tests) == (0, True, True)
    assert not member_of(config("chief", 0, evaluator=["f:6"])).tests
    assert member_of(config("evaluator", 0, evaluator=["f:6"])).apart


@pytest.mark.parametrize("text", ["  ", "{}", '{"cluster": {"chief": ["a:1"]}, "task": {"type": "chief"}}'])
def test_a_machine_alone_is_no_cluster(text):
    assert member_of({"TF_CONFIG": text}) is member_of({}) is None


@pytest.mark.parametrize(
    "environment, message",
    [
        ({"TF_CONFIG": "{cluster"}, "found '{cluster'"),
        ({"TF_CONFIG": '{"cluster": ["a:1"]}'}, "in the cluster"),
        (config("worker", "1"), "expected type chief, worker, ps, evaluator and an index"),
        (config("worker", 2), "found worker 2, expected an index from 0 to 1"),
        (config("worker", -1), "found worker -1"),
        (config("worker", 0, worker=[]), "found worker 0, expected a task that the cluster has"),
        # an evaluator that the others do not know of: the chief would write best/ as well
        (config("evaluator", 0), "found no evaluator in the cluster"),
        (config("evaluator", 1, evaluator=["f:6", "g:7"]), "found 2 evaluators"),
        (config("chief", 0, chief=None), "found 0 chiefs"),
        (config(ps=None), "found no ps"),
        (config(master=["a:1"]), "found master in the cluster"),
        (config(ps=["d:70000"]), "found 'd:70000' for ps"),
        (config(ps="d:4"), "found 'd:4' for ps"),
        (config(ps=["b:2"]), "found b:2 twice"),
    ],
)
def test_a_wrong_tf_config_is_one_line(environment, message):
    with pytest.raises(ValueError, match="^TF_CONFIG: .*" + re.escape(message) + ".*$"):
        member_of(environment)


def test_the_whole_batch_is_divided():
    assert divided(12, 3) == 4
    with pytest.raises(ValueError, match="batch: found 64 faces for 3 workers"):
        divided(64, 3)
