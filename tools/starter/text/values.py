"""The parts of the text that are counted or coined rather than listed: amounts, dates, names.

An amount comes as a pair, `<high>` and `<low>`, in one currency and unit, so that "to EUR 11.3 mn
from EUR 8.9 mn" can be told from its reverse.
"""

import zlib
from random import Random

from tools.starter.text.grammar import LATE, PLAIN, TEST, TEXT, TRAIN, Builtin, Expansion

_CURRENCIES = ("EUR", "EUR", "EUR", "EUR", "USD", "SEK", "NOK", "GBP")
_UNITS = ("mn", "mn", "million", "bn", "million")
_PHONE_DIGITS = 5
_ONSETS, _VOWELS, _CODAS, _ENDINGS = map(
    str.split,
    (
        "b d f g h k l m n p r s t v br dr fr gr kl kr pl sk sl st tr v j",
        "a e i o u a e i o ai ei ou aa",
        "l n r s t k m x nd rn ld sk lt",
        "a o ia ex on is en ix um el ora ina ata eno ivo",
    ),
)


def stem_pool(stem: str) -> str:
    """Which pool a coined word belongs to; every word belongs to exactly one."""
    share = zlib.crc32(stem.encode()) % 8
    return {0: TRAIN, 1: TEST}.get(share, TEXT)


def _coin(rng: Random) -> str:
    middle = rng.choice(_VOWELS) + rng.choice(_CODAS)
    if rng.random() < 0.4:
        middle += rng.choice(_VOWELS) + rng.choice(_ONSETS[:14])
    return (rng.choice(_ONSETS) + middle + rng.choice(_ENDINGS)).capitalize()


def _stem(text: Expansion) -> str:
    wanted = TEXT if text.pool in (PLAIN, LATE) else text.pool
    while True:
        word = _coin(text.rng)
        if stem_pool(word) == wanted:
            return word


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _pair(text: Expansion) -> tuple[str, str]:
    key = ("pair", "")
    if key not in text.bound:
        rng = text.rng
        low = round(10 ** rng.uniform(0.0, 2.9), 1)
        high = low * rng.uniform(1.15, 2.2)
        currency, unit = rng.choice(_CURRENCIES), rng.choice(_UNITS)
        text.bound[key] = "|".join(f"{currency} {_figure(v)} {unit}" for v in (high, low))
    high_text, low_text = text.bound[key].split("|")
    return high_text, low_text


def _percent(text: Expansion) -> str:
    value = text.rng.choice((text.rng.uniform(1, 10), text.rng.uniform(5, 60)))
    figure = f"{value:.1f}" if text.rng.random() < 0.5 else f"{value:.0f}"
    return figure + text.rng.choice(("%", "%", " percent"))


def _amount(text: Expansion) -> str:
    value = 10 ** text.rng.uniform(0.0, 2.9)
    return f"{text.rng.choice(_CURRENCIES)} {_figure(value)} {text.rng.choice(_UNITS)}"


def _date(text: Expansion) -> str:
    return f"{text.rng.randint(1, 28)} {text.draw('month')}"


def _hour(text: Expansion) -> str:
    hour = text.rng.randint(1, 12)
    return f"{hour} {text.rng.choice(('am', 'pm'))}" if text.rng.random() < 0.5 else f"{hour}"


BUILTINS: dict[str, Builtin] = {
    "high": lambda text: _pair(text)[0],
    "low": lambda text: _pair(text)[1],
    "amount": _amount,
    "percent": _percent,
    "year": lambda text: str(text.rng.randint(1995, 2019)),
    "count": lambda text: str(text.rng.randint(2, 99) * text.rng.choice((1, 5, 10, 100))),
    "small": lambda text: str(text.rng.randint(2, 12)),
    "date": _date,
    "hour": _hour,
    "phone": lambda text: "".join(text.rng.choices("0123456789", k=_PHONE_DIGITS)),
    "stem": _stem,
    "coined": _stem,
}
