"""The files of a model, copied out of the cache into a folder that other programs can read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.deploying.licences import licences
from harness.deploying.modelfile import modelfile
from harness.deploying.wanted import Wanted
from harness.disk import bytes_in
from harness.engines.tokenizer import open_tokenizer
from harness.errors import InputError
from harness.files import put_in_place, scratch_beside
from harness.models.sources import context_tokens
from harness.plan.graph import ModelPlan
from harness.plan.steps import Step
from harness.publish.cleaned import Machine, cleaned
from harness.publish.model_card import model_card
from harness.publish.publication import MARK
from harness.publish.quotable import quotable
from harness.quantities import byte_size
from harness.records import Failure, Summary
from harness.reporting.lineage import lineage_words
from harness.reporting.markdown import code, escape
from harness.runner.begin import make
from harness.runner.run import Options, Prepared
from harness.runner.walk import Observer

CACHED = ("manifest.json", "README.md")
"""What lies beside an artifact's own files in the cache, or would stand where the card goes."""


@dataclass(frozen=True)
class Exported:
    """What was written, and what was not.

    Attributes:
        folder: that holds it.
        files: paths in it, and what each is for.
        left_out: forms that could not be made, with the reason.
    """

    folder: Path
    files: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, Failure], ...]


def keys_of(prepared: Prepared, wanted: Wanted) -> dict[str, str]:
    """Entries, and the step that holds the files of each; the checks on GGUFs and merges beside them."""
    models = prepared.plan.models
    found = {entry: _files_key(models[entry]) for entry in wanted.entries}
    if wanted.adapter:
        found["adapter"] = models[wanted.adapter].parts["adapter"]
    for entry in wanted.entries:
        for number, check in enumerate(models[entry].checks):
            found[f"{entry} check {number}"] = check
    return found


def _files_key(model: ModelPlan) -> str:
    return list(model.parts.values())[-1]


def export(
    prepared: Prepared,
    options: Options,
    observer: Observer,
    wanted: Wanted,
    name: str,
    out: Path,
    summary: Summary | None,
) -> Exported:
    """Makes what is missing of a model's forms, and writes them, with a card.

    Args:
        prepared: of the suite with the entries of `wanted`.
        name: of the model.
        out: a folder that is not there, is empty, or was written by an earlier export.
        summary: what was measured of it; None where nothing was.

    Raises:
        InputError: the folder holds something else.
    """
    check_free(out)
    keys = keys_of(prepared, wanted)
    failed = make(prepared, options, observer, keys.values())
    broken = _broken(prepared, keys, failed)
    with scratch_beside(out) as scratch:
        files = list(_copied(prepared, wanted, name, keys, broken, scratch))
        card = _card(prepared, name, files, scratch, summary)
        (scratch / "README.md").write_text(card, encoding="utf-8")
        scratch.chmod(0o755)
        put_in_place(scratch, out)
    return Exported(out, (*files, ("README.md", "the card")), tuple(broken.items()))


