"""Models from a Hub on this machine: revisions, files, adapters, what is asked and what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_hub_download, snapshot_download

from harness.errors import (
    BadModelError,
    HubServerError,
    InputError,
    MissingFileError,
    OfflineError,
)
from harness.hub.client import (
    check_access,
    fetch,
    fetch_adapter,
    fetch_file,
    fetch_model,
    plan_file,
    plan_model,
    resolve,
)
from harness.hub.records import Repo
from harness.hub.revisions import resolve_revision
from tests.hub.hub_client import TOKEN, home, hub, point_at, waits
from tests.hub_stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]

MODEL = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "model.safetensors": b"weights" * 1000,
    "pytorch_model.bin": b"pickle" * 1000,
    "model.gguf": b"gguf" * 1000,
    "README.md": b"notes",
}
SHARDED = {
    "config.json": b"{}",
    "model-00001-of-00002.safetensors": b"1" * 5000,
    "model-00002-of-00002.safetensors": b"2" * 4000,
    "model.safetensors.index.json": json.dumps(
        {
            "weight_map": {
                "a": "model-00001-of-00002.safetensors",
                "b": "model-00002-of-00002.safetensors",
            }
        }
    ).encode(),
}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_branch_and_a_tag_stand_for_commits(hub: HubStandIn, home: Path) -> None:
    first = hub.commit("org/m", MODEL)
    hub.tag("org/m", "v1.0", first)
    second = hub.commit("org/m", {**MODEL, "config.json": b'{"model_type": "qwen2"}'})
    other = hub.commit("org/m", MODEL, "refs/pr/1")
    assert resolve("org/m", "main", home).commit == second != first
    assert resolve("org/m", "v1.0", home).commit == first
    assert resolve("org/m", "refs/pr/1", home).commit == other
    read = [
        (fetch_model("org/m", commit, home) / "config.json").read_bytes()
        for commit in (first, second)
    ]
    assert read == [MODEL["config.json"], b'{"model_type": "qwen2"}']


def test_a_commit_stands_for_itself_and_nothing_is_asked(hub: HubStandIn, home: Path) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert resolve("org/m", commit, home).commit == commit
    assert hub.requests == []


def test_a_model_and_a_data_set_of_one_name_are_not_confused(hub: HubStandIn, home: Path) -> None:
    model = hub.commit("org/m", MODEL)
    data = hub.commit("datasets/org/m", {"data/rows.csv": b"a,b\n", "data.zip": b"zip" * 99})
    assert resolve("org/m", "main", home).commit == model
    assert resolve("org/m", "main", home, repo_type="dataset").commit == data
    for path, content in (("data/rows.csv", b"a,b\n"), ("data.zip", b"zip" * 99)):
        file = fetch_file(f"org/m/{path}", data, home, repo_type="dataset")
        assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["", "a/b/c", "../m", "org/m--x", "org/mo del", "-org/m."])
def test_what_can_be_no_name_is_said_before_anything_is_asked(
    name: str, hub: HubStandIn, home: Path
) -> None:
    with pytest.raises(InputError, match="no name of a repo"):
        resolve(name, "main", home)
    assert hub.requests == []


def test_only_a_model_s_own_files_are_fetched(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    folder = fetch_model("org/m", commit, home)
    wanted = {"config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"}
    assert names(folder) == wanted
    assert all((folder / name).read_bytes() == MODEL[name] for name in wanted)
    assert len(hub.bodies()) == len(wanted)


def test_a_plan_lists_files_and_sizes_and_fetches_none(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    sizes = {file.path: file.bytes for file in plan.files}
    assert sizes == {name: len(MODEL[name]) for name in sizes}
    assert plan.total_bytes == plan.needed_bytes == sum(sizes.values())
    assert plan.missing == plan.files
    assert plan.free_bytes > 0
    assert hub.bodies() == []
    done: list[tuple[int, int]] = []
    fetch(plan, lambda *count: done.append(count))
    assert done[-1] == (plan.total_bytes, plan.total_bytes)
    again = plan_model("org/m", commit, home)
    assert (again.missing, again.needed_bytes) == ((), 0)


def test_what_is_here_is_used_without_a_single_request(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    folder = fetch_model("org/m", commit, home)
    hub.requests.clear()
    assert fetch_model("org/m", commit, home) == folder
    assert hub.requests == []


def test_contents_that_another_commit_shares_are_not_fetched_again(
    hub: HubStandIn, home: Path
) -> None:
    first = hub.commit("org/m", MODEL)
    second = hub.commit("org/m", {**MODEL, "config.json": b'{"model_type": "qwen2"}'})
    fetch_model("org/m", first, home)
    hub.requests.clear()
    folder = fetch_model("org/m", second, home)
    assert [path.rsplit("/", 1)[-1] for path in hub.bodies()] == ["config.json"]
    assert (folder / "model.safetensors").read_bytes() == MODEL["model.safetensors"]


def test_what_the_hub_s_library_fetched_is_used_and_the_other_way_round(
    hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/m", MODEL)
    theirs = Path(snapshot_download("org/m", revision=commit))
    hub.requests.clear()
    assert fetch_model("org/m", commit, home) == theirs
    assert hub.bodies() == []

    other = hub.commit("org/n", {**MODEL, "tokenizer.json": b"[]"})
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


def test_without_a_connection_the_last_known_commit_is_taken_and_said(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    seen = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    resolve_revision(Repo("org/m"), "main", home, now=lambda: seen)
    fetch_model("org/m", commit, home)
    hub.stop()
    found = resolve("org/m", "main", home)
    assert found.commit == commit
    assert "2026-03-04 05:06" in found.note
    assert commit[:12] in found.note
    assert names(fetch_model("org/m", found.commit, home)) >= {"model.safetensors"}
    with pytest.raises(OfflineError, match="cannot be reached"):
        resolve("org/m", "other", home)


def test_offline_mode_asks_nothing(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    resolve("org/m", "main", home)
    fetch_model("org/m", commit, home)
    absent = hub.commit("org/n", MODEL)
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    found = resolve("org/m", "main", home)
    assert found.commit == commit
    assert "HF_HUB_OFFLINE" in found.note
    assert names(fetch_model("org/m", commit, home)) >= {"model.safetensors"}
    with pytest.raises(OfflineError, match=r"org/n.*HF_HUB_OFFLINE") as caught:
        fetch_model("org/n", absent, home)
    assert "Unset HF_HUB_OFFLINE" in caught.value.hint
    assert hub.requests == []


def test_offline_a_name_that_another_tool_resolved_is_known(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL)
    snapshot_download("org/m", revision="main")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("org/m", "main", home).commit == commit
    assert names(fetch_model("org/m", commit, home)) >= {"model.safetensors"}


def test_offline_a_part_of_a_model_is_not_taken_for_the_whole(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/s", SHARDED)
    snapshot_download("org/s", allow_patterns=["*.json", "*00001-of*"])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineError, match="not on this machine"):
        fetch_model("org/s", commit, home)


def test_a_listing_that_is_damaged_is_asked_for_again(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    for memory in home.rglob("*.json"):
        memory.write_text('[{"path": 1}]')
    assert plan_model("org/m", commit, home).files == plan.files


@pytest.mark.parametrize("entry", ["../../escape.json", "/etc/escape.json", "a\\..\\b.json"])
def test_a_listing_that_leads_out_of_the_folder_is_refused(
    entry: str, hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.extra_entries = [{"type": "file", "path": entry, "size": 3, "oid": "0" * 40}]
    with pytest.raises(HubServerError, match="cannot be in"):
        plan_model("org/m", commit, home)


def test_a_digest_that_leads_out_of_the_cache_is_refused(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.extra_entries = [{"type": "file", "path": "x.json", "size": 3, "oid": "../../../x"}]
    with pytest.raises(HubServerError, match="cannot be in"):
        plan_model("org/m", commit, home)


def test_access_is_asked_only_for_what_is_missing(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    check_access(plan_model("org/m", commit, home))
    assert len(hub.paths("HEAD")) == 1
    fetch_model("org/m", commit, home)
    hub.requests.clear()
    check_access(plan_model("org/m", commit, home))
    assert hub.requests == []


def test_a_private_repo_is_read_with_the_token_and_the_cdn_never_sees_it(
    hub: HubStandIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit("org/m", MODEL, private=True)
    hub.tokens.add(TOKEN)
    hub.repos["org/m"].readers.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    folder = fetch_model("org/m", resolve("org/m", "main", home).commit, home)
    assert folder.name == commit
    assert any(seen.cdn for seen in hub.requests)
    for seen in hub.requests:
        assert ("authorization" in seen.headers) != seen.cdn


def test_the_token_of_the_hub_s_login_is_used(hub: HubStandIn, home: Path) -> None:
    hub.commit("org/m", MODEL, private=True)
    hub.tokens.add(TOKEN)
    hub.repos["org/m"].readers.add(TOKEN)
    place = Path(constants.HF_TOKEN_PATH)
    place.parent.mkdir(parents=True)
    place.write_text(f"{TOKEN}\n")
    fetch_model("org/m", resolve("org/m", "main", home).commit, home)


def test_a_next_page_on_another_host_is_not_followed(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    elsewhere = {"Link": f'<{hub.cdn}/api/models/org/m/tree/x>; rel="next"'}
    hub.fail("/tree/", Fault("", 1, status=200, headers=elsewhere, body=b"[]"))
    with pytest.raises(HubServerError, match="another address"):
        plan_model("org/m", commit, home)
    assert not any(seen.cdn for seen in hub.requests)


def test_an_endpoint_that_is_no_hub_is_told_from_a_missing_repo(
    hub: HubStandIn, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fail("/api/", Fault("", 1, status=200, body=b"<html>Log in to the network</html>"))
    with pytest.raises(HubServerError, match="other than JSON") as caught:
        resolve("org/m", "main", home)
    assert "login page" in caught.value.hint
    point_at("foo:bar", tmp_path, monkeypatch)
    with pytest.raises(OfflineError, match="cannot be reached"):
        resolve("org/m", "main", home)
