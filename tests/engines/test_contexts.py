from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.engines.contexts import Scores, plan_contexts, shared_prefix_length
from harness.engines.protocol import ChoiceQuestion

ids = st.lists(st.integers(0, 2), max_size=4).map(tuple)
questions = st.lists(
    st.builds(
        ChoiceQuestion,
        prompt=st.lists(st.integers(0, 2), min_size=1, max_size=5).map(tuple),
        choices=st.lists(ids, max_size=4).map(tuple),
    ),
    max_size=6,
)


def value(prefix: tuple[int, ...], token: int) -> float:
    """A made-up log-probability that depends on the whole prefix."""
    return -float(hash((prefix, token)) % 1000) / 100


@given(questions)
def test_the_planned_contexts_answer_every_question(asked: list[ChoiceQuestion]) -> None:
    scores = Scores(asked)
    answers = dict(scores.without_tokens())
    for context in plan_contexts(asked):
        found = [(t, value(context.ids[: t.position + 1], t.token)) for t in context.targets]
        for number, sums in scores.add(found):
            assert number not in answers
            answers[number] = sums
    for number, question in enumerate(asked):
        for which, choice in enumerate(question.choices):
            expected = sum(
                value(question.prompt + choice[:n], token) for n, token in enumerate(choice)
            )
            assert abs(answers[number][which] - expected) < 1e-9


@given(questions)
def test_no_context_begins_another_and_all_are_sorted(asked: list[ChoiceQuestion]) -> None:
    planned = [context.ids for context in plan_contexts(asked)]
    assert planned == sorted(planned)
    for first in planned:
        assert [other for other in planned if other[: len(first)] == first] == [first]


@given(questions)
def test_the_shared_prefix_begins_all_contexts_and_is_asked_for_nothing(
    asked: list[ChoiceQuestion],
) -> None:
    planned = plan_contexts(asked)
    shared = shared_prefix_length(planned)
    assert len({context.ids[:shared] for context in planned}) <= 1
    assert all(t.position >= shared for context in planned for t in context.targets)
    longer = {context.ids[: shared + 1] for context in planned}
    asked_there = any(t.position == shared for context in planned for t in context.targets)
    assert len(planned) < 2 or len(longer) > 1 or asked_there


def test_one_token_choices_of_a_question_cost_one_context() -> None:
    planned = plan_contexts([ChoiceQuestion((1, 2), ((3,), (4,), (5,)))])
    assert [context.ids for context in planned] == [(1, 2)]
    assert [target.token for target in planned[0].targets] == [3, 4, 5]


def test_a_choice_inside_a_longer_one_costs_nothing() -> None:
    planned = plan_contexts([ChoiceQuestion((1, 2), ((3,), (3, 4), (3, 4, 5)))])
    assert [context.ids for context in planned] == [(1, 2, 3, 4)]
    assert planned[0].positions == [1, 2, 3]
