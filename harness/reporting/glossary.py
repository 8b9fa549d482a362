"""One sentence for every metric and every term that a newcomer may not know."""

from __future__ import annotations

from harness.records import Summary
from harness.reporting.blocks import Definition
from harness.reporting.checks import WHAT
from harness.reporting.format import percent_level
from harness.reporting.marks import CHECK_LABELS
from harness.reporting.measures import metric_of, task_metrics
from harness.reporting.outcomes import DETECTED_IN

TERMS: dict[str, tuple[str, str]] = {
    "p": (
        "p",
        "How often a difference at least this large would turn up by chance if there were none; "
        "adjusted for the number of candidates that are compared.",
    ),
    "interval": (
        "Interval",
        "The range that holds the true value in {level} of such experiments; a figure from few "
        "examples has a wide one.",
    ),
    "flips": (
        "Better / worse",
        "On how many examples the candidate scored higher, and lower, than the baseline; the rest "
        "scored the same. Models of the same accuracy can be right on different examples (arXiv "
        "2407.09141).",
    ),
    "conclusion": (
        "Conclusion",
        "Better or worse where the interval excludes zero and the adjusted p-value agrees; otherwise "
        "inconclusive, with the minimum detectable difference: the smallest true one that so many "
        "examples show in {detected} of cases (its power).",
    ),
    "ratio": (
        "Times as fast",
        "Above 1 where the candidate is faster, in speeds and in waits alike.",
    ),
    "gate": (
        "Gate",
        "A limit that a model has to keep, judged on a one-sided bound: met, not met, or undecided "
        "where the examples show neither; more of them would.",
    ),
    "bits": ("Bits per weight", "The bits of the file divided by the number of weights."),
    "floor": (
        "Baseline",
        "What needs no language model, on the same examples: the most frequent label (majority vote), a "
        "TF-IDF logistic regression trained on the task's train split, the first sentences of the text "
        "(lead). Of a divergence: what rounding to 16 bits alone changes in the reference.",
    ),
    "parity": (
        "Parity",
        "Whether two forms of one model, before and after a conversion or a merge, give the same "
        "probabilities but for rounding.",
    ),
    "lora": (
        "LoRA",
        "Fine-tuning of small added matrices while the model's own weights stay as they are; QLoRA does "
        "so on a model held in 4 bits.",
    ),
    "type": (
        "GGUF",
        "The file format of llama.cpp. F16 is unquantized; Q8_0, Q5_K_M and Q4_K_M hold about 8, 5 and 4 "
        "bits for each weight.",
    ),
    "spread": (
        "Spread",
        "The coefficient of variation (CV): standard deviation of the repetitions, relative to their mean.",
    ),
}
"""By the key that headings and fields name: the term, and what it means."""


def definitions(summary: Summary) -> tuple[Definition, ...]:
    """Every metric that occurs, what was checked, and the terms that a newcomer may not know."""
    used = {
        m: of.metric(m) for task, of in summary.tasks.items() for m in task_metrics(summary, task)
    }
    for row in summary.comparisons:
        used.setdefault(row.metric, metric_of(summary, row))
    level = percent_level(summary.confidence)
    entries = [Definition(of.label, (of.explanation,), name) for name, of in used.items()]
    entries += [
        Definition(term, (text.format(level=level, detected=DETECTED_IN),), key)
        for key, (term, text) in TERMS.items()
    ]
    entries += [
        Definition(f"Check of {CHECK_LABELS[name]}", (f"Looks {text}",), f"check-{name}")
        for name, text in WHAT.items()
    ]
    return tuple(entries)
