"""What the environment keeps secret comes into no error and no log, whoever says it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from harness.concealed import HIDDEN, LONGEST, concealed
from harness.errors import CrashError, InputError
from harness.interpreter import ROOT
from harness.publish.cleaned import Machine, clean_text, refuse_leaks
from harness.runner.child import Child
from harness.runner.worker import unforeseen
from tests.executors.test_on_ray import FakeCluster, job, run, step, told
from tests.runner.planted import leaks, leaks_below

HELD = {
    "NIGHTLY_TOKEN": "planted-token-0123456789",
    "SIGNING_KEY": 'planted"key\\with/signs%0123',
    "DB_PASSWORD": "planted password ümlaut 0123",
    "client_secret": "planted-client-secret-0123",
    "AWS_SECRET_ACCESS_KEY": "/planted/aws+secret/key=0123",
    "PRIVATE_KEY": "-----BEGIN-----\nplantedlineone0123\nplantedlinetwo0123\n-----END-----",
}
ADDRESS = "http://me:planted%2Fproxy-word@proxy.internal:3128"
DIES = """
import ctypes, os, sys
for line in sys.stdin: break
os.write(2, ("é " * 5000 + " ".join(os.environ[n] for n in {names!r})).encode())
os.write(1, b"standard output\\n")
print(repr(dict(os.environ)), file=sys.stderr, flush=True)
os.write(2, os.environ["NIGHTLY_TOKEN"][:9].encode())
os.write(2, os.environ["NIGHTLY_TOKEN"][9:].encode() + b" unfinished, \\xff")
ctypes.string_at(0)
"""


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in HELD.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("HTTPS_PROXY", ADDRESS)


def secrets() -> dict[str, str]:
    lines = {f"{n} {i}": line for n, of in HELD.items() for i, line in enumerate(of.split("\n"))}
    return {**lines, "proxy": "planted%2Fproxy-word", "decoded": "planted/proxy-word"}


def test_every_spelling_of_every_name_is_taken_out() -> None:
    for name, secret in secrets().items():
        for said in (secret, json.dumps(secret), repr(secret), quote(secret, safe=""),
                     b64encode(secret.encode()).decode()):  # fmt: skip
            told = concealed(f"before {said} behind")
            assert told.startswith("before ") and HIDDEN in told and told.endswith(" behind")
            assert not leaks(told.encode(), name, {name: secret})


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@api.example/v1",
        "s3://me:pw@bucket/a",
        "https://ghp_0123456789abcdef@host/data",
        "socks5://:pw@127.0.0.1:1",
    ],
)
def test_credentials_of_any_address_are_taken_out(url: str) -> None:
    told = concealed(f"{url}: refused")
    assert "pw" not in told and "ghp_" not in told and f"{HIDDEN}@" in told


def test_what_is_no_secret_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHORT_KEY", "none")
    monkeypatch.setenv("TLS_KEY", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN_PATH", "/home/me/not-there-yet/token")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false-or-true")
    for said in (
        "none of them",
        f"{tmp_path}/a",
        "/home/me/not-there-yet/token",
        "false-or-true",
        "http://[::1]:8080/a@b and me@example.org, https://user@host/x",
    ):
        assert concealed(said) == said


def test_errors_of_every_kind_say_none() -> None:
    said = " ".join([*secrets().values(), ADDRESS])
    ours, theirs = InputError(said, said), unforeseen(RuntimeError(said))
    memory = unforeseen(MemoryError(said))
    for text in (ours.message, ours.hint, str(ours), theirs["message"], memory["message"]):
        assert HIDDEN in text and not leaks(text.encode(), "the error", secrets())


UNFORESEEN = """
import os, sys, threading
sys.argv = ["harness", "doctor"]
import harness.cli
def fails():
    raise RuntimeError(" ".join(os.environ[n] for n in {names!r}) + repr(dict(os.environ)))
def both():
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    fails()
harness.cli._run = both
harness.cli.main()
"""


def test_what_nobody_foresaw_is_printed_without_any_whichever_thread_it_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNFORESEEN.format(names=list(HELD))],
        capture_output=True,
        check=False,
        cwd=ROOT,
        timeout=100,
    )
    assert done.returncode == 1 and done.stderr.count(b"RuntimeError: ") == 2
    assert done.stderr.count(b"in fails") == 2 and HIDDEN.encode() in done.stderr
    assert leaks(done.stdout + done.stderr, "the terminal", secrets()) == []


def test_a_native_crash_leaves_none_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dies.py").write_text(DIES.format(names=list(HELD)))
    monkeypatch.setattr(
        "harness.runner.child.python_command",
        lambda *words: ["python3", "-X", "faulthandler", str(tmp_path / f"{words[1]}.py")],
    )
    child = Child("dies", tmp_path / "logs" / "worker.log")
    child.send("die")
    assert list(iter(child.lines.get, None)) == ["standard output\n"]
    death = child.death()
    child.kill()
    said = (tmp_path / "logs" / "worker.log").read_bytes()
    assert isinstance(death, CrashError) and signal.SIGSEGV.name in death.message
    assert b"Segmentation fault" in said and f"{HIDDEN} unfinished, ".encode() + b"\xff" in said
    assert said.startswith("é é".encode()) and said.count(HIDDEN.encode()) > 2 * len(HELD)
    assert leaks_below(tmp_path / "logs", secrets()) == []


def test_a_log_without_line_ends_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 5 * LONGEST + 7
    (tmp_path / "says.py").write_text(
        f"import os, sys\nfor n in range({size}):\n"
        "    sys.stderr.write('x' + os.environ['NIGHTLY_TOKEN'] * (n % 1000 == 0))\n"
    )
    monkeypatch.setattr(
        "harness.runner.child.python_command",
        lambda *words: ["python3", str(tmp_path / f"{words[1]}.py")],
    )
    child = Child("says", tmp_path / "log")
    assert list(iter(child.lines.get, None)) == []
    child.kill()
    said = (tmp_path / "log").read_text()
    assert said.count("x") == size and said.count(HIDDEN) == size // 1000 + 1
    assert not leaks(said.encode(), "the log", secrets())


def test_a_cluster_is_given_none_and_what_it_says_is_cleaned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = FakeCluster([[told("start", "a"), CrashError(f"the worker failed: {HELD}")]])
    given: list[bytes] = []
    ran = cluster.run

    def watched(*arguments: Any) -> Iterator[Any]:
        given.append(repr(arguments).encode())
        return ran(*arguments)

    monkeypatch.setattr(cluster, "run", watched)
    heard = run(cluster, job(step("a")))
    said = "".join(event.to_json() for event in heard)
    assert [event.event for event in heard] == ["start", "failed"] and HIDDEN in said
    assert given and not leaks(b"".join(given), "what is given", secrets())
    assert not leaks(said.encode(), "what is told", secrets())


def test_nothing_is_published_that_holds_one() -> None:
    nobody = Machine("/home/nobody-here", (), None)
    cleaned = clean_text(" ".join(HELD.values()), nobody.home, [])
    assert not leaks(cleaned.encode(), "the text", secrets())
    for secret in secrets().values():
        if len(secret) >= 18:
            with pytest.raises(InputError, match="environment variable of yours"):
                refuse_leaks({"README.md": f"a {secret} b".encode()}, nobody)
    refuse_leaks({"README.md": b"nothing"}, nobody)
