"""Which files of a listing a model is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadModelError, MissingFileError
from harness.hub.choice import adapter_files, check_index, model_files, one_file
from harness.hub.records import RemoteFile, stays_inside

SMALL = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
SHARDS = [f"model-{number:05d}-of-00003.safetensors" for number in (1, 2, 3)]
INDEX = "model.safetensors.index.json"
GGUF = [f"q4/m-{number:05d}-of-00002.gguf" for number in (1, 2)]


def listing(*paths: str) -> list[RemoteFile]:
    return [RemoteFile(path, 10, "0" * 40) for path in paths]


def chosen(*paths: str, pickle: bool = False, code: bool = False) -> set[str]:
    files = model_files(listing(*paths), "org/m", pickle=pickle, code=code)
    return {file.path for file in files}


def test_other_formats_of_the_same_weights_are_left_out() -> None:
    mine = [*SMALL, "model.safetensors", "chat_template.jinja", "tokenizer.model", "LICENSE"]
    mine += ["additional_chat_templates/tool_use.jinja", "merges.txt", "USE_POLICY.md"]
    others = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "m.Q4_K_M.gguf"]
    others += ["onnx/model.onnx", "onnx/config.json", "flax_model.msgpack", "picture.png"]
    others += ["consolidated.safetensors", "consolidated.safetensors.index.json", "README.md"]
    others += ["original/consolidated.00.pth", "original/tokenizer.model", "training_args.bin"]
    others += ["modeling_m.py", "model.fp16.safetensors", "trainer_state.json", ".gitattributes"]
    assert chosen(*mine, *others) == set(mine)


def test_shards_come_with_their_index_and_in_order() -> None:
    files = model_files(listing(*SMALL, *reversed(SHARDS), INDEX), "org/m")
    assert [file.path for file in files][-4:] == [INDEX, *SHARDS]


@pytest.mark.parametrize("gone", [SHARDS[1], SHARDS[2], INDEX])
def test_a_missing_shard_or_index_is_named(gone: str) -> None:
    with pytest.raises(BadModelError, match=gone):
        chosen(*SMALL, *(path for path in [*SHARDS, INDEX] if path != gone))


def test_shards_of_two_sets_are_not_mixed() -> None:
    with pytest.raises(BadModelError, match="several sets"):
        chosen(*SMALL, *SHARDS, INDEX, "model-00001-of-00002.safetensors")


def test_the_single_file_is_taken_where_shards_stand_beside_it() -> None:
    found = chosen(*SMALL, *SHARDS, INDEX, "model.safetensors")
    assert found == {*SMALL, "model.safetensors"}


def test_a_shard_that_only_the_index_names_is_found() -> None:
    with pytest.raises(BadModelError, match="model-00004"):
        check_index([*SHARDS, "model-00004-of-00004.safetensors"], listing(*SHARDS), "org/m")


def test_pickle_is_taken_only_where_it_is_allowed_and_nothing_else_is_there() -> None:
    with pytest.raises(BadModelError, match="pickle") as caught:
        chosen(*SMALL, "pytorch_model.bin")
    assert "safetensors" in caught.value.hint
    assert "pytorch_model.bin" in chosen(*SMALL, "pytorch_model.bin", pickle=True)
    both = chosen(*SMALL, "pytorch_model.bin", "model.safetensors", pickle=True)
    assert both == {*SMALL, "model.safetensors"}


def test_python_files_are_taken_only_where_the_code_is_trusted() -> None:
    files = [*SMALL, "model.safetensors", "modeling_m.py", "parts/rope.py"]
    assert not any(path.endswith(".py") for path in chosen(*files))
    assert {"modeling_m.py", "parts/rope.py"} <= chosen(*files, code=True)


def test_a_repo_of_ggufs_says_how_to_name_one() -> None:
    with pytest.raises(BadModelError) as caught:
        chosen("README.md", "m.Q8_0.gguf", "m.Q4_K_M.gguf")
    assert "gguf: org/repo/m.Q4_K_M.gguf" in caught.value.hint


def test_an_adapter_named_as_a_model_is_told_apart_and_the_other_way_round() -> None:
    adapter = listing("adapter_config.json", "adapter_model.safetensors", "tokenizer.json")
    assert len(adapter_files(adapter, "org/a")) == 3
    with pytest.raises(BadModelError) as caught:
        model_files(adapter, "org/a")
    assert "`adapter`" in caught.value.hint
    with pytest.raises(BadModelError) as caught:
        adapter_files(listing(*SMALL, "model.safetensors"), "org/m")
    assert "`source`" in caught.value.hint


def test_a_pickled_adapter_is_refused_unless_allowed() -> None:
    files = listing("adapter_config.json", "adapter_model.bin")
    with pytest.raises(BadModelError, match="pickle"):
        adapter_files(files, "org/a")
    assert len(adapter_files(files, "org/a", pickle=True)) == 2


@pytest.mark.parametrize("named", GGUF)
def test_any_part_of_a_split_gguf_stands_for_all_of_them(named: str) -> None:
    files = one_file(listing(*reversed(GGUF), "README.md"), "org/m", named)
    assert [file.path for file in files] == GGUF


def test_a_missing_part_of_a_gguf_is_named() -> None:
    with pytest.raises(MissingFileError, match="00002-of-00002"):
        one_file(listing(GGUF[0]), "org/m", GGUF[0])


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("m.Q4_KM.gguf", "m.Q4_K_M.gguf"),
        ("big-q4.gguf", "deep/big-q4.gguf"),
        ("q4/m.gguf", GGUF[0]),
        ("other.gguf", "m.Q8_0.gguf"),
    ],
)
def test_a_missing_file_tells_the_nearest(asked: str, near: str) -> None:
    names = ["m.Q4_K_M.gguf", "m.Q8_0.gguf", "deep/big-q4.gguf", "README.md", *GGUF]
    with pytest.raises(MissingFileError, match="has no file") as caught:
        one_file(listing(*names), "org/m", asked)
    assert near in caught.value.hint


@given(st.text(alphabet="a./\\", max_size=12))
def test_no_path_that_stays_inside_leads_out_of_a_folder(path: str) -> None:
    import posixpath

    if stays_inside(path):
        whole = posixpath.normpath(posixpath.join("/root/folder", path))
        assert whole == "/root/folder" or whole.startswith("/root/folder/")
