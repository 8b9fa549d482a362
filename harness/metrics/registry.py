"""Every metric of the harness: what it is called, what it means, and which way is better.

The table is what tasks, comparisons, gates and reports share, so that a metric has one name, one
direction and one explanation everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.records import MetricSummary

Kind = Literal[
    "proportion",
    "mean",
    "f1",
    "ratio",
    "quantile",
    "maximum",
    "repetitions",
    "median",
    "tail",
    "single",
]


Measures = Literal["quality", "change", "cost"]


@dataclass(frozen=True)
class Metric:
    """What a reader needs to judge a figure.

    `kind` says which interval belongs to it (a `maximum`, a `tail` and a `single` one have none);
    `format` is a Python format specification for a value times `factor`, which is in `unit`;
    `higher_is_better` is None where neither direction is. `measures` says what of a model it is
    about: how good its answers are, how far it has moved from another model (which is neither good
    nor bad, arXiv 2606.19558), or what it costs to run.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    kind: Kind
    format: str
    explanation: str
    factor: float = 1.0
    measures: Measures = "quality"

    @property
    def is_timing(self) -> bool:
        """Whether it is a rate or a wait that was measured in rounds."""
        return self.kind in ("repetitions", "median", "tail")

    @property
    def has_interval(self) -> bool:
        """Whether a value of it says how sure it is."""
        return self.kind not in ("maximum", "tail", "single")


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "accuracy",
            "Accuracy",
            "",
            True,
            "proportion",
            ".3f",
            "The share of examples that the model labelled as a person did.",
        ),
        Metric(
            "macro_f1",
            "Macro F1",
            "",
            True,
            "f1",
            ".3f",
            "The harmonic mean of precision and recall of each label, averaged with equal weight "
            "for each, so that a rare label counts as much as a common one; 1 is perfect.",
        ),
        Metric(
            "unparsed",
            "Unparsed answers",
            "",
            False,
            "proportion",
            ".3f",
            "The share of answers in which no label could be found; each counts as wrong.",
        ),
        Metric(
            "rouge1",
            "ROUGE-1",
            "",
            True,
            "mean",
            ".3f",
            "How many single words a summary shares with one that a person wrote "
            "(F-measure, 0 to 1).",
        ),
        Metric(
            "rouge2",
            "ROUGE-2",
            "",
            True,
            "mean",
            ".3f",
            "How many pairs of neighbouring words a summary shares with one that a person wrote "
            "(F-measure, 0 to 1).",
        ),
        Metric(
            "rougeL",
            "ROUGE-L",
            "",
            True,
            "mean",
            ".3f",
            "The longest sequence of words, in order but with gaps, that a summary shares with "
            "one that a person wrote (F-measure, 0 to 1).",
        ),
        Metric(
            "rougeLsum",
            "ROUGE-Lsum",
            "",
            True,
            "mean",
            ".3f",
            "ROUGE-L taken sentence by sentence, so that the order of sentences does not matter "
            "(F-measure, 0 to 1).",
        ),
        Metric(
            "truncated",
            "Truncated answers",
            "",
            False,
            "proportion",
            ".3f",
            "The share of answers that were still going on when the limit of new tokens cut them.",
        ),
        Metric(
            "chrf",
            "chrF",
            "",
            True,
            "mean",
            ".3f",
            "How many runs of one to six characters an answer shares with one that a person wrote, "
            "recall counting twice as much as precision (chrF2, 0 to 1); unlike ROUGE it reads every "
            "script.",
        ),
        Metric(
            "token_f1",
            "Word F1",
            "",
            True,
            "mean",
            ".3f",
            "The words that an answer shares with the right one, as SQuAD counts them: without case, "
            "punctuation and articles (F1, 0 to 1).",
        ),
        Metric(
            "exact_match",
            "Exact match",
            "",
            True,
            "proportion",
            ".3f",
            "The share of answers that are the right one word for word, without case, punctuation "
            "and articles, as SQuAD compares them.",
        ),
        Metric(
            "repetition",
            "Repetition",
            "",
            False,
            "mean",
            ".3f",
            "The share of a text's runs of four tokens that stood in it before (seq-rep-4, arXiv "
            "1908.04319), averaged over texts: near 0 in what people write, near 1 in a text that is "
            "stuck in a loop. It says nothing of whether a text makes sense, and grows with its length.",
        ),
        Metric(
            "empty",
            "Empty answers",
            "",
            False,
            "proportion",
            ".3f",
            "The share of prompts on which the model wrote nothing.",
        ),
        Metric(
            "kl_mean",
            "Mean KL divergence",
            "nats",
            False,
            "ratio",
            ".4f",
            "How far the next-token probabilities lie from the reference model's, on average over "
            "tokens; 0 is the same model, and it says how much changed, not whether for the worse.",
            measures="change",
        ),
        Metric(
            "kl_median",
            "Median KL divergence",
            "nats",
            False,
            "quantile",
            ".4f",
            "The KL divergence from the reference model that half of the tokens stay below: how "
            "much changed at an ordinary place, which a few bad places do not move.",
            measures="change",
        ),
        Metric(
            "kl_p99",
            "99th percentile of KL divergence",
            "nats",
            False,
            "quantile",
            ".4f",
            "The KL divergence from the reference model that one token in a hundred exceeds: "
            "how bad the bad places are.",
            measures="change",
        ),
        Metric(
            "kl_max",
            "Largest KL divergence",
            "nats",
            False,
            "maximum",
            ".4f",
            "The KL divergence at the one token where the model lies farthest from the reference; "
            "it has no interval, since resampling never shows a place worse than the worst that was "
            "seen (the bootstrap of a maximum is not valid), and it grows with the number of tokens.",
            measures="change",
        ),
        Metric(
            "same_top1",
            "Same first choice",
            "",
            True,
            "ratio",
            ".3f",
            "The share of tokens for which the model's most probable next token is also the "
            "reference model's.",
            measures="change",
        ),
        Metric(
            "delta_p_mean",
            "Mean change of the right token's probability",
            "pp",
            True,
            "ratio",
            ".3f",
            "How much more probable the model finds the token that really follows than the reference "
            "does, in percentage points, on average over tokens (llama-perplexity's mean Δp); what "
            "it gains in one place and loses in another cancels.",
            100.0,
            "change",
        ),
        Metric(
            "delta_p_rms",
            "RMS change of the right token's probability",
            "pp",
            False,
            "ratio",
            ".3f",
            "How much the probability of the token that really follows typically differs from the "
            "reference model's in either direction, in percentage points: the root of the mean "
            "square over tokens (llama-perplexity's RMS Δp).",
            100.0,
            "change",
        ),
        Metric(
            "perplexity",
            "Perplexity",
            "",
            False,
            "ratio",
            ".2f",
            "Among how many equally likely tokens the model seems to choose at each step of a "
            "real text; comparable only between models that share a tokenizer.",
        ),
        Metric(
            "perplexity_ratio",
            "Perplexity ratio",
            "",
            False,
            "ratio",
            ".4f",
            "The model's perplexity divided by the reference model's on the same tokens; above 1 the "
            "text surprises the model more. What both find hard cancels, so that its interval is far "
            "narrower than that of a perplexity.",
        ),
        Metric(
            "bits_per_byte",
            "Bits per byte",
            "bits",
            False,
            "ratio",
            ".3f",
            "How many bits the model needs for each byte of a real text; unlike perplexity it "
            "can be compared between models with different tokenizers.",
        ),
        Metric(
            "prefill_tokens_per_second",
            "Prefill speed",
            "tokens/s",
            True,
            "repetitions",
            ",.0f",
            "How many prompt tokens are read in a second: forward passes alone, as llama-bench "
            "times them.",
            measures="cost",
        ),
        Metric(
            "decode_tokens_per_second",
            "Decode speed",
            "tokens/s",
            True,
            "repetitions",
            ",.1f",
            "How many answer tokens are written in a second: forward passes alone, one after the "
            "other, reading the prompt not counted.",
            measures="cost",
        ),
        *(
            Metric(
                f"{name}_{level}seconds",
                f"{label}, {nth}",
                "ms",
                False,
                "tail" if level else "median",
                ",.2f",
                f"{sentence} {part}",
                1000.0,
                "cost",
            )
            for name, label, sentence in (
                (
                    "ttft",
                    "Time to first token",
                    "The wait between handing over the prompt and the first token of the answer: "
                    "prefill and sampling.",
                ),
                (
                    "itl",
                    "Time between tokens",
                    "The wait between one token of the answer and the next: a decode step and "
                    "sampling.",
                ),
            )
            for level, nth, part in (
                ("", "median", "Half of the waits are shorter."),
                ("p90_", "90th percentile", "One in ten is longer."),
                ("p99_", "99th percentile", "One in a hundred is longer, if there are so many."),
            )
        ),
        Metric(
            "roofline_share",
            "Share of the memory limit",
            "%",
            True,
            "single",
            ".1f",
            "How much of the decode speed was reached that this machine's memory bandwidth allows "
            "when all weights, keys and values are read for each token (the roofline model).",
            100.0,
            measures="cost",
        ),
        Metric(
            "sampling_seconds",
            "Sampling",
            "µs",
            False,
            "median",
            ",.1f",
            "The time to pick the likeliest of all tokens, once the forward pass is done.",
            1e6,
            measures="cost",
        ),
        Metric(
            "tokenizer_tokens_per_second",
            "Tokenizer speed",
            "tokens/s",
            True,
            "single",
            ",.0f",
            "How many tokens of English text the model's own tokenizer makes in a second.",
            measures="cost",
        ),
        Metric(
            "load_seconds",
            "Load time",
            "s",
            False,
            "single",
            ".2f",
            "The time to get the model from disk (or the system's file cache) ready to answer; the "
            "median of the rounds.",
            measures="cost",
        ),
        Metric(
            "peak_bytes",
            "Peak memory",
            "bytes",
            False,
            "single",
            ",.0f",
            "The most memory that the process, or the device, held while the model was timed.",
            measures="cost",
        ),
    )
}


def own_metric(name: str, of: MetricSummary) -> Metric:
    """A metric that a suite names: one that is known here, or one of the user's own."""
    return METRICS.get(name) or Metric(
        name,
        of.label,
        of.unit,
        of.higher_is_better,
        "proportion" if of.binary else "mean",
        ".3f",
        of.explanation,
    )
