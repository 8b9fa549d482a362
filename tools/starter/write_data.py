"""Writes the two sample data sets: `python -m tools.starter.write_data` (a few seconds).

The same seed always gives the same bytes. Train and test share no person, company or phrasing.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from harness.starter import DATA_FOLDER
from tools.starter.text.chat import write_chat
from tools.starter.text.finance import write_news
from tools.starter.text.grammar import TEST, TRAIN

SEED = 2024
NEWS_COUNTS = {TRAIN: 1200, TEST: 600}
CHAT_COUNTS = {TRAIN: 800, TEST: 240}
Row = dict[str, str]


def _news_row(rng: Random, pool: str) -> Row:
    news = write_news(rng, pool)
    return {"sentence": news.sentence, "label": news.label}


def _chat_row(rng: Random, pool: str) -> Row:
    chat = write_chat(rng, pool)
    return {"dialogue": chat.dialogue, "summary": chat.summary}


def _unique_rows(write: Callable[[Random, str], Row], pool: str, count: int) -> list[Row]:
    rng = Random(f"{SEED} {pool}")
    rows: dict[str, Row] = {}
    while len(rows) < count:
        row = write(rng, pool)
        rows.setdefault(next(iter(row.values())), row)
    return [{"id": f"{pool}-{number:04d}", **row} for number, row in enumerate(rows.values())]


def write_data(folder: Path) -> None:
    """Writes `phrasebank-sample/` and `dialogue-sample/`, each with train and test as JSON lines."""
    sets = {
        "phrasebank-sample": (_news_row, NEWS_COUNTS),
        "dialogue-sample": (_chat_row, CHAT_COUNTS),
    }
    for name, (write, counts) in sets.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for pool, count in counts.items():
            lines = [
                json.dumps(row, ensure_ascii=False) for row in _unique_rows(write, pool, count)
            ]
            path = folder / name / f"{pool}.jsonl"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the sample data sets.")
    parser.add_argument("--folder", type=Path, default=DATA_FOLDER)
    write_data(parser.parse_args().folder)
