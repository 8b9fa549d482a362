from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.engines.contexts import Context, Target, shared_prefix_length
from harness.engines.llamacpp_batch import groups
from harness.engines.trees import tree

sequences = st.lists(
    st.lists(st.integers(0, 1), min_size=1, max_size=7).map(tuple), min_size=1, max_size=8
)


def contexts_of(every: list[tuple[int, ...]]) -> list[Context]:
    """Contexts that want the output of their last token, none a prefix of another."""
    ordered = sorted(set(every))
    alone = [x for x in ordered if not any(y != x and y[: len(x)] == x for y in ordered)]
    return [Context(x, (Target(n, 0, len(x) - 1, 0),)) for n, x in enumerate(alone)]


@given(sequences)
def test_every_sequence_of_the_tree_reads_its_context(every: list[tuple[int, ...]]) -> None:
    contexts = contexts_of(every)
    shared = shared_prefix_length(contexts)
    nodes = tree(contexts, shared)
    for number, context in enumerate(contexts):
        mine = [node for node in nodes if number + 1 in node.sequences]
        assert tuple(node.id for node in mine) == context.ids[shared:]
        assert [node.position for node in mine] == list(range(shared, len(context.ids)))
        assert [t for node in mine for t in node.targets if t.question == number] == list(
            context.targets
        )


@given(sequences)
def test_the_tree_runs_each_distinct_beginning_once(every: list[tuple[int, ...]]) -> None:
    contexts = contexts_of(every)
    beginnings = {c.ids[: n + 1] for c in contexts for n in range(len(c.ids))}
    assert len(tree(contexts, 0)) == len(beginnings)


@given(sequences, st.integers(1, 12), st.integers(1, 4))
def test_groups_keep_order_and_limits(
    every: list[tuple[int, ...]], max_tokens: int, max_sequences: int
) -> None:
    contexts = contexts_of(every)
    shared = shared_prefix_length(contexts)
    made = list(groups(contexts, shared, max_tokens, max_sequences))
    assert [context for group in made for context in group] == contexts
    for group in made:
        assert len(group) <= max_sequences
        assert len(group) == 1 or len(tree(group, shared)) <= max_tokens
