"""A model's shape, read from its configuration, and every weight that it is made of.

All that follows (files, memory, time) is counted from this list, so that tied tables, grouped
keys and values, fused products and biases are counted once and in one place. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from harness.engines.gguf_file import GgufInfo
from harness.errors import InputError
from harness.models.configuration import check_configuration


@dataclass(frozen=True)
class Family:
    """In what the layers of an architecture differ from Llama's."""

    tied: bool = False
    """Whether the output head is the embedding, where a configuration does not say."""
    attention_bias: bool = False
    """Whether queries, keys and values always have biases."""
    fused: bool = False
    """Whether queries, keys and values, and gate and up, are one product each."""
    norms: int = 2
    """Norms of a layer over the residual stream."""
    norms_heads: bool = False
    """Whether the queries and keys of each head are normed."""
    caps_scores: bool = False
    """Whether attention's scores go through a soft cap, which needs them all."""


FAMILIES: Mapping[str, Family] = {
    "llama": Family(),
    "mistral": Family(),
    "qwen2": Family(attention_bias=True),
    "qwen3": Family(norms_heads=True),
    "phi3": Family(fused=True),
    "gemma2": Family(tied=True, norms=4, caps_scores=True),
    "gemma3_text": Family(tied=True, norms=4, norms_heads=True),
}
"""Architectures, as `model_type` names them, whose weights are known here."""
_NEEDED = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
)
_ROPE_TABLES = {"llama3": 1, "longrope": 2, "su": 2}

Kind = Literal["table", "linear", "head", "vector"]
"""An embedding; a matrix inside a layer; the output head; anything with one dimension."""


@dataclass(frozen=True)
class Weight:
    """A tensor: `rows` outputs of `columns` inputs each. A vector has one row."""

    name: str
    """As Transformers ends it: "q_proj", "embed_tokens"."""
    gguf: str
    """As llama.cpp names it inside a layer or outside: "attn_q", "token_embd"."""
    kind: Kind
    rows: int
    columns: int

    @property
    def count(self) -> int:
        """Number of weights."""
        return self.rows * self.columns


