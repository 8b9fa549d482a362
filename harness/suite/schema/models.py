"""A suite's models: where they come from and what is made of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.suite.schema.endpoints import Endpoint
from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.finetuning import FineTune
from harness.suite.schema.resources import Resources
from harness.suite.schema.serving import Serve, by_name_too
from harness.suite.schema.spreading import Spreading


class EngineOptions(Spreading):
    """How a model is run."""

    threads: int = Field(0, ge=0, description="CPU threads; 0: as many as physical cores.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:0, ….")
    context: int = Field(0, ge=0, description="Context length in tokens; 0: what is needed.")


class Shape(BaseModel):
    """An architecture by the name of a model that has it; other keys change its `config.json`."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="allow")

    architecture: str = Field(
        description="Such as llama-3.1-8b, mistral-7b, qwen2.5-3b, phi-3.5-mini, smollm2-135m."
    )

    @property
    def changed(self) -> dict[str, Any]:
        """The keys of `config.json` that the suite sets, such as `num_hidden_layers`."""
        return dict(self.model_extra or {})


class ModelSpec(Entry):
    """A model: a source, or something made `from:` another model of the suite."""

    source: str | Shape | None = Field(
        None,
        description="`starter` (the embedded model), a folder in Transformers format, relative "
        "to the suite file, or a model on the Hub (org/name); or, with `weights: random`, an architecture.",
    )
    revision: str | None = Field(
        None,
        description="Of a model, adapter or file on the Hub: a branch, tag or commit; default: main. "
        "The commit that it stands for is the key of all that is made from it.",
    )
    weights: Literal["random"] | None = Field(
        None,
        description="random: weights drawn by the suite's seed, to try speed, memory and the whole "
        "pipeline at true shape without a download. Answers mean nothing.",
    )
    from_: Name | None = Field(
        None, alias="from", description="The model of this suite that this one is made from."
    )
    finetune: FineTune | None = Field(None, description="Fine-tune the model named in `from`.")
    adapter: str | None = Field(
        None,
        description="A PEFT adapter, put on the model named in `from`: a folder, or org/name on the "
        "Hub. On a GGUF, by llama.cpp while it runs; there also a model of this suite that was fine-tuned.",
    )
    gguf: str | None = Field(
        None,
        description="With `from`: the type to convert to (F16, Q8_0, Q5_K_M, Q4_K_M, …). "
        "Without: a .gguf file, relative to the suite file, or org/repo/file.gguf on the Hub.",
    )
    merge: Literal["dequantized", "full"] | None = Field(
        None,
        description="Merge the adapter of the model named in `from` into its base. full: into the "
        "base's own weights. dequantized: into the NF4 values that a QLoRA was trained on, which "
        "is what a GGUF made from a QLoRA gets.",
    )
    quantize: Literal["nf4", "int8"] | None = Field(
        None, description="Quantize by bitsandbytes while loading."
    )
    endpoint: Endpoint | None = Field(
        None, description="A model that a server runs, behind OpenAI's API, in place of files."
    )
    serve: Serve | None = Field(
        None,
        json_schema_extra=by_name_too,
        description="The model named in `from`, run by a server that is started for it and stopped "
        "again: llama-cpp, transformers, vllm or ollama, or keys that say more.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="What Transformers computes in; auto: bfloat16 on a GPU and on a processor that "
        "has it, else float32.",
    )
    chat_template: str | None = Field(
        None,
        description="`none`: ask with a plain prompt even if the model has a chat template. A file "
        "(.jinja), relative to the suite file: is used in place of the model's own. Only on a source: "
        "all models of a lineage get the same prompts.",
    )
    thinking: bool | None = Field(
        None,
        description="Sets the switch of the chat template that lets the model think before it answers "
        "(`enable_thinking` of Qwen3 and SmolLM3, `thinking` of others). Only on a source. Default: "
        "what the template does by itself.",
    )
    template_options: dict[str, str | bool | int | float] | None = Field(
        None,
        min_length=1,
        description="Other variables that the chat template reads, such as {date_string: 1 May 2025}. "
        "Only on a source.",
    )
    trust_remote_code: bool | None = Field(
        None,
        description="true: run the Python files that come with this source, of an architecture that "
        "Transformers does not know. They can do whatever you can. Models made from it inherit this.",
    )
    pickle: bool | None = Field(
        None,
        description="true: read this source's or adapter's weights from a pickle (pytorch_model.bin) "
        "where there is no safetensors, by torch's restricted reader. Models made from it inherit this.",
    )
    engine: EngineOptions = Field(
        default_factory=lambda: EngineOptions(), description="How it is run."
    )
    resources: Resources | None = Field(
        None,
        description="What its steps need of a cluster's node. Models made from it inherit this, key by key.",
    )

    @model_validator(mode="after")
    def _one_way_to_make_it(self) -> ModelSpec:
        ways = ("finetune", "adapter", "gguf", "merge", "serve")
        made = [key for key in ways if getattr(self, key) is not None]
        if self.endpoint is not None:
            others = self.model_fields_set - {"endpoint"}
            defaults = ModelSpec.model_fields
            extra = [
                key
                for key in sorted(others)
                if getattr(self, key) != defaults[key].get_default(call_default_factory=True)
            ]
            if extra:
                keys = ["from" if key == "from_" else key for key in extra]
                raise ValueError(f"a model with `endpoint` takes no {_names(keys)}")
            return self
        if self.source is not None:
            if isinstance(self.source, Shape) != (self.weights is not None):
                raise ValueError("`weights: random` and a source's `architecture` go together")
            if self.from_ is not None or made:
                extra = ["from"] * (self.from_ is not None) + made
                raise ValueError(f"a model with `source` takes no {_names(extra)}")
        elif self.weights is not None:
            raise ValueError("`weights` belongs to a `source` with an `architecture`")
        elif self.from_ is not None:
            if len(made) != 1:
                raise ValueError(
                    "a model with `from` takes exactly one of `finetune`, `adapter`, `merge`, `gguf` "
                    "and `serve`"
                )
        elif made != ["gguf"]:
            raise ValueError(
                "a model needs a `source`, a `from` with `finetune`, `adapter`, `merge`, `gguf` or "
                "`serve`, a `gguf` file, or an `endpoint`"
            )
        on_hub = isinstance(self.source, str) or self.adapter is not None
        if self.revision is not None and not (on_hub or (made == ["gguf"] and self.from_ is None)):
            raise ValueError("`revision` belongs to what comes from the Hub")
        if self.quantize is not None and self.source is None:
            raise ValueError("`quantize` belongs to a model with `source`")
        from_files = isinstance(self.source, str)
        if self.trust_remote_code and not from_files:
            raise ValueError(
                "`trust_remote_code` belongs to a model with a `source`; models made from it inherit it"
            )
        if self.pickle and not from_files and self.adapter is None:
            raise ValueError(
                "`pickle` belongs to a model with a `source` or an `adapter`; models made from it "
                "inherit it"
            )
        asked = ("chat_template", "thinking", "template_options")
        put = [key for key in asked if getattr(self, key) is not None]
        if put and self.from_ is not None:
            raise ValueError(
                f"{_names(put)} belongs to the source; models made from it get the same prompts"
            )
        if self.chat_template == "none" and put[1:]:
            raise ValueError(f"without a chat template there is no {_names(put[1:])}")
        if self.gguf is not None and self.dtype != "auto":
            raise ValueError("`dtype` is for Transformers models; a GGUF's type is in `gguf`")
        return self

    @property
    def has_adapter(self) -> bool:
        """Whether what makes this model out of its base is an adapter, trained here or elsewhere."""
        trained = self.finetune is not None and self.finetune.row.makes == "adapter"
        return trained or self.adapter is not None

    @property
    def permissions(self) -> dict[str, bool]:
        """What the suite allows of this entry's files, as far as it allows anything."""
        allowed = {"code": self.trust_remote_code, "pickle": self.pickle}
        return {key: True for key, value in allowed.items() if value}

    @property
    def template_file(self) -> str | None:
        """The file that is used in place of the model's own chat template."""
        return None if self.chat_template == "none" else self.chat_template


def _names(keys: list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)
