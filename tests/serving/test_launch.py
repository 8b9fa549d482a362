"""Command lines of servers whose models are laid over several GPUs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engines.spread import Spread
from harness.serving import launch
from harness.serving.installed import Installed
from harness.serving.launch import At, launch_of
from harness.serving.spec import ServingSpec


def spec(folder: Path, server: Any, **more: Any) -> ServingSpec:
    return ServingSpec(
        server=server, model="m", name="n", log=str(folder / "log"), context=64, **more
    )


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(server: str, python: str, executable: str, command: str, folder: Path) -> Installed:
        return Installed(executable, sys.executable, "1")

    monkeypatch.setattr(launch, "installed", found)


def words(of: ServingSpec) -> str:
    return " ".join(launch_of(of, At(4321, "key")).command)


def test_vllm_is_told_how_many_gpus_share_layers_and_how_many_parts_there_are(
    tmp_path: Path,
) -> None:
    alone = words(spec(tmp_path, "vllm"))
    assert "parallel" not in alone
    both = words(spec(tmp_path, "vllm", tensor_parallel=4, pipeline_parallel=2))
    assert both == f"{alone} --tensor-parallel-size 4 --pipeline-parallel-size 2"
    own = spec(tmp_path, "vllm", tensor_parallel=2, arguments=("--enforce-eager",))
    assert words(own).endswith("--tensor-parallel-size 2 --enforce-eager")


def test_each_llama_cpp_is_told_shares_in_its_own_words(tmp_path: Path) -> None:
    of = Spread(split_mode="row", tensor_split=(3, 1), main_gpu=1)
    package = spec(tmp_path, "llama-cpp", spread=of)
    assert words(package).endswith("--split_mode 2 --tensor_split 3 1 --main_gpu 1")
    program = replace(package, executable="/bin/llama-server")
    assert words(program).endswith("--split-mode row --tensor-split 3,1 --main-gpu 1")
    equal = spec(tmp_path, "llama-cpp", spread=Spread(devices=2))
    assert words(equal).endswith("--tensor_split 1 1")


def test_the_llama_cpp_server_understands_them() -> None:
    server = pytest.importorskip("llama_cpp.server.cli")
    settings = pytest.importorskip("llama_cpp.server.settings").ModelSettings
    import argparse

    parser = argparse.ArgumentParser()
    server.add_args_from_model(parser, settings)
    given = ["--model", "m", "--split_mode", "2", "--tensor_split", "3", "1", "--main_gpu", "1"]
    read = server.parse_model_from_args(settings, parser.parse_args(given))
    assert (read.split_mode, read.tensor_split, read.main_gpu) == (2, [3.0, 1.0], 1)


def test_transformers_is_given_the_device_map(tmp_path: Path) -> None:
    assert words(spec(tmp_path, "transformers")).endswith("--device auto")
    of = Spread(devices=2)
    assert words(spec(tmp_path, "transformers", spread=of)).endswith("--device balanced")
