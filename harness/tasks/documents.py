"""From texts to documents: passages, or windows of a long text, that are read as they stand."""

from __future__ import annotations

from collections.abc import Mapping

from harness.data import Example, draw
from harness.engines.templated import Tokenizer
from harness.errors import BadDataError
from harness.tasks.prompts import Prompt, PromptSet


def passages_to_read(
    tokenizer: Tokenizer, passages: Mapping[str, str], available: int
) -> PromptSet:
    """Texts as documents, each begun with BOS if there is one, and no template around it.

    Args:
        tokenizer: the lineage's own.
        passages: by id.
        available: how many there are, of which these are the first.

    Raises:
        BadDataError: one of them is too short for a next token to be predicted.
    """
    begin = () if tokenizer.bos_id is None else (tokenizer.bos_id,)
    prompts = []
    for index, (name, text) in enumerate(passages.items()):
        ids = (*begin, *tokenizer.encode(text, add_bos=False))
        if len(ids) < 2:
            raise BadDataError(f"The passage `{name}` is {len(ids)} tokens long.")
        prompts.append(Prompt(index, name, text, ids, "", ()))
    return PromptSet(tuple(prompts), (), tokenizer.stop_ids, "text", available)


def windows_to_read(
    tokenizer: Tokenizer, text: str, window: int, limit: int | None, seed: int
) -> PromptSet:
    """The documents of a text: windows of ids, side by side, each begun with BOS if there is one.

    The text is encoded in one piece, so that a window may begin within a word. BOS counts among a
    window's ids; a last window of one id, which nothing predicts, is left out.

    Args:
        tokenizer: the lineage's own.
        text: the whole of it.
        window: ids of each document.
        limit: documents that are drawn; None for all.
        seed: of the draw.

    Raises:
        BadDataError: the text is too short for one document.
    """
    begin = () if tokenizer.bos_id is None else (tokenizer.bos_id,)
    ids, step = tokenizer.encode(text, add_bos=False), window - len(begin)
    cut = [(*begin, *ids[start : start + step]) for start in range(0, len(ids), step)]
    documents = [document for document in cut if len(document) > 1]
    if not documents:
        raise BadDataError(
            f"The text is {len(ids)} tokens long: no next token can be predicted in it.",
            "Name a longer file under `text`.",
        )
    places = [Example(f"window-{place:06}", "", "") for place in range(len(documents))]
    chosen = [int(drawn.id.removeprefix("window-")) for drawn in draw(places, limit, seed, False)]
    return PromptSet(
        prompts=tuple(
            Prompt(
                index=index,
                id=places[place].id,
                text=tokenizer.decode(documents[place]),
                ids=documents[place],
                target="",
                target_ids=(),
            )
            for index, place in enumerate(chosen)
        ),
        labels=(),
        stop_ids=tokenizer.stop_ids,
        mode="text",
        available=len(documents),
    )
