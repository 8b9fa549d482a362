"""Seeds are a second source of variance: said apart from the examples', and never in their stead."""

from __future__ import annotations

from typing import Any

import pytest

from harness.analysis.seeds import seed_variance
from harness.records import Comparison, Summary
from harness.reporting.blocks import Block, Bullets, Fold, Heading, Prose, Table, plain
from harness.reporting.kinds import families, without_replicas
from harness.reporting.sections import document
from harness.reporting.seeds import seed_blocks, spreads
from harness.reporting.tables import matrix
from tests.reporting.fixture import quickstart
from tests.reporting.rows import row, text
from tests.reporting.test_write import printed
from tests.reporting.variants import with_seeds


def seeded(values: dict[int, float], **changes: Any) -> Comparison:
    """A gain in accuracy of 0.1 over a baseline of 0.5, with these values by seed."""
    return row(**changes).model_copy(update={"seeds": seed_variance(values, 0.5)})


def blocks(summary: Summary) -> list[Block]:
    rows = [one for one in summary.comparisons if one.seeds is not None]
    return seed_blocks(summary, rows)


def sentence(of: Comparison) -> str:
    """What is said in words of one fine-tuning with several seeds."""
    (bullets,) = [
        b for b in seed_blocks(quickstart(comparisons=[of]), [of]) if isinstance(b, Bullets)
    ]
    (line,) = bullets.lines
    return plain(line)


def test_replicas_stand_in_no_main_table_and_in_no_chart() -> None:
    summary = with_seeds()
    assert families(summary) == {"lora": ["lora.seed1", "lora.seed2"]}
    assert not [r for r in matrix(without_replicas(summary)).rows if "seed" in r.fields[0].text]
    assert "seed1" not in printed(summary)
    for section in document(summary).sections:
        if section.anchor in {"quantization", "fidelity", "speed", "confusion", "gates"}:
            assert "lora.seed1" not in str(section.blocks)


def test_a_replica_of_nobody_keeps_its_place() -> None:
    whole = quickstart()
    lost = whole.models["lora"].model_copy(update={"replica_of": "gone"})
    summary = quickstart(models={**whole.models, "lora": lost})
    assert without_replicas(summary) is summary


def test_the_number_of_models_does_not_count_repetitions() -> None:
    assert "7 models · 4 tasks" in plain(document(with_seeds()).subtitle)


def test_every_figure_of_a_replica_can_be_read() -> None:
    (fold,) = [b for b in blocks(with_seeds()) if isinstance(b, Fold) and "every figure" in b.title]
    rows = [row for b in fold.blocks if isinstance(b, Table) for row in b.rows]
    assert {row.fields[0].text for row in rows} == {"lora", "lora.seed1", "lora.seed2"}
    assert not any(row.floor for row in rows)


def test_a_replica_that_failed_is_said_to_have_failed() -> None:
    said = text(with_seeds())
    assert "\n1 of 36 cells failed." in said
    tables = [b for b in document(with_seeds()).sections[1].blocks if isinstance(b, Table)]
    failed = next(b for b in tables if b.caption == "What failed")
    assert [row.fields[0].text for row in failed.rows] == ["lora.seed2"]


def test_it_is_called_a_second_source_that_more_examples_do_not_reduce() -> None:
    heading, prose, *_ = blocks(with_seeds())
    assert isinstance(heading, Heading) and isinstance(prose, Prose)
    assert "a second source of variance, which more examples do not reduce" in plain(prose.line)


def test_values_deviation_and_t_interval_stand_in_words_and_in_the_table() -> None:
    of = seeded({0: 0.60, 1: 0.62, 2: 0.58})
    # mean gain 0.1, deviation 0.02, t(0.975; 2) = 4.303: 0.1 ± 4.303 × 0.02 / √3
    assert sentence(of).startswith(
        "lora, accuracy on sentiment: with 3 seeds 0.600, 0.620, 0.580, standard deviation 0.020; "
        "the mean difference from base is +0.100 ≈[+0.050, +0.150]."
    )
    (table,) = [b for b in seed_blocks(quickstart(), [of]) if isinstance(b, Table)]
    fields = {c.label: f for c, f in zip(table.columns, table.rows[0].fields, strict=True)}
    assert fields["By seed"].text == "0.600, 0.620, 0.580"
    assert fields["By seed"].detail == "seeds 0, 1, 2"
    # chi-squared with 2 degrees of freedom is exponential: 0.02 × √(−1 / ln 0.025), √(−1 / ln 0.975)
    assert fields["Standard deviation over seeds"].detail == "[0.010, 0.126]"
    assert fields["Mean difference"].detail == "≈[+0.050, +0.150]"


def test_the_standard_error_over_examples_is_that_of_the_paired_interval() -> None:
    (one,) = spreads(quickstart(), [seeded({0: 0.6, 1: 0.62}, low=0.1 - 0.0196, high=0.1 + 0.0196)])
    assert one.examples == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "larger", "sure"),
    [
        ({0: 0.55, 1: 0.60, 2: 0.65}, "seeds", False),
        ({0: 0.595, 1: 0.600, 2: 0.605}, "examples", False),
        ({seed: 0.6 + 0.1 * (seed % 2) for seed in range(12)}, "seeds", True),
        ({seed: 0.6 + 0.001 * (seed % 2) for seed in range(12)}, "examples", True),
    ],
)
def test_which_source_is_larger_is_only_sure_where_so_few_seeds_can_tell(
    values: dict[int, float], larger: str, sure: bool
) -> None:
    (one,) = spreads(quickstart(), [seeded(values)])
    assert (one.larger, one.is_sure) == (larger, sure)
    said = sentence(one.row)
    matters = "the seed matters more" if larger == "seeds" else "which examples were drawn matters"
    assert matters in said.lower()
    assert ("seeds can tell" in said) == (not sure)


def test_without_an_interval_neither_is_called_the_larger() -> None:
    of = seeded({0: 0.6, 1: 0.62}, low=None, high=None)
    assert "matters more" not in sentence(of)


def test_seeds_whose_interval_holds_zero_take_the_sureness_back() -> None:
    of = seeded({0: 0.6, 1: 0.45, 2: 0.55})
    assert "a 95% interval that does not exclude zero" in sentence(of)
    verdict = text(quickstart(comparisons=[of]))
    (said,) = [part for part in verdict.split("; ") if part.startswith("over 3 seeds")]
    assert said.startswith("over 3 seeds the mean of accuracy is +3.3 pp ≈[")
    assert ", which does not exclude zero." in said


def test_a_fine_tuning_with_one_seed_has_nothing_to_say_of_seeds() -> None:
    assert "seeds" not in text(quickstart(comparisons=[row()]))
    assert seed_blocks(quickstart(), []) == []


def test_of_what_a_model_costs_seeds_say_nothing() -> None:
    of = seeded({0: 60.0, 1: 61.0}, task="speed", metric="decode_tokens_per_second")
    assert spreads(quickstart(), [of]) == []
