"""The job files of docs/clusters, run against a stand-in of Slurm: addresses, cleaning up, time limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clusters.slurm import RAY, install

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs" / "clusters"
ADDRESS = "127.0.0.1:24321"
NOTED = 'echo "$@" > "$STANDIN/asked"; exit "${CODE:-0}"'
WAITING = """
/bin/sleep 300 &
child=$!
trap 'kill $child; echo heard >> "$STANDIN/asked"; exit 130' TERM
echo begun > "$STANDIN/ready"
wait
"""


def slurm(nodes: int, **more: str) -> dict[str, str]:
    """What Slurm tells a job."""
    told = {
        "SLURM_JOB_ID": "4321",
        "SLURM_JOB_NUM_NODES": str(nodes),
        "SLURM_JOB_NODELIST": f"node[1-{nodes}]",
        "SLURM_CPUS_PER_TASK": "8",
        "RAY_START_SECONDS": "400",
    }
    return {**told, **more}


def job(folder: Path, harness: str, nodes: int, **more: str) -> dict[str, str]:
    return {**install(folder, ray=RAY, harness=harness), **slurm(nodes), **more}


def submit(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(FILES / "ray.slurm"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_cluster_is_started_asked_and_taken_down(tmp_path: Path, nodes: int) -> None:
    done = submit(job(tmp_path, NOTED, nodes), "s.yaml", "--limit", "7")
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().strip()
    assert asked == f"run s.yaml --executor ray --address {ADDRESS} --limit 7"
    started = [line for line in calls(tmp_path) if line.startswith("ray start")]
    heads = [line for line in started if "--head" in line]
    assert len(started) == nodes and len(heads) == 1
    assert "--node-ip-address=127.0.0.1 --port=24321 --num-cpus=8" in heads[0]
    assert all(f"--address={ADDRESS}" in line for line in started if line not in heads)
    assert (tmp_path / "stopped").read_text().count("stopped") == nodes
    assert not Path("/tmp/ray-4321").exists()
    assert not any(line.startswith("scontrol requeue") for line in calls(tmp_path))


@pytest.mark.slow
def test_rays_own_nodes_are_started_asked_and_taken_down(tmp_path: Path) -> None:
    """Two on this machine, at its own address, since Ray's commands join nodes at no other; they ask for a token."""
    ray = pytest.importorskip("ray")
    own = ray.util.get_node_ip_address()
    environment = install(tmp_path / "slurm", hostname=f"echo '::1 {own}'")
    environment |= slurm(2, SLURM_JOB_ID="4322", SLURM_CPUS_PER_TASK="1")
    environment |= {"RAY": str(Path(sys.executable).with_name("ray"))}
    environment |= {"HARNESS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    (tmp_path / "s.yaml").write_text(SUITE)
    command = ["bash", str(FILES / "ray.slurm"), "s.yaml"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "On 2 nodes with 2 cores." in done.stdout + done.stderr
    summary = json.loads((tmp_path / "results" / "parts" / "summary.json").read_text())
    assert [cell["status"] for cell in summary["cells"]] == ["ok", "ok"]
    assert not Path("/tmp/ray-4322").exists()


def test_its_exit_code_is_that_of_the_run(tmp_path: Path) -> None:
    assert submit(job(tmp_path, NOTED, 1, CODE="2"), "s.yaml").returncode == 2
    assert (tmp_path / "stopped").read_text().count("stopped") == 1


def test_before_the_time_limit_the_run_ends_and_is_queued_again(tmp_path: Path) -> None:
    environment = job(tmp_path, WAITING, 2)
    os.mkfifo(tmp_path / "ready")
    command = ["bash", str(FILES / "ray.slurm"), "s.yaml"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert (tmp_path / "ready").read_text() == "begun\n"
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0 and "queued again" in said
    assert (tmp_path / "asked").read_text() == "heard\n"
    assert "scontrol requeue 4321" in calls(tmp_path)
    assert (tmp_path / "stopped").read_text().count("stopped") == 2


def test_nodes_that_do_not_come_are_counted(tmp_path: Path) -> None:
    environment = job(tmp_path, NOTED, 2, RAY_START_SECONDS="2")
    lost = RAY.replace("start)\n", "start)\n        [[ $* != *--head* ]] && exit 1\n")
    (tmp_path / "bin" / "ray").write_text("#!/bin/bash\n" + lost)
    done = submit(environment, "s.yaml")
    assert done.returncode == 1 and "Only 1 of 2 nodes joined within 2 seconds" in done.stderr
    assert not (tmp_path / "asked").exists()
    assert (tmp_path / "stopped").read_text().count("stopped") == 1


@pytest.mark.parametrize("file", sorted(FILES.glob("*.s*")), ids=lambda file: file.name)
def test_what_is_not_said_is_asked_for(file: Path) -> None:
    done = subprocess.run(["bash", str(file)], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and ("SUITE" in done.stderr or "array.sh" in done.stderr)


SUITE = """\
name: parts
forgetting: false
models:
  one: {source: starter}
  two: {source: starter, chat_template: none}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 4}
"""


def test_a_job_array_runs_a_suite_and_joins_it(tmp_path: Path) -> None:
    environment = install(tmp_path / "slurm")
    environment |= {"HARNESS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    (tmp_path / "s.yaml").write_text(SUITE)
    command = ["bash", str(FILES / "array.sh"), "s.yaml", "2"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Shards: job 101. Joined by job 102, into results/parts.\n"
    logs = {file.name: file.read_text() for file in (tmp_path / "slurm").glob("job-*")}
    assert not (tmp_path / "slurm" / "failed").exists(), logs
    summary = json.loads((tmp_path / "results" / "parts" / "summary.json").read_text())
    assert sorted(cell["model"] for cell in summary["cells"]) == ["one", "two"]
    assert len(list((tmp_path / "results").glob("parts@shard-*-of-2"))) == 2
    assert any("--dependency=afterany:101" in line for line in calls(tmp_path / "slurm"))


def test_a_shard_whose_time_is_over_is_queued_again(tmp_path: Path) -> None:
    environment = install(tmp_path, harness=WAITING)
    environment |= {
        "SLURM_ARRAY_JOB_ID": "9",
        "SLURM_ARRAY_TASK_ID": "3",
        "SLURM_ARRAY_TASK_COUNT": "4",
    }
    os.mkfifo(tmp_path / "ready")
    command = ["bash", str(FILES / "array.slurm"), "s.yaml"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert (tmp_path / "ready").read_text() == "begun\n"
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 0
    assert calls(tmp_path) == ["harness run s.yaml --shard 3/4", "scontrol requeue 9_3"]
