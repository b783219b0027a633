"""deploy/kubernetes.yaml: read by a YAML parser, held against Kubernetes' reference, and what each pod would then be.

Where PyYAML is not installed, tests/test_scale_environment.py runs this in the environment that has it.
"""

import re

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed here")

from net import cluster, train
from tests.conftest import ROOT

# the fields of the API reference (v1.31: Service v1, ConfigMap v1, Job batch/v1, Pod v1) that the file makes use of
FIELDS = {
    "Service": {"clusterIP", "publishNotReadyAddresses", "selector", "ports"},
    "Job": {"completionMode", "completions", "parallelism", "backoffLimit", "template"},
    "pod": {"subdomain", "restartPolicy", "containers", "volumes"},
    "container": {"name", "image", "workingDir", "command", "args", "env", "ports", "resources", "volumeMounts"},
}
VERSIONS = {"Service": "v1", "ConfigMap": "v1", "Job": "batch/v1"}


@pytest.fixture(scope="module")
def parts():
    """The documents of the file by (kind, name)."""
    documents = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text()))
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def jobs_of(parts) -> dict[str, dict]:
    return {name.removeprefix("landmark68-"): one["spec"] for (kind, name), one in parts.items() if kind == "Job"}


def test_every_document_is_of_a_known_kind_and_has_known_fields(parts):
    assert len(parts) == 5
    for (kind, name), one in parts.items():
        assert one["apiVersion"] == VERSIONS[kind]
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)
        assert set(one) == {"apiVersion", "kind", "metadata", "data" if kind == "ConfigMap" else "spec"}
        if kind in FIELDS:
            assert set(one["spec"]) <= FIELDS[kind]


def test_jobs_are_indexed_and_their_pods_complete(parts):
    for spec in jobs_of(parts).values():
        assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"] >= 1
        pod = spec["template"]["spec"]
        (container,) = pod["containers"]
        assert set(pod) <= FIELDS["pod"] and set(container) <= FIELDS["container"]
        assert pod["restartPolicy"] == "OnFailure"  # a Job allows this and Never
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert all(isinstance(text, str) for text in [*container["command"], *container["args"]])
        for value in container["resources"]["requests"].values():
            assert re.fullmatch(r"\d+(\.\d+)?(m|[KMGT]i)?", value)


def config_of(spec, parts, index: int) -> dict[str, str]:
    """A pod's environment, `$(NAME)` replaced as Kubernetes does: by variables that stand before."""
    found = {}
    for one in spec["template"]["spec"]["containers"][0]["env"]:
        source = one.get("valueFrom", {})
        if "configMapKeyRef" in source:
            reference = source["configMapKeyRef"]
            found[one["name"]] = parts["ConfigMap", reference["name"]]["data"][reference["key"]]
        elif "fieldRef" in source:
            assert source["fieldRef"]["fieldPath"] == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
            found[one["name"]] = str(index)
        else:
            found[one["name"]] = re.sub(r"\$\((\w+)\)", lambda match: found[match[1]], one["value"])
    return found


def test_every_pod_is_a_member_of_one_cluster_at_its_own_address(parts):
    service, seen = parts["Service", "landmark68"], set()
    (port,) = (one["port"] for one in service["spec"]["ports"])
    for task, spec in jobs_of(parts).items():
        template = spec["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        assert template["spec"]["subdomain"] == "landmark68"  # the Service's name: so pods get names in its domain
        assert template["spec"]["containers"][0]["ports"] == [{"containerPort": port}]
        for index in range(spec["completions"]):
            member = cluster.member_of(config_of(spec, parts, index))
            assert (member.task, member.index) == (task, index)
            assert member.hosts[task][index] == f"landmark68-{task}-{index}.landmark68:{port}"
            seen.add((task, index))
    assert seen == {(task, index) for task, hosts in member.hosts.items() for index in range(len(hosts))}


def test_the_command_is_one_that_the_program_takes(parts):
    specs = jobs_of(parts)
    commands = [spec["template"]["spec"]["containers"][0] for spec in specs.values()]
    assert all(one["command"] == ["python", "net/train.py"] and one["args"] == commands[0]["args"] for one in commands)
    args = train.parse_args(commands[0]["args"])
    member = cluster.member_of(config_of(specs["worker"], parts, 0))
    assert cluster.batch_of(member, args.batch) == 64
    assert (args.batch, args.rate) == cluster.scaled(64, train.parse_args([]).rate, args.optimizer, member.workers)
    assert not args.overwrite  # a pod that comes back would begin anew
