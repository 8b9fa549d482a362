"""A Modelfile for Ollama: which file, how a conversation is put, where an answer ends.

Ollama puts conversations by templates of Go's, not by the Jinja template that a GGUF brings along. So a template is
written only where it was tried: each of those below is rendered here, too, and has to give what the model's
own template gives, letter for letter. Its language: https://github.com/ollama/ollama/blob/main/docs/modelfile.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.engines.messages import Message

Render = Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Format:
    """How a family of models puts a conversation.

    Attributes:
        name: of the family.
        system, user, answer: what stands around a turn, `{}` for its text.
        prompt: what the answer is to follow.
        stop: what ends an answer.
    """

    name: str
    system: str
    user: str
    answer: str
    prompt: str
    stop: tuple[str, ...]

    def render(self, messages: Sequence[Message]) -> str:
        """A conversation, up to where the answer begins."""
        around = {"system": self.system, "user": self.user, "assistant": self.answer}
        turns = [around[str(turn["role"])].replace("{}", str(turn["content"])) for turn in messages]
        return "".join(turns) + self.prompt

    @property
    def template(self) -> str:
        """The same in Ollama's words."""
        system = self.system.replace("{}", "{{ .System }}")
        user = self.user.replace("{}", "{{ .Prompt }}")
        return (
            f"{{{{ if .System }}}}{system}{{{{ end }}}}{{{{ if .Prompt }}}}{user}{{{{ end }}}}"
            f"{self.prompt}{{{{ .Response }}}}{self.answer.split('{}')[1]}"
        )


FORMATS = (
    Format(
        "ChatML",
        "<|im_start|>system\n{}<|im_end|>\n",
        "<|im_start|>user\n{}<|im_end|>\n",
        "<|im_start|>assistant\n{}<|im_end|>\n",
        "<|im_start|>assistant\n",
        ("<|im_end|>",),
    ),
    Format(
        "Llama 3",
        "<|start_header_id|>system<|end_header_id|>\n\n{}<|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ("<|eot_id|>",),
    ),
    Format(
        "Phi 3",
        "<|system|>\n{}<|end|>\n",
        "<|user|>\n{}<|end|>\n",
        "<|assistant|>\n{}<|end|>\n",
        "<|assistant|>\n",
        ("<|end|>",),
    ),
    Format(
        "Zephyr",
        "<|system|>\n{}</s>\n",
        "<|user|>\n{}</s>\n",
        "<|assistant|>\n{}</s>\n",
        "<|assistant|>\n",
        ("</s>",),
    ),
)
TURNS: tuple[Message, ...] = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "And 3 + 3?"},
)


def known_format(render: Render, begins: str = "") -> Format | None:
    """The format that gives what a model's own template gives; None where none does.

    Args:
        render: puts a conversation by the model's template, up to where the answer begins.
        begins: the token that a text begins with, which llama.cpp puts there by itself.
    """
    try:
        whole = render(TURNS).removeprefix(begins)
        plain = render(TURNS[1:2]).removeprefix(begins)
    except Exception:
        return None  # a template of a stranger's may fail in any way on a system message
    for found in FORMATS:
        if found.render(TURNS) == whole and found.render(TURNS[1:2]) == plain:
            return found
    return None


def modelfile(
    file: str,
    render: Render | None,
    begins: str = "",
    context: int | None = None,
    adapter: str = "",
) -> str:
    """The text of a Modelfile.

    Args:
        file: name of the GGUF beside it.
        render: as for `known_format`; None where the model has no chat template.
        context: tokens that the model was made for: Ollama cuts what is longer than its own default.
        adapter: name of a LoRA as a GGUF beside it; "" for none.
    """
    lines = [f"FROM ./{file}", *([f"ADAPTER ./{adapter}"] if adapter else [])]
    found = known_format(render, begins) if render is not None else None
    if found is not None:
        lines += [
            f"# {found.name}, tried against the model's own template",
            f'TEMPLATE """{found.template}"""',
        ]
        lines += [f'PARAMETER stop "{stop}"' for stop in found.stop]
    elif render is None:
        lines += ["# a base model: it goes on with the text", 'TEMPLATE """{{ .Prompt }}"""']
    else:
        lines += [
            "# The model's chat template is none of those that were tried here: without a TEMPLATE Ollama takes the",
            "# one that it recognizes in the GGUF. Compare `ollama show --template` with the model's own before you",
            "# believe an answer.",
        ]
    lines += ["PARAMETER temperature 0"]
    lines += [f"PARAMETER num_ctx {context}"] if context else []
    return "\n".join(lines) + "\n"
