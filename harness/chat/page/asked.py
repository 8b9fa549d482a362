"""How a model is to answer, as controls on a page, and as `Settings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio

from harness.chat.records import Settings
from harness.errors import InputError

USUAL = Settings()


@dataclass(frozen=True)
class SettingsPanel:
    """Gradio's components, in the order in which their values are handed on."""

    components: tuple[Any, ...]


def settings_panel() -> SettingsPanel:
    """Builds the controls where a column is open."""
    slider, text = gradio.Slider, gradio.Textbox
    return SettingsPanel(
        (
            slider(0, 2, USUAL.temperature, step=0.05, label="Temperature (0: the likeliest)"),
            slider(0.05, 1, USUAL.top_p, step=0.01, label="Top-p (1: off)"),
            slider(0, 200, USUAL.top_k, step=1, label="Top-k (0: off)"),
            slider(1, 2, USUAL.repetition_penalty, step=0.01, label="Repetition penalty (1: off)"),
            slider(1, 4096, USUAL.max_new_tokens, step=1, label="New tokens, at most"),
            text("", label="Seed", max_lines=1, placeholder="another one each time"),
            text(
                "",
                label="Stop texts",
                lines=2,
                max_lines=6,
                placeholder="one a line; \\n: line break",
            ),
        )
    )


def settings_of(*values: Any) -> Settings:
    """What the controls of a panel say.

    Raises:
        InputError: the seed is no number.
    """
    temperature, top_p, top_k, penalty, tokens, seed, stops = values
    return Settings(
        temperature=_within(temperature, 0, 10),
        top_p=_within(top_p, 1e-6, 1),
        top_k=int(_within(top_k, 0, 1_000_000)),
        repetition_penalty=_within(penalty, 0.01, 10),
        max_new_tokens=int(_within(tokens, 1, 1_000_000)),
        seed=_seed(str(seed or "")),
        stops=tuple(line.replace("\\n", "\n") for line in str(stops or "").splitlines() if line),
    )


def _within(value: Any, least: float, most: float) -> float:
    """A number that a browser sent; the least where it sent none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return least
    return min(max(number, least), most) if number == number else least


def _seed(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal():
        raise InputError(
            f"The seed is no whole number: {text.strip()[:40]}", "Leave it empty to draw one."
        )
    return int(text) % 2**31
