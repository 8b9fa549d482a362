"""Divergence against SciPy, closed forms and itself; in blocks, in bounded memory, after a break."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import log_softmax, rel_entr

from harness.analysis.metrics import compute_metrics
from harness.engines.protocol import EngineInfo, LogProbs
from harness.errors import BadModelError, NotFiniteError
from harness.metrics.registry import metrics_of
from harness.records import Sample
from harness.suite.schema import DivergenceTask
from harness.tasks.ask import ask, same_answers
from harness.tasks.asking import Asking
from harness.tasks.divergence import BLOCK_BYTES, MAX_ROWS, measure, rows_at_once
from harness.tasks.documents import windows_to_read
from harness.tasks.prompts import Prompt, PromptSet
from tests.tasks.fakes import CharTokenizer, FakeEngine, answerer

TASK = DivergenceTask(type="divergence", text="prompts", reference="r")
TEXT = "abacabadabacaba" * 3
TOKENIZER = CharTokenizer()
VOCABULARY = 300

Table = npt.NDArray[np.float64]


def engine(rows: Table) -> FakeEngine:
    with np.errstate(divide="ignore"):
        return FakeEngine(rows=np.log(rows).astype(np.float32))


def unigram(shares: dict[str, float]) -> FakeEngine:
    """Finds every letter equally likely everywhere, whatever stands before it."""
    row = np.zeros(VOCABULARY)
    for letter, share in shares.items():
        row[TOKENIZER.encode(letter, add_bos=False)[0]] = share
    return engine(np.tile(row, (100, 1)))


def read(reference: FakeEngine, candidate: FakeEngine, **rest: object) -> list[Sample]:
    """The samples of a text in windows of nine ids, BOS among them."""
    prompts = windows_to_read(TOKENIZER, TEXT, 9, None, 0)
    given = {"prompts": prompts, "reference": answerer(reference), **rest}
    return list(ask(TASK, Asking("key", answerer(candidate), **given)))  # type: ignore[arg-type]


def drawn(seed: int, tokens: int, vocabulary: int = 50) -> Table:
    rows: Table = np.random.default_rng(seed).dirichlet(np.full(vocabulary, 0.2), tokens) + 1e-12
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def test_kl_divergence_is_that_of_scipy() -> None:
    p, q = drawn(0, 40), drawn(1, 40)
    found = measure(engine(p), engine(q), [0] * 40, start=1)
    assert found.kl == pytest.approx(rel_entr(p, q).sum(axis=1)[:-1], rel=1e-5)


def test_a_token_that_the_reference_rules_out_adds_nothing() -> None:
    p, q = np.array([[0.0, 0.5, 0.5]] * 2), np.array([[0.2, 0.4, 0.4]] * 2)
    found = measure(engine(p), engine(q), [1, 1], start=1)
    assert found.kl == pytest.approx([math.log(0.5 / 0.4)])


def test_two_unigram_models_diverge_as_their_closed_form_says() -> None:
    shares = {"a": 0.5, "b": 0.25, "c": 0.125, "d": 0.125}
    flat = dict.fromkeys(shares, 0.25)
    metrics = compute_metrics(metrics_of("divergence"), read(unigram(shares), unigram(flat)), 0)
    counts = {letter: TEXT.count(letter) for letter in shares}
    n = len(TEXT)
    assert sum(counts.values()) == n
    # KL = 1/2 ln 2 + 1/4 ln 1 + 2/8 ln 1/2; perplexity 4 against exp(entropy of the text).
    expected_kl = 0.25 * math.log(2)
    reference_nll = -sum(counts[x] * math.log(shares[x]) for x in shares) / n
    changes = [0.25 - shares[x] for x in shares for _ in range(counts[x])]
    for name in ("kl_mean", "kl_median", "kl_p99", "kl_max"):
        assert metrics[name].value == pytest.approx(expected_kl, rel=1e-5)
    assert metrics["perplexity"].value == pytest.approx(4)
    assert metrics["perplexity_ratio"].value == pytest.approx(4 / math.exp(reference_nll))
    assert metrics["bits_per_byte"].value == pytest.approx(2)
    assert metrics["delta_p_mean"].value == pytest.approx(np.mean(changes))
    assert metrics["delta_p_rms"].value == pytest.approx(np.sqrt(np.mean(np.square(changes))))
    assert metrics["same_top1"].value == 1.0


def test_a_model_has_no_divergence_from_itself_and_a_ratio_of_one() -> None:
    samples = read(engine(drawn(0, 60, VOCABULARY)), engine(drawn(0, 60, VOCABULARY)))
    metrics = compute_metrics(metrics_of("divergence"), samples, 0)
    for name in ("kl_mean", "kl_median", "kl_p99", "kl_max", "delta_p_mean", "delta_p_rms"):
        assert metrics[name].value == 0
    assert (metrics["same_top1"].value, metrics["perplexity_ratio"].value) == (1, 1)
    assert (metrics["kl_mean"].low, metrics["kl_mean"].high) == (0, 0)


def test_what_rounding_a_sum_to_float32_leaves_is_no_divergence() -> None:
    rows = np.log(drawn(4, 50, 5000)).astype(np.float32)
    found = measure(FakeEngine(rows=rows), FakeEngine(rows=rows + np.float32(3e-7)), [0] * 50, 1)
    assert max(found.kl) < 1e-11


def test_the_longer_vocabulary_is_cut_to_the_shorter() -> None:
    p, q = drawn(0, 20), drawn(1, 20, 60)
    found = measure(engine(p), engine(q), [0] * 20, start=1)
    cut = q[:, :50] / q[:, :50].sum(axis=1, keepdims=True)
    assert found.kl == pytest.approx(rel_entr(p, cut).sum(axis=1)[:-1], rel=1e-5)


@pytest.mark.parametrize("wrong", [math.nan, -math.inf])
def test_scores_that_are_no_numbers_are_an_error_and_no_figure(wrong: float) -> None:
    rows = np.log(drawn(0, 10)).astype(np.float32)
    rows[4, 7] = wrong
    with pytest.raises(BadModelError, match="no finite number"):
        measure(engine(drawn(1, 10)), FakeEngine(rows=rows), [0] * 10, 1)


@pytest.mark.parametrize("faulty", ["reference", "candidate"])
def test_it_is_told_which_of_the_two_models_gives_nan_and_for_which_document(faulty: str) -> None:
    class Faulty(FakeEngine):
        def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
            raise NotFiniteError("NaN", "a text", "its weights hold NaN (w).")
            yield  # an iterator all the same

    sound = engine(drawn(0, 60, VOCABULARY))
    models = (Faulty(), sound) if faulty == "reference" else (sound, Faulty())
    who = "The reference model" if faulty == "reference" else "The model"
    with pytest.raises(NotFiniteError, match=rf'^{who} gives NaN .* for prompt ".+": its weights'):
        read(*models)


def test_after_a_break_the_open_documents_alone_are_read_and_give_the_same_figures() -> None:
    def models() -> tuple[FakeEngine, FakeEngine]:
        return engine(drawn(0, 60, VOCABULARY)), engine(drawn(1, 60, VOCABULARY))

    whole = read(*models())
    kept = [sample for sample in whole if sample.index in (0, 3)]
    rest = read(*models(), done=frozenset({0, 3}))
    assert sorted(sample.index for sample in rest) == [1, 2, 4, 5]
    again = [*rest, *kept]
    assert compute_metrics(metrics_of("divergence"), again, 0) == compute_metrics(
        metrics_of("divergence"), whole, 0
    )


def test_what_was_scored_among_other_prompts_counts_only_where_as_much_of_it_was() -> None:
    def documents(*beginnings: tuple[int, ...]) -> PromptSet:
        made = tuple(
            Prompt(place, f"d{place}", "", (*beginning, 50 + place), "", (90, 91))
            for place, beginning in enumerate(beginnings)
        )
        return PromptSet(made, (), frozenset(), "plain", len(made))

    few, many = documents((1, 2, 3), (1, 2, 3)), documents((1, 2, 3), (1, 2, 3), (1, 7, 3))
    among = {}
    for name, prompts in (("few", few), ("many", many)):
        even = engine(np.full((6, VOCABULARY), 1 / VOCABULARY))
        asking = Asking("k", answerer(even), prompts, reference=answerer(even))
        among[name] = next(iter(ask(TASK, asking)))
    assert among["few"].data["tokens"] == 3 and among["many"].data["tokens"] == 5
    first = few.prompts[0]
    for prompts, found in ((few, "few"), (many, "many")):
        same = same_answers("divergence", prompts)
        assert {name for name, sample in among.items() if same(first, sample)} == {found}


def test_of_a_text_all_is_scored_but_what_nothing_predicts() -> None:
    samples = read(engine(drawn(0, 60, VOCABULARY)), engine(drawn(1, 60, VOCABULARY)))
    assert sum(sample.data["tokens"] for sample in samples) == len(TEXT)
    assert sum(sample.data["bytes"] for sample in samples) == len(TEXT)


class Streaming(FakeEngine):
    """Makes each row of logits when it is asked for it, as a real model does."""

    info = EngineInfo("hf", "0", "float32", "cpu", 1, 152_064, 1000, 1)

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def logits(self, place: int) -> LogProbs:
        rng = np.random.default_rng((self.seed, place))
        return rng.standard_normal(self.info.vocab_size, dtype=np.float32) * 2

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        for start in range(0, len(ids), rows):
            block = np.empty((min(rows, len(ids) - start), self.info.vocab_size), np.float32)
            for row in range(len(block)):
                block[row] = log_softmax(self.logits(start + row))
            yield block


def test_600_rows_at_a_vocabulary_of_152_thousand_take_less_than_200_megabytes() -> None:
    reference, candidate = Streaming(0), Streaming(1)
    ids = np.random.default_rng(2).integers(0, 152_064, 600).tolist()
    tracemalloc.start()
    found = measure(reference, candidate, ids, start=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6
    assert len(found.kl) == 599
    nll = reference_nll = 0.0
    for place, kl in enumerate(found.kl):
        p, q = (log_softmax(e.logits(place).astype(np.float64)) for e in (reference, candidate))
        assert kl == pytest.approx(np.exp(p) @ (p - q), rel=1e-6)
        reference_nll, nll = reference_nll - p[ids[place + 1]], nll - q[ids[place + 1]]
    assert (found.reference_nll, found.nll) == pytest.approx((reference_nll, nll), rel=1e-7)


def test_all_sums_of_many_small_slices_are_those_of_one_plain_computation() -> None:
    tokens, width = 700, 3000
    rng = np.random.default_rng(0)
    tables = [log_softmax(rng.standard_normal((tokens, width)), axis=1) for _ in range(2)]
    ids = rng.integers(0, width, tokens).tolist()
    engines = [FakeEngine(rows=table.astype(np.float32)) for table in tables]
    found = measure(engines[0], engines[1], ids, start=1)
    p, q = (table[:-1] for table in tables)
    right = [table[np.arange(tokens - 1), ids[1:]] for table in (p, q)]
    change = np.exp(right[1]) - np.exp(right[0])
    assert found.kl == pytest.approx(rel_entr(np.exp(p), np.exp(q)).sum(axis=1), rel=1e-5)
    assert found.same_top1 == np.sum(p.argmax(axis=1) == q.argmax(axis=1))
    assert found.reference_nll == pytest.approx(-right[0].sum(), rel=1e-6)
    assert found.nll == pytest.approx(-right[1].sum(), rel=1e-6)
    assert found.delta_p == pytest.approx(change.sum(), rel=1e-5, abs=1e-9)
    assert found.delta_p_squared == pytest.approx(np.square(change).sum(), rel=1e-5)


@pytest.mark.parametrize("vocabulary", [1, 300, 32_000, 152_064, 10**9])
def test_a_block_holds_as_many_rows_as_its_bytes_allow_and_at_least_one(vocabulary: int) -> None:
    rows = rows_at_once(vocabulary, 1)
    assert 1 <= rows <= MAX_ROWS
    assert rows == 1 or rows * vocabulary * 4 <= BLOCK_BYTES
