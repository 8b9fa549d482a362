"""Ray's own logs hold no secret: planted ones are looked for in all that a cluster wrote while jobs went well and failed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.concealed import concealed
from harness.errors import CrashError, InputError
from harness.executors.cluster import connected
from harness.executors.driving import Leaving
from harness.executors.nodes import Need
from harness.runner.jobs import Event
from harness.stores.store import SharedStore
from tests.executors.simulated import cluster_of
from tests.runner.planted import PASSWORD, PLANTED, leaks

pytestmark = pytest.mark.slow


def fails_with_its_environment(name: str) -> Iterator[str]:
    """A job that begins, and whose error quotes a key, as libraries do."""
    yield Event(name, "start").to_json()
    raise ValueError(f"401: {os.environ['OWN_KEY']} is refused; {os.environ['DATABASE_URL']}")


def test_no_log_of_ray_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError):
        SharedStore(f"sftp://me:{PASSWORD}@host/x")
    with cluster_of(1) as cluster:
        logs = Path(cluster.head_node.get_session_dir_path()) / "logs"
        with connected(cluster.address) as there:
            there.join(Leaving("harness-secrets", 600))
            told = there.run(fails_with_its_environment, ("a",), Need(), None, threading.Event())
            with pytest.raises(CrashError) as failed:
                list(told)
    assert "is refused" in failed.value.message and PASSWORD not in failed.value.message
    assert leaks(concealed(failed.value.message).encode(), "what the driver shows") == []
    written = [file for file in logs.rglob("*") if file.is_file()]
    assert len(written) > 5, "Ray has written logs"
    secrets = {**PLANTED, "the store's": PASSWORD}
    found = [of for file in written for of in leaks(file.read_bytes(), file.name, secrets)]
    assert not found, found
