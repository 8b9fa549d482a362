"""A model's shape, read from its configuration, and every weight that it is made of.

All that follows (files, memory, time) is counted from this list, so that tied tables, grouped
keys and values, fused products and biases are counted once and in one place. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import InputError

FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "gemma3_text")
"""Architectures, as `model_type` names them, whose weights are known here."""
_TIED_BY_DEFAULT = ("gemma2", "gemma3_text")
_FUSED = ("phi3",)
_HEAD_NORMS = ("qwen3", "gemma3_text")
_FOUR_NORMS = ("gemma2", "gemma3_text")
_NEEDED = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
)

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
class Shape:
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
    context: int
    """Tokens that the model was made for."""
    attention_bias: bool = False
    output_bias: bool = False
    feed_forward_bias: bool = False
    rope_tables: int = 0
    """Tensors of rotary factors that a GGUF of this model holds."""

    @property
    def queries(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Width of all keys together, which is that of all values."""
        return self.key_heads * self.head_size

    @property
    def norms(self) -> int:
        """Norms of a layer over the residual stream."""
        return 4 if self.family in _FOUR_NORMS else 2

    @property
    def fused(self) -> bool:
        """Whether queries, keys and values, and gate and up, are one product each."""
        return self.family in _FUSED

    @property
    def caps_scores(self) -> bool:
        """Whether attention's scores go through a soft cap, which needs them all."""
        return self.family == "gemma2"

    @property
    def norms_heads(self) -> bool:
        """Whether the queries and keys of each head are normed."""
        return self.family in _HEAD_NORMS

    @property
    def layer(self) -> tuple[Weight, ...]:
        """The weights of one layer."""
        return tuple(_layer(self))

    @property
    def outside(self) -> tuple[Weight, ...]:
        """The weights outside the layers; a tied output head is not one of them."""
        embeddings = Weight("embed_tokens", "token_embd", "table", self.vocabulary, self.hidden)
        norm = _vector("norm", "output_norm", self.hidden)
        head = Weight("lm_head", "output", "head", self.vocabulary, self.hidden)
        return (embeddings, norm) if self.tied else (embeddings, norm, head)

    @property
    def weights(self) -> Iterator[Weight]:
        """Every weight tensor once."""
        yield from self.outside
        for _ in range(self.layers):
            yield from self.layer

    @property
    def parameters(self) -> int:
        """Number of weights; tied ones count once."""
        return sum(weight.count for weight in self.weights)

    @property
    def linears(self) -> tuple[Weight, ...]:
        """The matrices of one layer."""
        return tuple(weight for weight in self.layer if weight.kind == "linear")

    @property
    def linear_weights(self) -> int:
        """Number of weights in the matrices of all layers: those that QLoRA keeps in 4 bits."""
        return self.layers * sum(weight.count for weight in self.linears)

    @property
    def cache_values(self) -> int:
        """Numbers that a KV cache holds for one token."""
        return 2 * self.layers * self.keys


def read_shape(config: Mapping[str, Any]) -> Shape:
    """The shape that a `config.json` tells; a model of text and images is read for its text part.

    Raises:
        InputError: the architecture is not one of `FAMILIES`, or the configuration lacks a value.
    """
    text = {**config, **config["text_config"]} if "text_config" in config else dict(config)
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
    heads, hidden = int(text["num_attention_heads"]), int(text["hidden_size"])
    tied = text.get("tie_word_embeddings")
    bias = bool(text.get("attention_bias")) and family not in _FUSED
    return Shape(
        family=family,
        vocabulary=int(text["vocab_size"]),
        hidden=hidden,
        feed_forward=int(text["intermediate_size"]),
        layers=int(text["num_hidden_layers"]),
        heads=heads,
        key_heads=int(text.get("num_key_value_heads") or heads),
        head_size=int(text.get("head_dim") or hidden // heads),
        tied=family in _TIED_BY_DEFAULT if tied is None else bool(tied),
        context=int(text.get("max_position_embeddings") or 0),
        attention_bias=bias or family == "qwen2",
        output_bias=bias,
        feed_forward_bias=bool(text.get("mlp_bias")),
        rope_tables=_rope_tables(text),
    )


def _rope_tables(text: Mapping[str, Any]) -> int:
    rope = text.get("rope_parameters") or text.get("rope_scaling") or {}
    kind = rope.get("rope_type") or rope.get("type")
    return {"llama3": 1, "longrope": 2, "su": 2, "yarn": 0}.get(str(kind), 0)


def _vector(name: str, gguf: str, size: int) -> Weight:
    return Weight(name, gguf, "vector", 1, size)


def _layer(shape: Shape) -> Iterator[Weight]:
    hidden, inner = shape.hidden, shape.feed_forward

    def linear(name: str, gguf: str, rows: int, columns: int, bias: bool) -> Iterator[Weight]:
        yield Weight(name, gguf, "linear", rows, columns)
        if bias:
            yield _vector(name, gguf, rows)

    if shape.fused:
        yield from linear("qkv_proj", "attn_qkv", shape.queries + 2 * shape.keys, hidden, False)
        yield from linear("gate_up_proj", "ffn_up", 2 * inner, hidden, False)
    else:
        yield from linear("q_proj", "attn_q", shape.queries, hidden, shape.attention_bias)
        yield from linear("k_proj", "attn_k", shape.keys, hidden, shape.attention_bias)
        yield from linear("v_proj", "attn_v", shape.keys, hidden, shape.attention_bias)
        yield from linear("gate_proj", "ffn_gate", inner, hidden, shape.feed_forward_bias)
        yield from linear("up_proj", "ffn_up", inner, hidden, shape.feed_forward_bias)
    yield from linear("o_proj", "attn_output", hidden, shape.queries, shape.output_bias)
    yield from linear("down_proj", "ffn_down", hidden, inner, shape.feed_forward_bias)
    yield _vector("input_layernorm", "attn_norm", hidden)
    yield _vector("post_attention_layernorm", "ffn_norm", hidden)
    if shape.norms == 4:
        yield _vector("pre_feedforward_layernorm", "post_attention_norm", hidden)
        yield _vector("post_feedforward_layernorm", "post_ffw_norm", hidden)
    if shape.norms_heads:
        yield _vector("q_norm", "attn_q_norm", shape.head_size)
        yield _vector("k_norm", "attn_k_norm", shape.head_size)
