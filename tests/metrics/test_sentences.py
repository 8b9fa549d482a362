from __future__ import annotations

import pytest

from harness.metrics.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One ends. Two ends! Three? Four", ["One ends.", "Two ends!", "Three?", "Four"]),
        ("A line\nanother. And more", ["A line", "another.", "And more"]),
        ("Mr. Smith met Dr. Jones.", ["Mr. Smith met Dr. Jones."]),
        ("J. K. Rowling wrote it. It sold.", ["J. K. Rowling wrote it.", "It sold."]),
        ("It rose 3.5 percent to EUR 1.2 mn.", ["It rose 3.5 percent to EUR 1.2 mn."]),
        ("We meet at 5 p.m. Bring cake.", ["We meet at 5 p.m. Bring cake."]),
        ("See you, e.g. Monday.", ["See you, e.g. Monday."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("Wait... what? Fine.", ["Wait... what?", "Fine."]),
        ("Es war so. Über Nacht kam er.", ["Es war so.", "Über Nacht kam er."]),
        ("公司增长。人们高兴！“好吗？”他说。", ["公司增长。", "人们高兴！", "“好吗？”", "他说。"]),
        ("真的吗？！是的。", ["真的吗？！", "是的。"]),
        ("好!走吧", ["好!", "走吧"]),
        ("लाभ बढ़ा। सब खुश हैं।", ["लाभ बढ़ा।", "सब खुश हैं।"]),
        ("Он вырос. Это хорошо. См. г. Москва", ["Он вырос.", "Это хорошо.", "См. г. Москва"]),
        ("ربح؟ نعم.", ["ربح؟", "نعم."]),
        ("¿Sí? ¡Claro! es así.", ["¿Sí?", "¡Claro! es así."]),
        ("wow!nice 3.5", ["wow!nice 3.5"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences
