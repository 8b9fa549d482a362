"""One sentence for every metric and every term that a newcomer may not know."""

from __future__ import annotations

from harness.records import Summary
from harness.reporting.blocks import Definition, Definitions
from harness.reporting.format import percent_level
from harness.reporting.measures import metric_of, task_metrics
from harness.reporting.outcomes import DETECTED_IN

TERMS = {
    "Interval": "The range that holds the true value in {level} of such experiments; a figure "
    "from few examples has a wide one.",
    "n": "The number of examples that a figure is made of.",
    "p": "How often a difference at least this large would turn up by chance if there were none; "
    "adjusted for the number of candidates that are compared.",
    "Better / worse": "On how many examples the candidate scored higher, and lower, than the "
    "baseline; the rest scored the same.",
    "Minimum detectable difference": "The smallest true difference that so many examples show in "
    "{detected} of cases (its power), two-sided: what “not shown” leaves possible.",
    "Flips": "Answers that went from right to wrong, and from wrong to right: models of the same "
    "accuracy can be right on different examples (arXiv 2407.09141).",
    "Undecided": "Of a gate: its one-sided bound shows neither that the limit is kept nor that it "
    "is not; more examples would.",
    "Quality, change, cost": "What kind of figure it is: how good answers are; how far "
    "probabilities lie from another model's, which is neither good nor bad (arXiv 2606.19558); what "
    "it takes to run.",
    "Parity": "Whether two forms of one model, before and after a conversion or a merge, give the "
    "same probabilities but for rounding.",
    "BOS": "The token that begins a text. Twice or not at all, it makes answers worse without a "
    "word.",
    "Bits per weight": "The bits of the file divided by the number of weights.",
    "LoRA": "Fine-tuning of small added matrices while the model's own weights stay as they are; "
    "QLoRA does so on a model held in 4 bits.",
    "GGUF": "The file format of llama.cpp. F16 is unquantized; Q8_0, Q5_K_M and Q4_K_M hold about "
    "8, 5 and 4 bits for each weight.",
    "Floor": "What a method without any language model reaches on the same examples: the most "
    "frequent label (majority vote), a TF-IDF logistic regression trained on the task's "
    "train split, the first sentences of the text (lead). Of a divergence: what rounding to 16 bits "
    "alone changes in the reference model (16-bit rounding).",
}


def glossary(summary: Summary) -> Definitions:
    """Every metric that occurs, and the terms that a newcomer may not know."""
    used = {
        m: of.metric(m) for task, of in summary.tasks.items() for m in task_metrics(summary, task)
    }
    for row in summary.comparisons:
        used.setdefault(row.metric, metric_of(summary, row))
    entries = [Definition(of.label, (of.explanation,)) for of in used.values()]
    level = percent_level(summary.confidence)
    entries += [
        Definition(term, (text.format(level=level, detected=DETECTED_IN),))
        for term, text in TERMS.items()
    ]
    return Definitions(tuple(entries))
