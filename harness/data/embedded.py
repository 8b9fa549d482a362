"""The data sets that come with the project: small, synthetic, in the shape of real ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from harness.data.datasets import (
    SENTIMENT,
    SENTIMENT_LABELS,
    SUMMARY,
    DatasetInfo,
    Loaded,
    Phrasing,
    TaskKind,
)
from harness.data.own import OwnData, read_own
from harness.starter import DATA_FOLDER, LICENCE


def _embedded(own: OwnData, description: str, phrasing: Phrasing) -> DatasetInfo:
    @cache
    def load() -> Loaded:
        loaded = read_own(own)
        note = "synthetic: it says nothing about real text"
        return Loaded(loaded.dataset, replace(loaded.reading, notes=(note,)))

    return DatasetInfo(
        name=own.name,
        kind=own.kind,
        description=description,
        licence=LICENCE,
        phrasing=phrasing,
        files=tuple(file for files in own.files().values() for file in files),
        load=load,
        synthetic=True,
    )


def _table(
    name: str, kind: TaskKind, text: str, target: str, labels: tuple[str, ...] = ()
) -> OwnData:
    train, test = (DATA_FOLDER / name / f"{part}.jsonl" for part in ("train", "test"))
    text, target = f"{{{{ {text} }}}}", f"{{{{ {target} }}}}"
    return OwnData(name, kind, text, target, train=train, test=test, labels=labels, id="id")


DATASETS: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        _embedded(
            _table("phrasebank-sample", "classify", "sentence", "label", SENTIMENT_LABELS),
            "sentiment of company news, in the shape of Financial PhraseBank",
            SENTIMENT,
        ),
        _embedded(
            _table("dialogue-sample", "summarize", "dialogue", "summary"),
            "messenger dialogues and their summaries, in the shape of SAMSum",
            SUMMARY,
        ),
    )
}
