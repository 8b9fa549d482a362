"""The sample data: counts, shapes, splits that share nothing, and hardness without reading."""

import json
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from rouge_score.rouge_scorer import RougeScorer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from harness.starter import DATA_FOLDER
from tools.starter.text.chat import write_chat
from tools.starter.text.finance import LABELS, write_news
from tools.starter.text.grammar import TEST, TEXT, TRAIN, read_rules
from tools.starter.write_data import write_data

_TEXT_FOLDER = Path(__file__).parents[2] / "tools" / "starter" / "text"
_POOLS = (TRAIN, TEST, TEXT)


def _rows(name: str, split: str) -> list[dict[str, str]]:
    path = DATA_FOLDER / name / f"{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _grams(text: str, size: int = 6) -> set[str]:
    words = re.findall(r"\w+", text)
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}


@pytest.mark.parametrize(
    ("name", "split", "count", "keys"),
    [
        ("phrasebank-sample", "train", 1200, {"id", "sentence", "label"}),
        ("phrasebank-sample", "test", 600, {"id", "sentence", "label"}),
        ("dialogue-sample", "train", 800, {"id", "dialogue", "summary"}),
        ("dialogue-sample", "test", 240, {"id", "dialogue", "summary"}),
    ],
)
def test_each_split_has_its_rows(name: str, split: str, count: int, keys: set[str]) -> None:
    rows = _rows(name, split)
    assert len(rows) == count
    assert all(set(row) == keys and all(row.values()) for row in rows)
    assert len({row["id"] for row in rows}) == count


@pytest.mark.parametrize(
    ("name", "key"), [("phrasebank-sample", "sentence"), ("dialogue-sample", "dialogue")]
)
def test_no_text_occurs_twice(name: str, key: str) -> None:
    texts = [row[key] for split in ("train", "test") for row in _rows(name, split)]
    assert len(set(texts)) == len(texts)


def test_no_label_has_a_majority() -> None:
    for split in ("train", "test"):
        counts = Counter(row["label"] for row in _rows("phrasebank-sample", split))
        assert set(counts) == set(LABELS)
        assert max(counts.values()) < counts.total() / 2
        assert min(counts.values()) > counts.total() / 5


def test_dialogues_are_named_lines_of_a_few_turns() -> None:
    for split in ("train", "test"):
        for row in _rows("dialogue-sample", split):
            turns = row["dialogue"].split("\n")
            assert 4 <= len(turns) <= 9
            assert all(re.match(r"\w+: \S", turn) for turn in turns)
            assert 5 <= len(row["summary"].split()) <= 30


def test_the_splits_share_no_speaker() -> None:
    speakers = [
        {name for row in _rows("dialogue-sample", split) for name in _names(row["dialogue"])}
        for split in ("train", "test")
    ]
    assert not speakers[0] & speakers[1]


def _names(dialogue: str) -> list[str]:
    return re.findall(r"^(\w+):", dialogue, re.MULTILINE)


def test_the_pools_share_no_company() -> None:
    rng = Random(0)
    companies: dict[str, set[str]] = {pool: set() for pool in _POOLS}
    for pool in _POOLS:
        for _ in range(1500):
            bound = write_news(rng, pool).expansion.bound
            companies[pool] |= {v.split()[0] for (rule, _), v in bound.items() if rule == "company"}
    for one, other in ((TRAIN, TEST), (TRAIN, TEXT), (TEST, TEXT)):
        assert not companies[one] & companies[other]


def test_no_phrasing_stands_in_two_pools() -> None:
    for name, rule in read_rules(_TEXT_FOLDER).items():
        tagged = [set(rule.pools.get(pool, [])) - {"<coined>"} for pool in _POOLS]
        assert len(set().union(*tagged)) == sum(map(len, tagged)), name


def test_a_split_is_written_in_its_own_phrasings() -> None:
    """A sentence frame that a split uses is tagged for that split; bare skeletons are shared."""
    rules = read_rules(_TEXT_FOLDER)
    frames = {"moved", "surprise", "outlook", "denied", "muted", "steady", "mention", "fact"}
    frames |= {"goodnews", "badnews"}
    rng = Random(0)
    for pool in (TRAIN, TEST):
        others = {p for p in _POOLS if p != pool}
        for _ in range(300):
            for used in (write_news(rng, pool).used, write_chat(rng, pool).used):
                for name, alternative in used & {(n, a) for n, a in used if n in rules}:
                    assert not any(alternative in rules[name].pools.get(p, []) for p in others)
                    assert name not in frames or alternative in rules[name].pools[pool]


def test_long_word_runs_are_not_shared_between_the_splits() -> None:
    for name, key in (("phrasebank-sample", "sentence"), ("dialogue-sample", "summary")):
        seen = set().union(*(_grams(row[key]) for row in _rows(name, "train")))
        overlap = [row for row in _rows(name, "test") if _grams(row[key]) & seen]
        assert len(overlap) < 0.02 * len(_rows(name, "test"))


def test_the_script_writes_the_same_bytes_again(tmp_path: Path) -> None:
    write_data(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.jsonl"))
    assert len(files) == 4
    for file in files:
        assert (tmp_path / file).read_bytes() == (DATA_FOLDER / file).read_bytes()


def test_bags_of_words_do_not_solve_the_sentiment() -> None:
    train, test = (_rows("phrasebank-sample", split) for split in ("train", "test"))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    classifier = LogisticRegression(max_iter=2000)
    features = vectorizer.fit_transform([row["sentence"] for row in train])
    classifier.fit(features, [row["label"] for row in train])
    accuracy = classifier.score(
        vectorizer.transform([row["sentence"] for row in test]), [row["label"] for row in test]
    )
    assert 0.5 < accuracy < 0.9


def test_the_first_lines_are_no_good_summary() -> None:
    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    rows = _rows("dialogue-sample", "test")
    scores = [
        scorer.score(row["summary"], "\n".join(row["dialogue"].split("\n")[:2]))["rouge1"].fmeasure
        for row in rows
    ]
    assert sum(scores) / len(scores) < 0.32