def check_free(out: Path) -> None:
    """Looks whether an export may be written to a folder.

    Raises:
        InputError: it is a file, or holds what no export wrote.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file", "Name a folder with --out.")
    card = out / "README.md"
    ours = card.is_file() and MARK in card.read_text(encoding="utf-8", errors="replace")
    if any(out.iterdir()) and not ours:
        raise InputError(
            f"{out} holds files that no export wrote", "Name another folder with --out."
        )


def _broken(
    prepared: Prepared, keys: dict[str, str], failed: Sequence[tuple[Step, Failure]]
) -> dict[str, Failure]:
    """The forms that could not be made, and why: those that come after a step that failed."""
    reasons = {step.key: failure for step, failure in failed}
    found: dict[str, Failure] = {}
    for form, key in keys.items():
        before = (key, *prepared.plan.ancestors(prepared.plan.steps[key]))
        why = next((reasons[one] for one in before if one in reasons), None)
        if why is not None:
            found.setdefault(form.partition(" check ")[0], why)
    return found


def _copied(
    prepared: Prepared,
    wanted: Wanted,
    name: str,
    keys: dict[str, str],
    broken: dict[str, Failure],
    out: Path,
) -> Iterator[tuple[str, str]]:
    """Copies each form that is there; its path, and what it is for."""
    artifacts, steps = prepared.artifacts, prepared.plan.steps
    if wanted.adapter and "adapter" not in broken:
        _copy_folder(artifacts.file(steps[keys["adapter"]]), out / "adapter")
        yield "adapter/", "PEFT: `PeftModel.from_pretrained(base, 'adapter')`"
    if wanted.weights and wanted.weights not in broken:
        _copy_folder(artifacts.file(steps[keys[wanted.weights]]), out / "weights")
        yield "weights/", "Transformers, vLLM: `from_pretrained('weights')`"
    for type_, entry in wanted.ggufs:
        if entry in broken:
            continue
        file = f"{name}.{type_}.gguf" if type_ and not type_.endswith(".gguf") else f"{name}.gguf"
        shutil.copyfile(artifacts.file(steps[keys[entry]]), out / file)
        yield file, f"llama.cpp: `llama-cli -m {file}`"
        recipe = f"Modelfile.{type_}" if file != f"{name}.gguf" else "Modelfile"
        (out / recipe).write_text(_modelfile(prepared, name, file), encoding="utf-8")
        yield recipe, f"Ollama: `ollama create {name.lower()} -f {recipe}`"
    if wanted.lent and wanted.lent not in broken:
        file = f"{name}.lora.gguf"
        shutil.copyfile(artifacts.file(steps[keys[wanted.lent]]), out / file)
        yield file, f"llama.cpp: `llama-cli -m BASE.gguf --lora {file}`, on a GGUF of its base"


def _copy_folder(source: Path, out: Path) -> None:
    shutil.copytree(source, out, ignore=shutil.ignore_patterns(*CACHED, ".*"))
    out.chmod(0o755)


def _modelfile(prepared: Prepared, name: str, file: str) -> str:
    """A Modelfile by the chat template of the lineage's tokenizer, where that is here in a folder."""
    root = prepared.plan.models[name].root
    parts = prepared.plan.models[root].parts
    if "weights" not in parts:
        return modelfile(file, lambda _: "")
    folder = prepared.artifacts.file(prepared.plan.steps[parts["weights"]])
    tokenizer = open_tokenizer(folder)
    render = None
    if tokenizer.has_chat_template:
        render = lambda turns: tokenizer.render(list(turns), True)  # noqa: E731
    begins = ""
    if tokenizer.bos_marker is not None:
        begins = tokenizer.decode([tokenizer.bos_marker], keep_special=True)
    return modelfile(file, render, begins, context_tokens(folder))


def _card(
    prepared: Prepared,
    name: str,
    files: Sequence[tuple[str, str]],
    out: Path,
    summary: Summary | None,
) -> str:
    """The model card where the model was measured, else what is known of it; the files below."""
    if summary is not None and name in summary.models:
        clean = quotable(cleaned(summary, Machine.here()))
        text = model_card(clean, name).files["README.md"].decode().rstrip()
    else:
        lineage = escape(lineage_words(prepared.plan.models[name].lineage))
        text = (
            f"{MARK}\n\n# {escape(name)}\n\nMade as: {lineage}.\n\n> ⚠ Nothing was measured of it."
        )
    rows = [f"| {code(path)} | {_size(out / path)} | {use} |" for path, use in files]
    table = "\n".join(["| file | size, SHA-256 | for |", "|---|---|---|", *rows])
    parts = [text, licences(prepared, name), f"## Files\n\n{table}\n"]
    return "\n\n".join(part for part in parts if part)


def _size(path: Path) -> str:
    if path.is_dir():
        return byte_size(bytes_in(path))
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{byte_size(path.stat().st_size)}, {code(digest)}"
