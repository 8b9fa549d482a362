"""GGUF files that lie are refused from their header, with what is wrong, before llama.cpp sees them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engines.gguf_file import gguf_info
from harness.errors import BadModelError
from tests.hostile.gguf_made import (
    ARRAY,
    BOOL,
    FLOAT32,
    INT32,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    Gguf,
    Value,
    small,
    taken_apart,
)

Change = Callable[[Gguf], None]


def says(key: str, kind: int, value: object, item: int = 0, count: int | None = None) -> Change:
    """The header says something else of one thing."""
    return lambda gguf: gguf.values.update({key: Value(kind, value, item, count)})


def without(key: str) -> Change:
    """The header does not say one thing."""

    def change(gguf: Gguf) -> None:
        del gguf.values[key]

    return change


def tensor(place: int, **changed: object) -> Change:
    """The header says something else of one tensor."""

    def change(gguf: Gguf) -> None:
        gguf.tensors[place] = copy.copy(gguf.tensors[place])
        for name, value in changed.items():
            setattr(gguf.tensors[place], name, value)

    return change


def claims(**changed: object) -> Change:
    """The first bytes of the file say something else."""

    def change(gguf: Gguf) -> None:
        for name, value in changed.items():
            setattr(gguf, name, value)

    return change


def of_a_list(key: str, changed: Callable[[list[object]], list[object]]) -> Change:
    """A list holds other items."""

    def change(gguf: Gguf) -> None:
        value = gguf.values[key]
        gguf.values[key] = Value(ARRAY, changed(value.value), value.item)

    return change


EPSILON = "llama.attention.layer_norm_rms_epsilon"
TOKENS = "tokenizer.ggml.tokens"
LIES: dict[str, tuple[Change, str]] = {
    "another beginning": (claims(magic=b"GGML"), "does not begin with GGUF"),
    "an older version": (claims(version=1), "version 1 of the format is not known"),
    "another order of bytes": (claims(version=3 << 24), "another order of bytes"),
    "2^63 values": (claims(value_count=1 << 63), "says that it has 9,223,372,036,854,775,808 values"),
    "2^40 tensors": (claims(tensor_count=1 << 40), "says that it has 1,099,511,627,776 tensors"),
    "one value too many": (claims(value_count=200), "is not UTF-8|unknown type|twice|middle|bytes where"),
    "one tensor too many": (claims(tensor_count=22), "dimensions|middle|bytes where"),
    "a list of lists": (says("x", ARRAY, [], ARRAY, 1 << 20), "the list 'x' holds another list"),
    "a list without end": (says("x", ARRAY, [], UINT64, 1 << 61), "middle of its header"),
    "texts without end": (says("x", ARRAY, [], STRING, 1 << 61), "says that its lists hold over"),
    "an unknown type of items": (says("x", ARRAY, [], 77), "items of the unknown type 77"),
    "NaN in a list": (says("x", ARRAY, [math.nan], FLOAT32), "the list 'x' holds NaN or infinity"),
    "a text as alignment": (says("general.alignment", STRING, "32"), "its alignment is no number"),
    "an alignment of 0": (says("general.alignment", UINT32, 0), "its alignment is 0"),
    "an alignment of 33": (says("general.alignment", UINT32, 33), "its alignment is 33"),
    "an alignment of 2^31": (says("general.alignment", UINT32, 1 << 31), "its alignment is 2147"),
    "escapes as architecture": (
        says("general.architecture", STRING, "\x1b[31mllama"),
        r"its architecture is '\\x1b\[31mllama'",
    ),
    "no architecture": (without("general.architecture"), "its architecture it names none|names none"),
    "a number as architecture": (says("general.architecture", UINT32, 7), "its architecture is 7"),
    "an epsilon of NaN": (says(EPSILON, FLOAT32, math.nan), "epsilon' is nan"),
    "an epsilon of infinity": (says(EPSILON, FLOAT32, math.inf), "epsilon' is inf"),
    "a negative epsilon": (says(EPSILON, FLOAT32, -1.0), "epsilon is -1.0"),
    "a text as epsilon": (says(EPSILON, STRING, "small"), "epsilon is small"),
    "no layers": (says("llama.block_count", UINT32, 0), "block_count is 0"),
    "2^31 layers": (says("llama.block_count", UINT32, 1 << 31), "block_count is 2147483648"),
    "500 layers": (says("llama.block_count", UINT32, 500), "it has 500 layers, and holds 21 tensors"),
    "layers by a list": (says("llama.block_count", ARRAY, [2, 2], UINT32), "does not say its block count"),
    "no width": (says("llama.embedding_length", UINT32, 0), "embedding_length is 0"),
    "fewer than no heads": (says("llama.attention.head_count", INT32, -1), "head_count is -1"),
    "heads that are true": (says("llama.attention.head_count", BOOL, 1), "head_count is True"),
    "no context": (without("llama.context_length"), "does not say its context length"),
    "2^40 tokens of context": (says("llama.context_length", UINT64, 1 << 40), "context_length is 1099"),
    "2^31 heads in a layer": (
        says("llama.attention.head_count", ARRAY, [1 << 31, 4], UINT32),
        "head_count holds a number",
    ),
    "experts that are not used": (says("llama.expert_count", UINT32, 8), "it uses 0 of 8 experts"),
    "more experts than there are": (says("llama.expert_used_count", UINT32, 2), "it uses 2 of 0"),
    "no vocabulary": (without(TOKENS), "it holds no vocabulary"),
    "an empty vocabulary": (says(TOKENS, ARRAY, [], STRING), "it holds no vocabulary"),
    "a vocabulary of numbers": (says(TOKENS, ARRAY, [1, 2], UINT8), "it holds no vocabulary"),
    "a vocabulary of none": (says("tokenizer.ggml.model", STRING, "none"), "of type 'none'"),
    "a vocabulary of words": (says("tokenizer.ggml.model", STRING, "bert"), "of type 'bert'"),
    "tokens that are alike": (of_a_list(TOKENS, lambda of: [*of[:-2], "x", "x"]), "1 tokens of its vo"),
    "no bytes": (of_a_list(TOKENS, lambda of: [f"t{n}" for n in range(len(of))]), "for some bytes"),
    "too few scores": (of_a_list("tokenizer.ggml.scores", lambda of: of[:9]), "9 scores for 300 tok"),
    "too many types": (
        of_a_list("tokenizer.ggml.token_type", lambda of: of * 2),
        "600 token_type for 300 tokens",
    ),
    "no dimensions": (tensor(5, shape=()), "has 0 dimensions"),
    "five dimensions": (tensor(5, shape=(64, 2, 1, 1, 1)), "has 5 dimensions"),
    "a length of 0": (tensor(5, shape=(0, 8)), "cannot have the shape 0 × 8"),
    "2^62 weights": (tensor(5, shape=(1 << 31, 1 << 31)), "more bytes"),
    "part of a block": (tensor(5, shape=(33, 64), type=8), "the shape 33 × 64 as Q8_0"),
    "an unknown type": (tensor(5, type=31), "the unknown type 31"),
    "a matrix of integers": (tensor(5, type=26), "the matrix '.*' is of type I32"),
    "a norm of halves": (tensor(2, type=1), "the vector 'output_norm.weight' is of type F16"),
    "a name twice": (tensor(5, name="output.weight"), "tensor 'output.weight' stands in it twice"),
    "a long name": (tensor(5, name="x" * 64), "a text of 64 bytes where 63 are the most"),
    "a name that is no text": (tensor(5, name=b"\xff\xfe"), "is not UTF-8"),
    "weights over others": (tensor(5, offset=0), "lie over each other"),
    "weights off their alignment": (tensor(5, offset=7), "begins at 7, off its alignment"),
    "weights behind the end": (tensor(5, offset=1 << 40), "is truncated"),
    "a key twice": (
        lambda gguf: gguf.values.update({b"general.name": Value(UINT32, 1)}),
        "the key 'general.name' stands in it twice",
    ),
    "a key that is no text": (
        lambda gguf: gguf.values.update({b"\xff": Value(UINT32, 1)}),
        "is not UTF-8",
    ),
    "a template that is no text": (says("tokenizer.chat_template", STRING, b"\xff\xfe"), "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused_by_what_it_says(lie: str, tmp_path: Path) -> None:
    change, words = LIES[lie]
    gguf = small()
    change(gguf)
    file = gguf.write(tmp_path / "lying.gguf")
    with pytest.raises(BadModelError, match=words) as caught:
        gguf_info(file)
    assert str(file) in caught.value.message and caught.value.hint
    assert caught.value.message.isprintable()


def test_a_header_that_does_not_lie_is_read(tmp_path: Path) -> None:
    file = small().write(tmp_path / "small.gguf")
    assert gguf_info(file).parameters == 2 * (300 * 8) + 8 + 2 * (3 * 128 + 2 * 64 + 2 * 32 + 16)
    assert taken_apart(file).packed() == file.read_bytes()


@pytest.mark.parametrize("kept", [0, 3, 4, 20, 24, 100, 5000, 20000])
def test_a_file_that_ends_in_its_header_is_refused(kept: int, tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(small().packed()[:kept])
    with pytest.raises(BadModelError, match=r"unreadable header|truncated"):
        gguf_info(file)


def test_an_epsilon_is_looked_at_before_llama_cpp_is(tmp_path: Path) -> None:
    from harness.engines.llamacpp.model import LlamaModel

    gguf = small()
    gguf.values[EPSILON] = Value(FLOAT32, -1.0)
    with pytest.raises(BadModelError, match="a norm's epsilon is small"):
        LlamaModel(gguf.write(tmp_path / "lying.gguf"))


def test_a_vocabulary_with_one_empty_token_is_read(tmp_path: Path) -> None:
    gguf = small()
    tokens = gguf.values[TOKENS].value
    gguf.values[TOKENS] = Value(ARRAY, [*tokens[:-2], "", ""], STRING)
    assert gguf_info(gguf.write(tmp_path / "empty.gguf")).architecture == "llama"
