"""Metrics of `evaluate` that read only some languages, by their names there.

Their code runs on any text and gives a number, so what it cannot read has to be known from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.errors import BadDataError
from harness.metrics.answers import Answered, Scorer
from harness.records import Sample
from harness.suite.metrics import MetricRef
from harness.words import Wording, words

PROBES = 3
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "rouge": "keeps letters from a to z and digits, and cuts all others out",
        "meteor": "knows English stems and synonyms",
        "bleurt": "is a model that learned English ratings",
        "squad": "leaves English articles out, and punctuation of ASCII alone",
        "squad_v2": "leaves English articles out, and punctuation of ASCII alone",
    }
)
"""Those of which English, or its letters, is a part."""
SPACED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bleu": ("tokenizer",),
        "google_bleu": ("tokenizer",),
        "sacrebleu": ("tokenize",),
        "nist_mt": ("lang",),
        "sari": (),
        "ter": ("support_zh_ja_chars",),
        "wer": (),
        "meteor": (),
        "squad": (),
        "squad_v2": (),
    }
)
"""Those that split texts at spaces, and the arguments that have them do otherwise."""


def limit_of(ref: MetricRef, wording: Wording) -> str:
    """Why a metric says little of texts in this language; "" where nothing is known against it."""
    if ref.by != "evaluate" or wording.rule == "english":
        return ""
    name = (ref.repo.rpartition("/")[2] or Path(ref.place).stem).lower()
    if name in SPACED and not wording.spaced and not any(ref.args.get(a) for a in SPACED[name]):
        return "splits texts at spaces, and here are none between words"
    return ENGLISH.get(name, "")


def readings(
    refs: Sequence[MetricRef],
    scorers: Sequence[Scorer],
    samples: Sequence[Sample],
    labels: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """By metric that a suite brings along, what it makes of right answers that are not in English.

    `limit` says why its figure says little, where that is known. Else `of_right_answers` is the best
    score that it gives a few right answers as if they had been answered: a metric that cannot read
    them gives 0, as it does to every other answer. Nothing is said where right answers are English.

    Args:
        refs: the metrics.
        scorers: theirs.
        samples: answered.
        labels: of a classification.
    """
    wording = Wording.of(sample.target or "" for sample in samples)
    if wording.rule == "english":
        return {}
    targets = [of for of in dict.fromkeys(wording.texts) if words(of)][:PROBES]
    tried = [Answered(f"right answer {place}", of, of) for place, of in enumerate(targets, start=1)]
    found: dict[str, dict[str, Any]] = {}
    for ref, scorer in zip(refs, scorers, strict=True):
        if limit := limit_of(ref, wording):
            found |= {name: {"limit": limit} for name in ref.names}
        elif ref.by != "harness":
            with suppress(BadDataError):
                scores = scorer(tried, labels, lambda count: None).scores
                found |= {name: {"of_right_answers": max(of)} for name, of in scores.items()}
    return found
