"""Servers that are started and stopped: real processes, real HTTP, on this machine alone."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from harness.errors import EndpointError
from harness.serving.answering import ServingAnswerer
from harness.serving.ports import Port, take_port
from harness.serving.server import Server
from harness.serving.spec import ServingSpec
from tests.runner.planted import PLANTED, leaks
from tests.serving import toy

MODEL = Path(toy.__file__)
ROOT = Path(__file__).parents[2]


def spec(folder: Path, *does: str, **more: object) -> ServingSpec:
    given = {"start_timeout": 60.0, "timeout": 5.0, "retries": 0, "context": 64, "ready": "/health"}
    return ServingSpec(
        server="command",
        model=str(MODEL),
        name="",
        log=str(folder / "serve.log"),
        folder=str(ROOT),
        **{
            **given,
            "command": " ".join(["{python} -m tests.serving.toy {model} {port}", *does]),
            **more,
        },  # type: ignore[arg-type]
    )


@contextlib.contextmanager
def started(of: ServingSpec) -> Iterator[Server]:
    server = Server(of)
    try:
        yield server
    finally:
        server.stop()


def all_gone(pids: list[int]) -> bool:
    """Whether all of these have ended, waiting for what is being ended."""
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    _, left = psutil.wait_procs(found, timeout=20)
    return all(one.status() == psutil.STATUS_ZOMBIE for one in left)


def test_a_server_is_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    with started(spec(tmp_path, f"child={mark}")) as server:
        pids = [one.pid for one in server.process.processes()]
        assert server.process.is_alive and int(mark.read_text()) in pids
        assert "toy: serving" in (tmp_path / "serve.log").read_text()
        assert os.environ[server.variable]
        for process in server.process.processes():
            assert os.environ[server.variable] not in " ".join(process.cmdline())
    assert server.variable not in os.environ
    assert all_gone(pids)


def test_one_that_does_not_start_says_why_and_its_key_stays_secret(tmp_path: Path) -> None:
    with pytest.raises(EndpointError) as caught:
        Server(spec(tmp_path, "die-at-start"))
    told = caught.value.message
    assert "exit code 3" in told and "toy: no such model (key)" in told
    assert "serve.log" in caught.value.hint


def test_what_a_server_prints_comes_into_its_log_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, secret in PLANTED.items():
        monkeypatch.setenv(variable, secret)
    says = "import os, sys; print(dict(os.environ)); sys.exit(repr(os.environ['NIGHTLY_TOKEN']))"
    of = spec(tmp_path, command=f"{{python}} -c {shlex.quote(says)}")
    with pytest.raises(EndpointError, match="exit code 1"):
        Server(of)
    log = Path(of.log).read_bytes()
    assert b"HARNESS_SERVER_KEY" in log and b"MAIL_PASSWORD" in log and b"'(key)'" in log
    assert leaks(log, "the log") == []
    assert not [name for name in os.environ if name.startswith("HARNESS_SERVER_KEY")]


def test_one_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    of = spec(tmp_path, "never-be-ready")

    def clock() -> float:
        return 100.0 if Path(of.log).exists() and "toy" in Path(of.log).read_text() else 0.0

    with pytest.raises(EndpointError, match=r"not ready after 60 seconds[\s\S]*toy: serving"):
        Server(of, clock)


def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "server"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    of = spec(tmp_path)
    with pytest.raises(EndpointError, match="could not be run"):
        Server(ServingSpec(**{**vars(of), "command": f"{broken} {{model}} {{port}}"}))


def test_another_port_is_taken_where_somebody_was_faster(tmp_path: Path) -> None:
    mark = tmp_path / "first"
    with started(spec(tmp_path, f"taken={mark}")) as server:
        assert mark.read_text() not in server.url


def test_ports_of_a_range_are_taken_once(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        number = busy.getsockname()[1]
        with pytest.raises(EndpointError, match=f"from {number} to {number}"):
            take_port(number, number)
    port = take_port(number, number)
    with pytest.raises(EndpointError):
        take_port(number, number)
    port.close()
    take_port(number, number).close()


def test_a_strangers_server_at_the_port_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(spec(tmp_path)) as other:
        number = int(other.url.rpartition(":")[2].partition("/")[0])
        assert other.process.listens_at(number) and not other.process.listens_at(1)
        monkeypatch.setattr(
            "harness.serving.server.take_port", lambda *_: Port(number, FileLock(tmp_path / "lock"))
        )
        quiet = ServingSpec(**{**vars(spec(tmp_path)), "command": "tail -f {model}"})
        # It listens nowhere, and yet somebody answers where it should.
        with pytest.raises(EndpointError, match="is another program's"):
            Server(quiet)


def test_a_death_ends_the_waiting_and_says_how(tmp_path: Path) -> None:
    answerer = ServingAnswerer(spec(tmp_path), lambda: "")
    try:
        assert answerer.spec.model == "toy" and answerer.told()["started"] == "command"
        assert answerer.footprint().peak_resident_bytes > 1_000_000
        (process,) = answerer._server.process.processes()
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(EndpointError, match=r"died: .*SIGKILL"):
            answerer._server.sleep(60)
        assert not answerer.go_on()
    finally:
        answerer.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_who_started_it(number: int, tmp_path: Path) -> None:
    mark = tmp_path / "child"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from tests.serving.test_server import spec; from harness.serving.server import Server\n"
        f"server = Server(spec(Path({str(tmp_path)!r}), 'child={mark}'))\n"
        "print(*(one.pid for one in server.process.processes()), flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # Shells have what they start in the background pass over Ctrl-C, and tests may be started so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert int(mark.read_text()) in pids and len(pids) == 2
    os.kill(parent.pid, number)
    parent.wait()
    parent.stdout.close()
    assert all_gone(pids)


def test_the_server_dies_with_its_keeper(tmp_path: Path) -> None:
    server = Server(spec(tmp_path))
    pids = [one.pid for one in server.process.processes()]
    os.kill(server.process._warden.pid, signal.SIGKILL)
    assert server.process.wait(20)
    server.stop()
    assert all_gone(pids)
