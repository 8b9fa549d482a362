"""Words and signs by which an answer is read: what announces it, lists it, denies it, or marks it."""

from __future__ import annotations

import re

MARKS = " \t\r\n\"'`*_~#$\\>|.,:;!()[]{}<=«»‹›“”„‘’「」『』【】〈〉《》。、…·•-–—"
"""Signs that stand around an answer and say nothing: quotes, brackets, Markdown, LaTeX, JSON."""

_ANSWERS = (
    "answer|ans|antwort|réponse|reponse|respuesta|resposta|risposta|antwoord|odpowiedź|odpověď|svar|vastaus|"
    "cevap|yanıt|ответ|відповідь|απάντηση|الجواب|الإجابة|उत्तर|jawaban|đáp án|答案|答え|回答|正解|정답|คำตอบ"
)
_NAMES = (
    "label|class|classification|category|verdict|conclusion|prediction|result|decision|choice|sentiment|"
    "topic|output|response|结论|結論|标签|標籤|类别|類別|分类|分類"
)
_SIGN = f"[{re.escape(MARKS)}]"
_IS = "is|are|be|would be|should be|must be|ist|lautet|est|es|é|è|jest|является|是|为|為|は|が|=|:|>|->|=>|→|\n"


def _cue(words: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:{words})(?:(?!\n){_SIGN})*?(?:{_IS})(?!\w)|(?:{words})(?:[是为為はが])", re.IGNORECASE
    )


CUES = (
    _cue(rf"(?:final|last)\s+(?:{_ANSWERS})|最终答案|最終答案"),
    re.compile(r"\\boxed\{(?:\\text\{)?"),
    _cue(_ANSWERS),
    _cue(_NAMES),
)
"""What announces an answer, the surest first; the label follows at once."""

FILLER = re.compile(
    rf"(?:{_SIGN}|\b(?:the|option|choice|letter|label|class|category|therefore|thus|clearly|most likely|probably)\b)*"
)
"""What may stand between that and the label."""

LISTING = re.compile(
    rf"(?:[{re.escape(MARKS)}/&+]|\b(?:or|and|to|nor|vs|versus|but|also|as well as|oder|und|bis|ou|et|o|y|e|ni|или|и)\b"
    r"|或者?|和|与|及|还是|や|と|または|또는|또|หรือ|และ)*"
)
"""What may stand between labels that are only listed."""

REASON = re.compile(
    r"\s*(?:$|[.,;:!)\]}*_`\"'»”’」』|(<>。、！；：…\n–—]|-\s)|\s-\s|\s+(?:because|since|due|given|rather|instead|weil|denn|"
    r"car|parce|porque|perché|поскольку|потому)\b"
)
"""What follows a label that begins an answer and is the whole of it."""

_DENIALS = (
    "not|no|never|neither|nor|non|isn't|aren't|wasn't|doesn't|don't|cannot|can't|hardly|without|nicht|kein|keine|"
    "keinen|weder|pas|ni|aucun|aucune|não|nunca|sin|niet|geen|nie|не|ни|нет|ليس|غير|नहीं|inte|ikke|không|bukan|tidak"
)
_DENIED_BEFORE = re.compile(
    rf"(?:\b(?:{_DENIALS})[\s_\-]+(?:[^\W_]+['’]?[^\W_]*[\s_\-\"'*(`]+){{0,4}}|不|不是|并非|並非|没有|沒有|未|ไม่|ไม่ใช่)[\"'*(`“‘「]*$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"[\"'*)`”’」]*(?:\w{0,3}(?:ではな|じゃな|でな|ではありません|とは言え|くな|이 아니|가 아니|지 않)|\s+(?:değil|नहीं)|\s*\?)"
)
_CLAUSE = re.compile(r"[.,;:!?\n。，、；：！？]")
_OTHERS = r"or|and|is|seems|looks|fits|best|makes|describes|matches|because|since"
_ARTICLE_AFTER = re.compile(rf"\s+(?!(?:{_OTHERS}|(?-i:[A-Z]))\b)[^\W\d_]", re.IGNORECASE)
_CHOSEN_BEFORE = re.compile(
    r"\b(?:option|choice|answer|letter|is|be|select|choose|pick|chose|selected|it's)[\s\"'*(`]+$",
    re.IGNORECASE,
)

TAGS = re.compile(r"</?[a-zA-Z][^<>\n]{0,40}>|\\(?:text|math)[a-z]*(?=\{)")
"""HTML, XML and LaTeX around an answer."""


def is_denied(text: str, start: int, end: int) -> bool:
    """Whether what stands there is denied, in its own clause, or asked about."""
    clause = _CLAUSE.split(text[:start])[-1]
    return bool(_DENIED_BEFORE.search(clause) or _DENIED_AFTER.match(text, end))


def is_word(text: str, start: int, end: int) -> bool:
    """Whether a single letter is a word of a sentence: an article, "I", the Spanish "y"."""
    if text[start] not in "AIaeiouy" or not _ARTICLE_AFTER.match(text, end):
        return False
    return not _CHOSEN_BEFORE.search(text[:start])


def is_chosen(text: str, start: int, end: int) -> bool:
    """Whether a letter in another case than the label's is chosen all the same: "option b", "(b)"."""
    if text[start - 1 : start] == "(" and text[end : end + 1] == ")":
        return True
    return (
        re.search(r"\b(?:option|choice|letter)[\s\"'*]+$", text[:start], re.IGNORECASE) is not None
    )
