"""Trains the starter's tokenizer: `python -m tools.starter.tokenizer` (a few seconds).

SentencePiece BPE with byte fallback, saved twice: `tokenizer.model`, which llama.cpp's converter
reads, and an equivalent `tokenizer.json`, which Transformers reads. Both must give the same ids, so
nothing is normalized, no space is put in front, and a newline is a symbol of its own, which also
makes the ids of a prompt a prefix of the ids of prompt plus answer.
"""

import argparse
import io
import json
from itertools import islice
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

from harness.starter import MODEL_FOLDER
from tools.starter.text.corpus import TOKENIZER_MIX, write_documents

VOCABULARY = 4096
ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
_SEED = 7
_DOCUMENTS = 40_000
_SPACE = "\u2581"
_SPECIAL = ("<unk>", "<s>", "</s>", "<pad>", *ROLES)
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)


def _train(documents: list[str], vocabulary: int) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(documents),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocabulary,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        split_digits=True,
        character_coverage=1.0,
        control_symbols=list(ROLES),
        user_defined_symbols=["\n"],
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        num_threads=1,
        max_sentence_length=16384,
        minloglevel=2,
    )
    return model.getvalue()


def _merges(pieces: dict[str, int]) -> list[tuple[str, str]]:
    """Every way to join two pieces into a third, best piece first: SentencePiece's order."""
    ranked = []
    for piece, rank in pieces.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in pieces and right in pieces:
                ranked.append((rank, pieces[left], pieces[right], left, right))
    return [(left, right) for *_, left, right in sorted(ranked)]


def fast_tokenizer(model: bytes) -> Tokenizer:
    """The same BPE as the SentencePiece model, for the `tokenizers` library."""
    trained = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = range(trained.get_piece_size())
    vocabulary = {trained.id_to_piece(i): i for i in ids}
    fixed = {i for i in ids if trained.is_control(i) or trained.is_unknown(i) or trained.is_byte(i)}
    pieces = {piece: i for piece, i in vocabulary.items() if i not in fixed and piece != "\n"}
    bpe = models.BPE(
        vocabulary, _merges(pieces), unk_token="<unk>", fuse_unk=True, byte_fallback=True
    )
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", _SPACE)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in _SPECIAL])
    tokenizer.add_tokens([AddedToken("\n", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def train_tokenizer(folder: Path, documents: int, vocabulary: int = VOCABULARY) -> None:
    """Writes the tokenizer's files into a model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = _train(list(islice(write_documents(_SEED, TOKENIZER_MIX), documents)), vocabulary)
    (folder / "tokenizer.model").write_bytes(model)
    fast_tokenizer(model).save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "add_bos_token": True,
        "add_eos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1024,
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the starter's tokenizer.")
    parser.add_argument("--folder", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--documents", type=int, default=_DOCUMENTS)
    options = parser.parse_args()
    train_tokenizer(options.folder, options.documents)
