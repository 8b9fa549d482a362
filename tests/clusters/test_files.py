"""The files of docs/clusters that others read: Kubernetes, Ray's own launcher, and each command's options."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from harness.cli.app import app

FILES = Path(__file__).parents[2] / "docs" / "clusters"
SCRIPTS = sorted(FILES.glob("*.s*"))
RAY = importlib.util.find_spec("ray")


class Typed(BaseModel):
    """A part of a file in which no key may stand that its reader does not know."""

    model_config = ConfigDict(extra="forbid")


class Variable(Typed):
    name: str
    value: str


class Amounts(Typed):
    cpu: str
    memory: str = Field(pattern=r"^\d+Gi$")
    gpus: str = Field("0", alias="nvidia.com/gpu")


class Sizes(Typed):
    requests: Amounts
    limits: Amounts


class Mount(Typed):
    name: str
    mountPath: str


class Container(Typed):
    name: str = Field(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    image: str
    env: list[Variable]
    resources: Sizes
    volumeMounts: list[Mount]


class Claim(Typed):
    claimName: str


class Volume(Typed):
    name: str
    persistentVolumeClaim: Claim


class Pod(Typed):
    containers: list[Container]
    volumes: list[Volume]


class Template(Typed):
    spec: Pod


class Group(Typed):
    rayStartParams: dict[str, str]
    template: Template


class Workers(Group):
    groupName: str
    replicas: int
    minReplicas: int
    maxReplicas: int


class Cluster(Typed):
    rayVersion: str
    headGroupSpec: Group
    workerGroupSpecs: list[Workers]


class JobSpec(Typed):
    entrypoint: str
    activeDeadlineSeconds: int
    backoffLimit: int
    shutdownAfterJobFinishes: bool
    ttlSecondsAfterFinished: int
    rayClusterSpec: Cluster


class Named(Typed):
    name: str


class RayJob(Typed):
    """What KubeRay's `RayJob` (ray.io/v1) takes of it, typed by hand after its Go types."""

    apiVersion: Literal["ray.io/v1"]
    kind: Literal["RayJob"]
    metadata: Named
    spec: JobSpec


def read(name: str) -> Any:
    return yaml.safe_load((FILES / name).read_text())


def test_a_ray_job_has_the_keys_that_kuberay_knows_and_pods_that_share_a_volume() -> None:
    spec = RayJob.model_validate(read("kuberay.yaml")).spec
    cluster = spec.rayClusterSpec
    (workers,) = cluster.workerGroupSpecs
    assert workers.replicas == workers.minReplicas == workers.maxReplicas
    assert cluster.headGroupSpec.rayStartParams == {"num-cpus": "0"}
    pods = [group.template.spec for group in (cluster.headGroupSpec, workers)]
    assert len({pod.containers[0].image for pod in pods}) == 1
    for pod in pods:
        (container,) = pod.containers
        assert {mount.name for mount in container.volumeMounts} == {one.name for one in pod.volumes}
        assert container.resources.requests == container.resources.limits
        home = next(one.value for one in container.env if one.name == "HARNESS_HOME")
        assert home.startswith(container.volumeMounts[0].mountPath)


@pytest.mark.skipif(RAY is None, reason="Ray is not installed")
def test_rays_launcher_takes_its_file_by_its_own_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    assert RAY is not None and RAY.origin is not None
    schema = Path(RAY.origin).parent / "autoscaler" / "ray-schema.json"
    given = read("ray-up.yaml")
    jsonschema.validate(given, json.loads(schema.read_text()))
    assert given["max_workers"] == len(given["provider"]["worker_ips"])


@pytest.mark.skipif(RAY is None, reason="Ray is not installed")
@pytest.mark.parametrize("file", ["ray.slurm", "ray-up.yaml"])
def test_rays_own_commands_have_options_that_there_are(file: str) -> None:
    from ray.scripts.scripts import cli

    text = (FILES / file).read_text().replace("\\\n", " ")
    found = re.findall(
        r"(?:\bray\b|\"\$ray\") (start|stop|status|health-check|up|exec|down)\b([^#\n]*)", text
    )
    assert {"start"} <= {command for command, _ in found}
    for command, rest in found:
        own = re.split(r"'|&&|\|", rest)[0]
        words = set(re.findall(r"(?<![\w-])--[a-z-]+", own))
        options: Any = cli.commands[command].params
        assert words <= {name for one in options for name in one.opts}, (command, words)


def options_of_run() -> set[str]:
    import typer

    command: Any = typer.main.get_command(app)
    return {name for one in command.commands["run"].params for name in one.opts}


@pytest.mark.parametrize("file", sorted(FILES.iterdir()), ids=lambda file: file.name)
def test_every_command_has_options_that_there_are(file: Path) -> None:
    text = re.sub(r"\\\n|>-\n", " ", file.read_text())
    given = re.findall(r"harness(?:\}|\")*\"? run ([^#\n]*(?:\n    --[^\n]*)*)", text)
    words = {word for line in given for word in re.findall(r"(?<![\w-])--[a-z-]+", line)}
    assert words <= options_of_run(), words - options_of_run()


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_scripts_are_read_by_bash_and_shellcheck(file: Path) -> None:
    subprocess.run(["bash", "-n", str(file)], check=True, timeout=30)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", "-S", "warning", str(file)], check=True, timeout=60)
