"""Models from a Hub on this machine: files, adapters, what is asked and what is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_hub_download, snapshot_download

from harness.errors import (
    BadModelError,
    InputError,
    MissingFileError,
)
from harness.hub.client import fetch, plan_data, plan_file, plan_model, resolve
from tests.hub.hub_client import (
    SHARDED,
    TOKEN,
    fetch_adapter,
    fetch_file,
    fetch_model,
    home,
    hub,
    names,
    waits,
)
from tests.hub.stand_in import HubStandIn

__all__ = ["home", "hub", "waits"]

REPO_FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "model.safetensors": b"weights" * 1000,
    "pytorch_model.bin": b"pickle" * 1000,
    "model.gguf": b"gguf" * 1000,
    "README.md": b"notes",
}


def test_a_model_and_a_data_set_of_one_name_are_not_confused(hub: HubStandIn, home: Path) -> None:
    model = hub.commit("org/m", REPO_FILES)
    data = hub.commit("datasets/org/m", {"data/rows.csv": b"a,b\n", "data.zip": b"zip" * 99})
    assert resolve("org/m", "main", home) == model
    assert resolve("org/m", "main", home, repo_type="dataset") == data
    folder = fetch(plan_data("org/m", data, home, lambda paths: paths))
    for path, content in (("data/rows.csv", b"a,b\n"), ("data.zip", b"zip" * 99)):
        assert (folder / path).read_bytes() == content


def test_only_a_model_s_own_files_are_fetched(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    folder = fetch_model("org/m", commit, home)
    wanted = {"config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"}
    wanted.add("README.md")  # whose head names the model's languages
    assert names(folder) == wanted
    assert all((folder / name).read_bytes() == REPO_FILES[name] for name in wanted)
    assert len(hub.bodies()) == len(wanted)


def test_a_plan_lists_files_and_sizes_and_fetches_none(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    plan = plan_model("org/m", commit, home)
    sizes = {file.path: file.bytes for file in plan.files}
    assert sizes == {name: len(REPO_FILES[name]) for name in sizes}
    assert plan.total_bytes == plan.needed_bytes == sum(sizes.values())
    assert plan.missing == plan.files
    assert hub.bodies() == []
    done: list[tuple[int, int]] = []
    fetch(plan, lambda *count: done.append(count))
    assert done[-1] == (plan.total_bytes, plan.total_bytes)
    again = plan_model("org/m", commit, home)
    assert (again.missing, again.needed_bytes) == ((), 0)


def test_a_model_is_whole_without_its_card(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    plan = plan_model("org/m", commit, home)
    assert [file.path for file in plan.beside] == ["README.md"]
    assert "README.md" not in {file.path for file in plan.files}
    damaged = replace(plan, beside=(replace(plan.beside[0], digest="0" * 40),))
    folder = fetch(damaged)
    assert names(folder) == {file.path for file in plan.files}
    hub.requests.clear()
    assert fetch_model("org/m", commit, home) == folder
    assert hub.requests == []


def test_a_card_that_is_no_text_of_ordinary_size_is_left(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", {**REPO_FILES, "README.md": b"x" * ((1 << 20) + 1)})
    assert plan_model("org/m", commit, home).beside == ()


def test_what_is_here_is_used_without_a_single_request(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    folder = fetch_model("org/m", commit, home)
    hub.requests.clear()
    assert fetch_model("org/m", commit, home) == folder
    assert hub.requests == []


def test_contents_that_another_commit_shares_are_not_fetched_again(
    hub: HubStandIn, home: Path
) -> None:
    first = hub.commit("org/m", REPO_FILES)
    second = hub.commit("org/m", {**REPO_FILES, "config.json": b'{"model_type": "qwen2"}'})
    fetch_model("org/m", first, home)
    hub.requests.clear()
    folder = fetch_model("org/m", second, home)
    assert [path.rsplit("/", 1)[-1] for path in hub.bodies()] == ["config.json"]
    assert (folder / "model.safetensors").read_bytes() == REPO_FILES["model.safetensors"]


def test_what_the_hub_s_library_fetched_is_used_and_the_other_way_round(
    hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    theirs = Path(snapshot_download("org/m", revision=commit))
    hub.requests.clear()
    assert fetch_model("org/m", commit, home) == theirs
    assert hub.bodies() == []

    other = hub.commit("org/n", {**REPO_FILES, "tokenizer.json": b"[]"})
    ours = fetch_model("org/n", other, home)
    before = len(hub.bodies())
    assert hf_hub_download("org/n", "model.safetensors") == str(ours / "model.safetensors")
    assert len(hub.bodies()) == before
    assert (ours / "model.safetensors").is_symlink()


def test_sharded_weights_come_whole(hub: HubStandIn, home: Path) -> None:
    folder = fetch_model("org/s", hub.commit("org/s", SHARDED), home)
    assert names(folder) == set(SHARDED)
    assert all((folder / name).read_bytes() == data for name, data in SHARDED.items())


def test_a_missing_shard_is_named_before_anything_is_fetched(hub: HubStandIn, home: Path) -> None:
    shard = "model-00002-of-00002.safetensors"
    files = {name: data for name, data in SHARDED.items() if name != shard}
    commit = hub.commit("org/s", files)
    with pytest.raises(BadModelError, match=shard):
        fetch_model("org/s", commit, home)
    assert hub.bodies() == []


def test_a_shard_that_only_the_index_names_stops_before_the_weights(
    hub: HubStandIn, home: Path
) -> None:
    index = json.dumps({"weight_map": {"a": "model-00009-of-00009.safetensors"}}).encode()
    commit = hub.commit("org/s", {**SHARDED, "model.safetensors.index.json": index})
    with pytest.raises(BadModelError, match="model-00009"):
        fetch_model("org/s", commit, home)
    assert len(hub.bodies()) == 1


@pytest.mark.parametrize("index", [b"{", b"[]", b"{}", b'{"weight_map": []}'])
def test_an_index_that_is_none_is_an_error(index: bytes, hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/s", {**SHARDED, "model.safetensors.index.json": index})
    with pytest.raises(BadModelError, match="index"):
        fetch_model("org/s", commit, home)


def test_pickle_and_code_come_only_where_they_are_allowed(hub: HubStandIn, home: Path) -> None:
    files = {"config.json": b"{}", "pytorch_model.bin": b"pickle", "modeling_m.py": b"print()"}
    commit = hub.commit("org/p", files)
    with pytest.raises(BadModelError, match="pickle"):
        fetch_model("org/p", commit, home)
    folder = fetch_model("org/p", commit, home, pickle=True)
    assert names(folder) == {"config.json", "pytorch_model.bin"}
    assert names(fetch_model("org/p", commit, home, pickle=True, code=True)) == set(files)


def test_an_adapter_comes_with_its_tokenizer(hub: HubStandIn, home: Path) -> None:
    files = {
        "adapter_config.json": b"{}",
        "adapter_model.safetensors": b"lora" * 50,
        "tokenizer.json": b"{}",
        "optimizer.pt": b"state",
    }
    folder = fetch_adapter("org/a", hub.commit("org/a", files), home)
    assert names(folder) == set(files) - {"optimizer.pt"}


def test_a_gguf_is_a_file_of_a_repo(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/g", {"m.Q8_0.gguf": b"gguf" * 500, "deep/m.F16.gguf": b"16" * 900})
    assert fetch_file("org/g/m.Q8_0.gguf", commit, home).read_bytes() == b"gguf" * 500
    assert fetch_file("org/g/deep/m.F16.gguf", commit, home).read_bytes() == b"16" * 900
    assert len(hub.bodies()) == 2


def test_a_gguf_in_parts_comes_whole_and_is_opened_by_its_first_part(
    hub: HubStandIn, home: Path
) -> None:
    parts = {f"big-{n:05d}-of-00003.gguf": str(n).encode() * 700 for n in (1, 2, 3)}
    commit = hub.commit("org/g", parts)
    assert plan_file("org/g/big-00002-of-00003.gguf", commit, home).total_bytes == 2100
    first = fetch_file("org/g/big-00002-of-00003.gguf", commit, home)
    assert first.name == "big-00001-of-00003.gguf"
    assert {path.name: path.read_bytes() for path in first.parent.iterdir()} == parts


def test_a_missing_file_tells_the_nearest_names(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/g", {"m.Q8_0.gguf": b"1", "m.Q4_K_M.gguf": b"2"})
    with pytest.raises(MissingFileError, match=r"org/g .* has no file m-Q8_0\.gguf") as caught:
        fetch_file("org/g/m-Q8_0.gguf", commit, home)
    assert "m.Q8_0.gguf" in caught.value.hint


@pytest.mark.parametrize("place", ["m.gguf", "org/m.gguf", "org//m.gguf", "org/m/../x.gguf"])
def test_a_location_needs_a_repo_and_a_file(place: str, home: Path) -> None:
    with pytest.raises(InputError, match="names no file"):
        plan_file(place, "0" * 40, home)


def test_a_name_is_no_commit(home: Path) -> None:
    with pytest.raises(InputError, match="no commit"):
        plan_model("org/m", "main", home)


def test_a_private_repo_is_read_with_the_token_and_the_cdn_never_sees_it(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", REPO_FILES, private=True)
    hub.tokens.add(TOKEN)
    hub.repos["org/m"].readers.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    folder = fetch_model("org/m", resolve("org/m", "main", home), home)
    assert folder.name == commit
    assert any(seen.cdn for seen in hub.requests)
    for seen in hub.requests:
        assert ("authorization" in seen.headers) != seen.cdn


def test_the_token_of_the_hub_s_login_is_used(hub: HubStandIn, home: Path) -> None:
    hub.commit("org/m", REPO_FILES, private=True)
    hub.tokens.add(TOKEN)
    hub.repos["org/m"].readers.add(TOKEN)
    place = Path(constants.HF_TOKEN_PATH)
    place.parent.mkdir(parents=True)
    place.write_text(f"{TOKEN}\n")
    fetch_model("org/m", resolve("org/m", "main", home), home)


CLIENT = """
import json, sys
from pathlib import Path
from harness.errors import HarnessError
from harness.hub.client import fetch, plan_model, resolve
try:
    found = resolve("org/m", "main", Path(sys.argv[1]))
    folder = fetch(plan_model("org/m", found, Path(sys.argv[1])))
    print(json.dumps({"folder": str(folder), "torch": "torch" in sys.modules}))
except HarnessError as error:
    print(json.dumps({"kind": error.kind}))
"""


def run_client(home: Path, endpoint: str, **more: str) -> dict[str, object]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "NO_PROXY": "*",
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(home)],
        env={**environment, **more},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_process_of_its_own_needs_only_the_environment(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", REPO_FILES)
    assert run_client(home, hub.endpoint, HF_HUB_OFFLINE="1") == {"kind": "offline"}
    first = run_client(home, hub.endpoint)
    assert first["folder"] == str(home / "hf/hub/models--org--m/snapshots" / commit)
    assert first["torch"] is False
    asked = len(hub.requests)
    second = run_client(home, hub.endpoint, HF_HUB_OFFLINE="1")
    assert second["folder"] == first["folder"]
    assert len(hub.requests) == asked
