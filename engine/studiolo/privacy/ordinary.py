"""The ordinary part of a stream: text that can be neither a value, nor a token, nor the beginning of a known value.

One compiled expression passes over as much of it as is certain; what it stops at is looked at unit by unit
(`units.py`). It is a short cut and nothing else: whatever it passes over, the units would have emitted unchanged, and
the tests hold the two against each other. Pure functions. Any thread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from studiolo.privacy.recognizers.cn_ids import PLATE_PROVINCES
from studiolo.privacy.tokens import WORDS
from studiolo.privacy.units import HAN

# How the last word of a key begins, behind which a secret stands without any sign of its own ("password is hunter").
_KEY_WORDS = (
    "pass", "pwd", "pw", "psw", "pin", "secret", "key", "api", "token", "auth", "code", "cv", "otp", "totp", "cred",
    "bearer", "basic", "phrase", "words", "seed", "mnemonic", "sess", "sid", "cookie", "jwt", "csrf",
)  # fmt: skip
_KEY_ENDS_ZH = "码碼令钥鑰号词暗"
KEYISH = re.compile(
    r"(?<![A-Za-z])(?i:pass(?:word|wd|phrase|code|key)?|pwd?|psw|pin|secret|key|api|token|auth[a-z]*|code|cv[vc]2?|t?otp|"
    rf"cred[a-z]*|bearer|basic|phrase|words|seed|mnemonic|sess[a-z]*|sid|cookie2?|jwt|csrf)s?(?![A-Za-z])|[{_KEY_ENDS_ZH}]"
)
"""A word that may end or begin a key; keys themselves are known to the family of secrets alone."""

HOT = re.compile(rf"[0-9@$]|::|[=:][^\s:=]|[^\s]{{16}}|-----|[A-Za-z]:[A-Za-z]|[{PLATE_PROVINCES}][A-Za-z]")
"""What a unit must hold in order to be looked at by rules, if no key stands before it."""


def ordinary(beginnings: Iterable[str], *, addresses: bool) -> re.Pattern[str]:
    """What passes over ordinary text, for known values with these first two code points (small letters).

    `addresses`: whether e-mail addresses are looked for, whose local part may be Chinese. Every stretch that the
    pattern takes ends at a place where a unit ends.
    """
    heads: defaultdict[str, set[str]] = defaultdict(set)
    for pair in beginnings:
        heads[pair[0]].add(pair[1:2])
    special = "".join(c for c in {*heads, *PLATE_PROVINCES, *_KEY_ENDS_ZH} if re.match(f"[{HAN}]", c))
    known = "|".join(
        re.escape(head) + _one_of(seconds) for head, seconds in sorted(heads.items()) if not re.match(f"[{HAN}]", head)
    )
    barred = "|".join([*_KEY_WORDS, *(word.lower() for word in WORDS), *([known] if known else [])])
    letter = "A-Za-zÀ-ÖØ-öø-ɏ"
    plain = f"[{HAN}](?<![{special}])" if special else f"[{HAN}]"
    word = rf"(?!(?i:{barred}))[{letter}](?:[{letter}]|'(?=[a-z]{{1,2}}[ ,.\n])){{0,14}}[*]{{0,2}}"
    after = r"(?:[,;。、]+|[.!?:][*]{0,2}(?=[ \n]))?(?:\n(?=[^@(0-9+])|[ ](?=[^@(0-9+\- ]))"
    # A word touched by Chinese ends there; Chinese text ends at anything that is certain not to belong to it.
    latin = rf"{word}(?:{after}|(?=[{HAN}。、,;\"”)]))"
    local = rf"(?:(?<=[\w.]){plain}|(?:{plain}){{1,6}}(?=[^@{HAN}])|(?:{plain}){{7}})"
    run = local if addresses else plain
    sign = rf"[,;。、“”…](?=[^@ ]|[ ][^@])|[ ](?=[{HAN}])|[!?:*](?=[{HAN}\s])|\n(?=[^@(0-9+])"
    if known:
        sign = rf"(?!(?i:{known}))(?:{sign})"
    return re.compile(rf"(?:(?<![0-9{letter}_@]){latin}|{run}|{sign})+")


def _one_of(seconds: set[str]) -> str:
    singles = "".join(sorted(re.escape(c) for c in seconds if len(c) == 1))
    return f"[{singles}]" if singles else ""
