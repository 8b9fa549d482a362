"""What a suite's models are, in the words that reports and progress displays use."""

from __future__ import annotations

from collections.abc import Mapping

from harness.suite.lineage import last_merge
from harness.suite.schema import FineTune, ModelSpec, Shape


def method_words(finetune: FineTune) -> str:
    """Such as "LoRA, rank 16"."""
    rank = f", rank {finetune.rank}" if finetune.row.makes == "adapter" else ""
    return f"{finetune.row.label}{rank}"


def describe(spec: ModelSpec) -> str:
    """One line that says what a model is."""
    if spec.finetune is not None:
        return f"{spec.from_} fine-tuned by {method_words(spec.finetune)}"
    if spec.adapter is not None:
        return ", ".join([f"{spec.from_} with the adapter {spec.adapter}", *permission_words(spec)])
    if spec.merge is not None:
        place = "base in full precision" if spec.merge == "full" else "dequantized base"
        return f"{spec.from_} merged into its {place}"
    if spec.gguf is not None:
        if spec.from_ is not None:
            return f"{spec.from_} as {spec.gguf} GGUF"
        return ", ".join([f"the file {spec.gguf}", *asked_words(spec)])
    source = "the embedded starter model" if spec.source == "starter" else source_words(spec)
    source = f"{source}, {spec.quantize} on load" if spec.quantize else source
    return ", ".join([source, *asked_words(spec)])


def asked_words(spec: ModelSpec) -> list[str]:
    """What a suite says of a source's chat template."""
    words = permission_words(spec)
    if spec.chat_template is not None:
        own = spec.template_file
        words.append("no chat template" if own is None else f"chat template {own}")
    if spec.thinking is not None:
        words.append(f"thinking {'on' if spec.thinking else 'off'}")
    words += [f"{key} {value}" for key, value in (spec.template_options or {}).items()]
    return words


def permission_words(spec: ModelSpec) -> list[str]:
    """What a suite allows of a model's files."""
    said = {"code": "its own code run (trust_remote_code)", "pickle": "weights from a pickle"}
    return [said[key] for key in spec.permissions]


def source_words(spec: ModelSpec) -> str:
    """Where a model comes from: a name, a folder, or random weights of some shape."""
    if not isinstance(spec.source, Shape):
        return str(spec.source)
    changed = ", ".join(f"{key} {value}" for key, value in spec.source.changed.items())
    shape = f"{spec.source.architecture}{f' ({changed})' if changed else ''}"
    return f"random weights in the shape of {shape}"


def lineage_words(models: Mapping[str, ModelSpec], chain: list[str]) -> list[str]:
    """The steps from the source to the last model of a chain, in words."""
    words: list[str] = []
    for name in chain:
        spec = models[name]
        if spec.source is not None:
            words += [source_words(spec), *([f"{spec.quantize} on load"] if spec.quantize else [])]
        elif spec.from_ is None:
            words.append(str(spec.gguf))
        else:
            if models[spec.from_].merge is None:
                words += _merged_words(models, name)
            if spec.gguf is not None:
                words += ["F16 GGUF", *([spec.gguf] if spec.gguf != "F16" else [])]
            elif spec.finetune is not None:
                words.append(method_words(spec.finetune))
            elif spec.adapter is not None:
                words.append(f"adapter {spec.adapter}")
    return words


def _merged_words(models: Mapping[str, ModelSpec], name: str) -> list[str]:
    merge = last_merge(models, name)
    if merge is None:
        return []
    return ["merged" if merge.trained_on == "full" else f"merged {merge.place}"]