@dataclass(frozen=True)
class ModelShape:
    """What a decoder's size follows from."""

    family: str
    vocabulary: int
    hidden: int
    feed_forward: int
    layers: int
    heads: int
    key_heads: int
    head_size: int
    tied: bool
    attention_bias: bool = False
    output_bias: bool = False
    feed_forward_bias: bool = False
    rope_tables: int = 0
    """Tensors of rotary factors that a GGUF of this model holds."""

    @property
    def traits(self) -> Family:
        """What its architecture does otherwise than Llama."""
        return FAMILIES[self.family]

    @property
    def queries(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Width of all keys together, which is that of all values."""
        return self.key_heads * self.head_size

    @cached_property
    def layer(self) -> tuple[Weight, ...]:
        """The weights of one layer."""
        return tuple(_layer(self))

    @property
    def outside(self) -> tuple[Weight, ...]:
        """The weights outside the layers; a tied output head is not one of them."""
        embeddings = Weight("embed_tokens", "token_embd", "table", self.vocabulary, self.hidden)
        norm = Weight("norm", "output_norm", "vector", 1, self.hidden)
        head = Weight("lm_head", "output", "head", self.vocabulary, self.hidden)
        return (embeddings, norm) if self.tied else (embeddings, norm, head)

    @property
    def tensors(self) -> int:
        """Number of tensors."""
        return len(self.outside) + self.layers * len(self.layer)

    @property
    def parameters(self) -> int:
        """Number of weights; tied ones count once."""
        outside = sum(weight.count for weight in self.outside)
        return outside + self.layers * sum(weight.count for weight in self.layer)

    @property
    def linears(self) -> tuple[Weight, ...]:
        """The matrices of one layer."""
        return tuple(weight for weight in self.layer if weight.kind == "linear")

    @property
    def linear_weights(self) -> int:
        """Number of weights in the matrices of all layers: those that every token is multiplied
        with, and that QLoRA keeps in 4 bits."""
        return self.layers * sum(weight.count for weight in self.linears)

    @property
    def largest(self) -> Weight:
        """The tensor with most weights."""
        return max((*self.outside, *self.layer), key=lambda weight: weight.count)

    @property
    def block(self) -> float:
        """Share of all weights that the largest part has which stays on one GPU: a layer, or a table of
        the vocabulary."""
        layer = sum(weight.count for weight in self.layer)
        return max(layer, self.vocabulary * self.hidden) / self.parameters

    @property
    def cache_values(self) -> int:
        """Numbers that a KV cache holds for one token."""
        return 2 * self.layers * self.keys


def read_shape(config: Mapping[str, Any]) -> ModelShape:
    """The shape that a `config.json` tells; a model of text and images is read for its text part.

    Raises:
        InputError: the architecture is not one of `FAMILIES`, or the configuration lacks a value.
    """
    check_configuration(config, "the model's configuration")
    text = {**config, **(config.get("text_config") or {})}
    family = str(text.get("model_type"))
    if family not in FAMILIES:
        raise InputError(
            f"What a model of type {family} needs cannot be told from its configuration.",
            f"Known are {', '.join(FAMILIES)}.",
        )
    missing = [key for key in _NEEDED if not text.get(key)]
    if missing:
        raise InputError(
            f"The configuration of this {family} lacks {', '.join(missing)}.",
            "Check that config.json is the model's own, and whole.",
        )
    traits = FAMILIES[family]
    heads, hidden = int(text["num_attention_heads"]), int(text["hidden_size"])
    tied, bias = text.get("tie_word_embeddings"), bool(text.get("attention_bias"))
    rope = text.get("rope_parameters") or text.get("rope_scaling") or {}
    return ModelShape(
        family=family,
        vocabulary=int(text["vocab_size"]),
        hidden=hidden,
        feed_forward=int(text["intermediate_size"]),
        layers=int(text["num_hidden_layers"]),
        heads=heads,
        key_heads=int(text.get("num_key_value_heads") or heads),
        head_size=int(text.get("head_dim") or hidden // heads),
        tied=traits.tied if tied is None else bool(tied),
        attention_bias=traits.attention_bias or bias,
        output_bias=bias and not traits.fused,
        feed_forward_bias=bool(text.get("mlp_bias")),
        rope_tables=_ROPE_TABLES.get(str(rope.get("rope_type") or rope.get("type")), 0),
    )


def gguf_config(info: GgufInfo) -> dict[str, Any]:
    """A GGUF's header as the `config.json` that its model would have; what it does not say is left out."""
    kind, tensors = info.architecture, {tensor.name: tensor for tensor in info.tensors}
    said = {key.removeprefix(f"{kind}."): value for key, value in info.metadata.items()}
    table = tensors.get("token_embd.weight")
    found = {
        # Otherwise llama.cpp names these architectures as Transformers does; Mistral is a "llama" to it.
        "model_type": "gemma3_text" if kind == "gemma3" else kind,
        "vocab_size": table.shape[-1] if table else None,
        "hidden_size": said.get("embedding_length"),
        "intermediate_size": said.get("feed_forward_length"),
        "num_hidden_layers": said.get("block_count"),
        "num_attention_heads": said.get("attention.head_count"),
        "num_key_value_heads": said.get("attention.head_count_kv"),
        "head_dim": said.get("attention.key_length"),
        "tie_word_embeddings": "output.weight" not in tensors,
        "attention_bias": "blk.0.attn_output.bias" in tensors,
    }
    return {key: value for key, value in found.items() if value is not None}


def _layer(shape: ModelShape) -> Iterator[Weight]:
    hidden, inner, queries, keys = shape.hidden, shape.feed_forward, shape.queries, shape.keys
    attention, feed_forward = shape.attention_bias, shape.feed_forward_bias
    inputs = [
        ("q_proj", "attn_q", queries, hidden, attention),
        ("k_proj", "attn_k", keys, hidden, attention),
        ("v_proj", "attn_v", keys, hidden, attention),
        ("gate_proj", "ffn_gate", inner, hidden, feed_forward),
        ("up_proj", "ffn_up", inner, hidden, feed_forward),
    ]
    if shape.traits.fused:
        inputs = [
            ("qkv_proj", "attn_qkv", queries + 2 * keys, hidden, False),
            ("gate_up_proj", "ffn_up", 2 * inner, hidden, False),
        ]
    outputs = [
        ("o_proj", "attn_output", hidden, queries, shape.output_bias),
        ("down_proj", "ffn_down", hidden, inner, feed_forward),
    ]
    for name, gguf, rows, columns, bias in (*inputs, *outputs):
        yield Weight(name, gguf, "linear", rows, columns)
        if bias:
            yield Weight(name, gguf, "vector", 1, rows)
    norms = [("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm")]
    if shape.traits.norms == 4:
        norms.append(("pre_feedforward_layernorm", "post_attention_norm"))
        norms.append(("post_feedforward_layernorm", "post_ffw_norm"))
    for name, gguf in norms:
        yield Weight(name, gguf, "vector", 1, hidden)
    if shape.traits.norms_heads:
        yield Weight("q_norm", "attn_q_norm", "vector", 1, shape.head_size)
        yield Weight("k_norm", "attn_k_norm", "vector", 1, shape.head_size)
