"""What is measured against what, and what the ratio has to be: the table of `make bench`."""

from __future__ import annotations

from harness.engines.timing import Phase
from harness.finetuning import METHODS
from tests.benchmarks.ratios import Row

FIVE_SHOT = "classify, 5-shot"
ZERO_SHOT = "classify, 0-shot"
SUMMARIZE = "summarize, Q4_K_M"
SUMMARIZE_HF = "summarize, hf"
SPEED = "speed task"
AROUND = "around the engine"
SHOTS = "classify by shots, F16 GGUF"
MEMORY = "memory over 10,000 examples"
DURABILITY = "waiting for the disk, a small run"
TUNING_MEMORY = "peak memory of fine-tuning, llama-160m"
TRAINING = {"phrasebank": "fine-tune, PhraseBank", "samsum": "fine-tune, SAMSum"}

F16, Q4 = "F16 GGUF", "Q4_K_M GGUF"
HF32, HF16 = "hf float32", "hf bfloat16"
LM32, LM16, LMF16 = "lm-eval float32", "lm-eval bfloat16", "lm-eval float16"
LOOP, BATCHED, BENCH = "create_completion loop", "llama-batched-bench", "llama-bench"
BATCHED_AS_OURS, BENCH_AS_OURS = f"{BATCHED}, our settings", f"{BENCH}, our settings"
"""The same programs with the settings that the harness runs with: what exactness costs."""
TUNED, TRL_DEFAULTS, TRL_BEST = "fine-tune step", "TRL, defaults", "TRL, best settings"
PARTS_HERE, PARTS_ON_RAY = "one large cell, two workers here", "one large cell, two nodes of Ray"
DIVIDED, UNDIVIDED = "in 2 parts", "undivided"
LASTING, UNSYNCHRONISED = "the run as it is", "the run without waits"
AROUND_CLASSIFY, AROUND_SUMMARIZE = "classify, F16", "summarize, Q4_K_M"
TIMED: tuple[tuple[Phase, str], ...] = (
    ("prefill", F16),
    ("decode", F16),
    ("prefill", Q4),
    ("decode", Q4),
)


def faster(group: str, reference: str, ours: str, limit: float) -> Row:
    """So many times as fast as the reference on the same work."""
    return Row(f"{group}: {ours}", group, reference, ours, "seconds", "at least", limit)


def computed(group: str, ours: str) -> Row:
    """Tokens that had to be run per second, against the prefill rate of llama-bench."""
    return Row(
        f"{group}: tokens run per second",
        group,
        BENCH,
        ours,
        "computed_tokens_per_second",
        "at least",
        0.9,
        reference_figure="tokens_per_second",
    )


def around(work: str) -> Row:
    """Time around the engine, against the engine's own."""
    return Row(
        f"everything around the engine: {work}",
        AROUND,
        work,
        work,
        "around_seconds",
        "below",
        0.05,
        reference_figure="engine_seconds",
    )


def same_speed(phase: Phase, file: str) -> Row:
    """The `speed` task against llama-bench."""
    reference, ours = speed_names(phase, file)
    return Row(ours, SPEED, reference, ours, "tokens_per_second", "within", 0.03)


def trained(kind: str, reference: str, limit: float) -> tuple[Row, Row]:
    """Tokens of examples learned per second, and per second of a processor, against TRL."""
    by_clock, by_processor = (
        Row(
            f"{TRAINING[kind]}: tokens per second{of}",
            TRAINING[kind],
            reference,
            TUNED,
            figure,
            "at least",
            limit,
        )
        for of, figure in (
            ("", "tokens_per_second"),
            (" of a processor", "tokens_per_processor_second"),
        )
    )
    return by_clock, by_processor


def trained_in(kind: str, reference: str) -> Row:
    """The most memory while it learns, against TRL."""
    return Row(
        f"{TRAINING[kind]}: peak memory",
        TRAINING[kind],
        reference,
        TUNED,
        "peak_bytes",
        "below",
        1.0,
    )


def tuned_in(method: str, limit: float) -> Row:
    """The most memory while it learns, to that of all weights."""
    full, ours = METHODS["full"].label, METHODS[method].label
    return Row(f"{TUNING_MEMORY}: {ours}", TUNING_MEMORY, full, ours, "peak_bytes", "below", limit)


def waited(figure: str, to: str) -> Row:
    """What is waited for the disk, to what the same run takes without waits."""
    return Row(
        DURABILITY + to,
        DURABILITY,
        UNSYNCHRONISED,
        LASTING,
        "waited_seconds",
        "below",
        0.02,
        reference_figure=figure,
    )


def divided(where: str) -> Row:
    """How much sooner a run ends that divides its cell."""
    return Row(where, where, UNDIVIDED, DIVIDED, "seconds", "at least", 1.5)


def speed_names(phase: Phase, file: str) -> tuple[str, str]:
    """What llama-bench and the `speed` task are called where they time a phase with a file."""
    return f"{BENCH}, {phase}, {file}", f"speed task, {phase}, {file}"


ROWS: tuple[Row, ...] = (
    faster(FIVE_SHOT, LM32, F16, 30),
    faster(FIVE_SHOT, LM16, F16, 9),
    faster(FIVE_SHOT, LM32, HF32, 6),
    faster(FIVE_SHOT, LM16, HF16, 3),
    faster(ZERO_SHOT, LM32, F16, 7),
    faster(ZERO_SHOT, LM32, HF32, 1.5),
    faster(ZERO_SHOT, LM16, HF16, 1.5),
    faster(SUMMARIZE, LOOP, Q4, 1.5),
    Row(
        "summarize, Q4_K_M: prompt and generated tokens per second",
        SUMMARIZE,
        BATCHED,
        Q4,
        "tokens_per_second",
        "at least",
        0.9,
    ),
    faster(SUMMARIZE_HF, LM32, HF32, 1.5),
    faster(SUMMARIZE_HF, LM16, HF16, 1.5),
    computed(FIVE_SHOT, F16),
    computed(ZERO_SHOT, F16),
    computed(SUMMARIZE, Q4),
    *(same_speed(phase, file) for phase, file in TIMED),
    around(AROUND_CLASSIFY),
    around(AROUND_SUMMARIZE),
    *trained("phrasebank", TRL_DEFAULTS, 2.5),
    *trained("phrasebank", TRL_BEST, 1.2),
    *trained("samsum", TRL_DEFAULTS, 2.0),
    *trained("samsum", TRL_BEST, 1.2),
    *(trained_in(kind, peer) for kind in TRAINING for peer in (TRL_DEFAULTS, TRL_BEST)),
    tuned_in("lora", 0.6),
    tuned_in("dora", 1.0),
    tuned_in("lora-8bit", 1.0),
    tuned_in("qlora", 0.35),
    waited("seconds", ""),
    waited("processor_seconds", ", to the processor's seconds"),
    divided(PARTS_HERE),
    divided(PARTS_ON_RAY),
)
PREFILL_ROWS = tuple(
    row
    for row in ROWS
    if row.group in (FIVE_SHOT, ZERO_SHOT) and row.ours == F16 and row.figure == "seconds"
)
"""Rows that llama.cpp's prefill rate is an upper bound for."""
