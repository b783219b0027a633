"""deploy/: what goes into the image; kubernetes.yaml read by a YAML parser, held against Kubernetes' reference, and
what each pod would then be.

Where PyYAML is not installed, tests/slow/test_beam.py runs this in the environment that has it.
"""

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed here")

from net import train
from net.cluster.batch import divided, scaled
from net.cluster.member import member_of
from net.training.settings import Settings
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def parts():
    """The documents of the file by (kind, name)."""
    documents = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text()))
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def jobs_of(parts) -> dict[str, dict]:
    return {name.removeprefix("landmark68-"): one["spec"] for (kind, name), one in parts.items() if kind == "Job"}


def test_jobs_are_indexed_and_their_pods_take_the_image_and_the_volumes_that_are_there(parts):
    assert len(parts) == 6
    header = (ROOT / "deploy" / "kubernetes.yaml").read_text().partition("apiVersion")[0]
    assert "docker push REGISTRY/landmark68\n" in header
    assert parts["PersistentVolumeClaim", "landmark68"]["spec"]["accessModes"] == ["ReadWriteMany"]
    for spec in jobs_of(parts).values():
        assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"] >= 1
        pod = spec["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == "REGISTRY/landmark68" and pod["restartPolicy"] == "OnFailure"
        assert all(isinstance(text, str) for text in [*container["command"], *container["args"]])
        claims = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]}
        assert claims and {mount["name"] for mount in container["volumeMounts"]} == set(claims)
        assert all(("PersistentVolumeClaim", name) in parts for name in claims.values())


def lines_of(name: str) -> list[str]:
    """A file's lines without comments."""
    return [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]


def left_out(path: str) -> bool:
    """Whether .dockerignore keeps a path of the repository, or a folder that it is in, from the image."""
    folders = [path, *map(str, PurePosixPath(path).parents)]
    patterns = [pattern.removeprefix("**/") for pattern in lines_of(".dockerignore")]
    return any(fnmatch(folder, pattern) for folder in folders for pattern in patterns)


def test_the_image_has_the_code_and_nothing_that_is_made(parts):
    made = [pattern.strip("/").replace("*", "x") for pattern in lines_of(".gitignore")]
    assert len(made) > 8 and [path for path in [".git", *made] if not left_out(path)] == []
    for path in ("net/train.py", "net/recipes/demo.json", "tools/make/beam/records.py", "infer/run.py"):
        assert (ROOT / path).is_file() and not left_out(path)


def test_the_dockerfile_copies_files_that_are_there():
    lines = lines_of("deploy/Dockerfile")
    copied = [line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert copied == ["requirements-scale.lock", "."] and not left_out(copied[0])
    assert (ROOT / copied[0]).is_file()
    # Beam's workers have to be of the submitter's versions: of Beam as locked, of Python as one may say
    (locked,) = [line for line in lines_of(copied[0]) if line.startswith("apache-beam==")]
    version = locked.split()[0].removeprefix("apache-beam==")
    assert f"FROM apache/beam_python${{PYTHON}}_sdk:{version} AS beam" in lines
    assert {"ARG PYTHON=3.11", "FROM python:${PYTHON}-slim", 'ARG BEAM_EXTRAS=""'} < set(lines)


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
            member = member_of(config_of(spec, parts, index))
            assert (member.task, member.index) == (task, index)
            assert member.hosts[task][index] == f"landmark68-{task}-{index}.landmark68:{port}"
            seen.add((task, index))
    assert seen == {(task, index) for task, hosts in member.hosts.items() for index in range(len(hosts))}


def test_the_command_is_one_that_the_program_takes(parts):
    specs = jobs_of(parts)
    commands = [spec["template"]["spec"]["containers"][0] for spec in specs.values()]
    assert all(one["command"] == ["python", "net/train.py"] and one["args"] == commands[0]["args"] for one in commands)
    plan = train.parse_args(commands[0]["args"])
    workers = member_of(config_of(specs["worker"], parts, 0)).workers
    assert divided(plan.length.batch, workers) == 64
    expected = scaled(64, Settings().rate, plan.settings.optimizer, workers)
    assert (plan.length.batch, plan.settings.rate) == expected
    assert not plan.run.overwrite  # a pod that comes back would begin anew
