"""A made-up machine whose names are easily found, and a summary that tells of it wherever it can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.publish import cleaned
from harness.publish.cleaned import Machine
from harness.records import Failure, Summary
from tests.reporting.fixture import quickstart

HOME = "/home/zaphod.beeble"
MACHINE = Machine(HOME, ("heartofgold-7", "zaphod.beeble"), "hf_" + "Zaphod0SecretToken0123456789")
SECRETS = (HOME, "zaphod", "heartofgold", MACHINE.token or "", "/srv/", "C:\\Users", "file://")


def telling(whole: Summary | None = None) -> Summary:
    """Paths, names and a token in every text of the suite, of models, of tasks and of failures."""
    said = (
        f" see {HOME}/work/x.yaml, {HOME}, file:///srv/deep/down/m.gguf, C:\\Users\\zaphod.beeble\\m.bin "
        f"'/home/zaphod.beeble/a b/c' on heartofgold-7 as zaphod.beeble with {MACHINE.token}"
    )
    whole = whole or quickstart()
    models = {
        name: of.model_copy(
            update={
                "lineage": [
                    of.lineage[0].model_copy(update={"name": f"{HOME}/models/tiny"}),
                    *of.lineage[1:],
                ]
            }
        )
        for name, of in whole.models.items()
    }
    tasks = {
        name: of.model_copy(update={"description": of.description + said, "notes": [said]})
        for name, of in whole.tasks.items()
    }
    cells = [
        cell.model_copy(update={"error": Failure(kind="crash", message=said)})
        if cell.status == "failed"
        else cell
        for cell in whole.cells
    ]
    suite: dict[str, Any] = {
        **whole.suite,
        "text": f"# {said}\nmodels: {{base: {{source: {HOME}/models/tiny}}}}\n",
        "description": said,
        "file": f"{HOME}/suites/quickstart.yaml",
    }
    commands = [f"harness run {HOME}/suites/quickstart.yaml --results /srv/deep/results"]
    changes = {
        "models": models,
        "tasks": tasks,
        "cells": cells,
        "suite": suite,
        "commands": commands,
    }
    return whole.model_copy(
        update={**changes, "machine": {**whole.machine, "host": "heartofgold-7"}}
    )


@pytest.fixture
def secret_machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """This machine is that one."""
    monkeypatch.setattr(Machine, "here", classmethod(lambda cls: MACHINE))
    monkeypatch.setattr(
        cleaned, "redact", lambda text: text.replace(MACHINE.token or "", "[secret]")
    )
    return MACHINE


def files_below(folder: Path) -> dict[str, bytes]:
    """Contents of files below a folder by their paths in it."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
