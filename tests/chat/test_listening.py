"""Whatever listens, listens on this machine alone unless its user says otherwise, and then asks for a token."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest
from typer.main import get_command

from harness.chat.page.serving import place_at
from harness.cli.app import app
from harness.serving import launch
from harness.serving.installed import Installed
from harness.serving.launch import _LAUNCHES, At, launch_of
from harness.serving.spec import ServingSpec
from tests.chat.served import served, serving
from tests.chat.suite import Ran

ROOT = Path(__file__).parents[2] / "harness"
MAY_LISTEN = {"chat/page/serving.py", "serving/ports.py"}
"""The pages, and who looks whether a port is free."""
COMMANDS = {"chat", "demo"}
"""Commands that listen."""
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_two_files_alone_open_sockets() -> None:
    opening = {
        "bind",
        "create_server",
        "start_server",
        "ThreadingHTTPServer",
        "HTTPServer",
        "serve_forever",
    }
    found = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in opening
        and not ast.unparse(node.func).startswith("signature")
    }
    assert found == MAY_LISTEN


def test_the_commands_that_listen_are_known_and_name_no_host_by_themselves() -> None:
    group = get_command(app)
    options = {
        name: {option.name: option.default for option in command.params}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }
    assert {name for name, of in options.items() if {"host", "port"} & of.keys()} == COMMANDS
    assert all(options[name]["host"] is None for name in COMMANDS)


def test_only_a_named_host_is_heard_by_others_and_only_with_a_token() -> None:
    here, named = place_at(None, None), place_at("0.0.0.0", None)
    try:
        assert here.listening.getsockname()[0] == "127.0.0.1" and not here.token
        assert len(named.token) >= 32
    finally:
        here.listening.close()
        named.listening.close()


@pytest.mark.parametrize(
    "server", [name for name in _LAUNCHES if name not in ("command", "ollama")]
)
def test_servers_that_are_started_listen_on_this_machine_alone(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(launch, "installed", lambda *_: Installed("", "python", "1.0"))
    spec = ServingSpec(server, str(tmp_path / "m.gguf"), "m", str(tmp_path / "log"), context=64)  # type: ignore[arg-type]
    made = launch_of(spec, At(4321, "planted-key"))
    assert made.command[made.command.index("--host") + 1] == "127.0.0.1"
    assert "0.0.0.0" not in made.command and "planted-key" not in " ".join(made.command)


def heard_at(pid: int) -> set[str]:
    """Addresses at which a process and those that it started listen."""
    parent = psutil.Process(pid)
    return {
        connection.laddr.ip
        for process in (parent, *parent.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_what_a_command_opens_is_heard_on_this_machine_and_refuses_other_names_and_origins(
    command: str, ran: Ran, tmp_path: Path
) -> None:
    opened: Callable[[], object] = {
        "chat": lambda: served(tmp_path),
        "demo": lambda: serving(["demo", str(ran.results)], ran.home, tmp_path),
    }[command]
    with opened() as page:  # type: ignore[attr-defined]
        assert heard_at(page.process.pid) <= LOOPBACK
        assert heard_at(page.process.pid)
        rebound = httpx2.get(page.url, headers={"Host": "evil.example"})
        crossed = httpx2.post(page.url, headers={"Origin": "http://evil.example"})
        plain = httpx2.get(page.url)
    assert (rebound.status_code, crossed.status_code, plain.status_code) == (403, 403, 200)
    assert "default-src 'self'" in plain.headers["content-security-policy"]
