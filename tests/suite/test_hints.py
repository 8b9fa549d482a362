"""Messages name keys of a suite that there are, with values that these take."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.models.gguf.quantize import QTYPES
from harness.suite.schema import SuiteSpec

PACKAGE = Path(harness.__file__).parent
OTHERS = {
    "files and folders": "adapter_config adapter_model pytorch_model tokenizer_config inactive_file",
    "keys of a model's files": "model_type hidden_size text_config num_hidden_layers weight_map bos_token bos_token_id eos_token "
    "add_bos_token query_pre_attn_scalar task_type alora_invocation_tokens lora_bias layer_replication",
    "of PEFT": "init_lora_weights path_initial_model_for_weight_conversion lora_ga pissa_niter",
    "variables of chat templates": "enable_thinking date_string tool_calls no_think",
    "columns of training examples": "prompt_ids target_ids",
    "functions of other programs": "save_pretrained resize_token_embeddings gguf_set_metadata "
    "llamacpp_source num_ctx",
    "examples of names": "financial_phrasebank api_org q_proj embed_tokens lm_head",
}
"""What messages name beside the keys of a suite."""
KNOWN_OTHERS = frozenset(" ".join(OTHERS.values()).split())
CODE = re.compile(r"`([^`\n]+)`")
PAIR = re.compile(r"^(?P<key>[a-z_]+): (?P<value>[A-Za-z0-9_.-]+)$")
KEY = re.compile(r"^[a-z]+(_[a-z]+)*$")
SNAKE = re.compile(r"(?<![\w./{-])[a-z]+(?:_[a-z]+)+(?![\w/(}=-]|\.\w)")
"""A word with an underscore, which is no English; not part of a path, a call or an option."""


def values_by_key(schema: Any, found: dict[str, set[str]] | None = None) -> dict[str, set[str]]:
    """Every key of the suite's schema, with the words that it takes; "*" where it takes any."""
    found = defaultdict(set) if found is None else found
    if isinstance(schema, dict):
        for name, of in schema.get("properties", {}).items():
            found[name] |= set(_words(of)) or {"*"}
        for part in schema.values():
            values_by_key(part, found)
    elif isinstance(schema, list):
        for part in schema:
            values_by_key(part, found)
    return found


def _words(of: dict[str, Any]) -> Iterator[str]:
    """The words that a key takes."""
    for part in (of, *of.get("anyOf", ())):
        yield from map(str, part.get("enum", ()))
        if "const" in part:
            yield str(part["const"])
        if part.get("type") == "boolean":
            yield from ("true", "false")
        free = part.get("type") in ("string", "number", "integer", "array")
        if free and not {"enum", "const"} & part.keys():
            yield "*"
        if "$ref" in part or "items" in part:
            yield "*"


def messages() -> Iterator[tuple[str, str]]:
    """Every text of the package but docstrings, and where it stands; what is filled in is left out."""
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
        for node in ast.walk(tree):
            if id(node) in docs or id(node) in inside:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            elif isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values
                )
            else:
                continue
            if " " in text:
                yield text, f"{file.relative_to(PACKAGE)}:{node.lineno}"


def faults(text: str, keys: dict[str, set[str]]) -> list[str]:
    """Names in a message that look like keys of a suite, and are none."""
    taken = {value for values in keys.values() for value in values}
    known = keys.keys() | taken | KNOWN_OTHERS
    found = [word for word in SNAKE.findall(text) if word not in known]
    for code in CODE.findall(text):
        pair = PAIR.match(code)
        if (pair and pair["key"] not in keys) or (
            pair and not {"*", pair["value"]} & (keys[pair["key"]] | _also(pair["key"]))
        ):
            found.append(code)
    return found


def _also(key: str) -> set[str]:
    return {"F16", *QTYPES} if key == "gguf" else set()


@pytest.fixture(scope="module")
def keys() -> dict[str, set[str]]:
    return values_by_key(SuiteSpec.model_json_schema(by_alias=True))


def test_no_message_names_a_key_that_there_is_not(keys: dict[str, set[str]]) -> None:
    wrong = {where: found for text, where in messages() if (found := faults(text, keys))}
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        "Lower batch_tokens, or set gradient_savepoints.",
        "Set `mismatch: perhaps` in the suite.",
        "Try `dtype: float8`.",
        "`learning_speed: 3` is too much.",
    ],
)
def test_the_test_sees_what_it_looks_for(keys: dict[str, set[str]], text: str) -> None:
    assert faults(text, keys)
    good = "Set `dtype: bfloat16`, `mismatch: allow`, `batch_tokens: 512`, or raise `warmup_ratio`."
    assert not faults(good, keys)
