"""Answers as a model writes them, made from a seed: the texts of the stream's soak, bench and property tests.

Every value is made here, by the rules that its issuer publishes; nobody's is taken from anywhere. The texts mix prose
of both languages, Markdown, code, pseudonym tokens as models mangle them, values that the library knows, new values of
every type, and look-alikes that are none.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

KNOWN = (
    "Margaret Holloway",
    "Daniel Okafor",
    "Priya Raman",
    "王小明",
    "欧阳文静",
    "陈志强",
    "13911112222",
    "+44 20 7946 0018",
    "m.holloway@harbour-lets.example",
    "6222021234567890128",
    "14 Cobbler's Yard",
    "Qwerty-77!x",
)
"""What the library has met before; the first six are people."""

_EN = (
    "The tenant pays the rent on the first day of each month",
    "as clause seven says",
    "the deposit is held by a scheme",
    "notice must be given in writing",
    "according to the second passage",
    "both parties signed the agreement",
    "it's due within a fortnight",
    "see the annex for details",
    "which the landlord has to repair",
    "no fee is charged",
    "the session was closed early",
    "Please keep your password to yourself",
    "the key is under the mat",
    "a token of thanks",
    "the code of conduct applies",
    "he passed the test",
)
_ZH = (
    "承租方应当在每月的第一天支付租金",
    "逾期的按照合同第七条处理",
    "押金由第三方保管",
    "双方已经签字盖章",
    "详见附件",
    "根据第二段的内容",
    "房东负责维修",
    "不收取任何费用",
    "请妥善保管密码",
    "云南和江苏的分公司",
    "新的号码尚未登记",
    "关键词见下表",
    "京沪两地",
    "口令牌照",
)
_LABELS = ("PERSON", "PHONE", "EMAIL", "CARD", "SECRET", "IDNUMBER", "ADDRESS", "ACCOUNT")
_LOOK_ALIKES = (
    "[1]",
    "[2] and [3]",
    "person 1 of 3",
    "PERSON_77",
    "MYPERSON_1",
    "<b>bold</b>",
    "{x: 1}",
    "1,250.00 EUR",
    "2024-05-03",
    "v1.2.3.4",
    "12:30",
    "3.14159",
    "50%",
    "No. 7",
    "A/B",
    "and/or",
    "第7条",
    "2024年5月3日",
    "12 34 56",
    "ISO 9001",
    "e.g. this",
    "a <b and c> d",
    "(see 4.2)",
    "@home",
    "meet @ noon",
    "C++",
    "#4",
    "$1,000",
    "10-20",
    "COVID-19",
    "UTF-8",
    "x = y + 1",
    "https://example.org/a?b=1",
    "km/h",
    "M1 2 AB",
    "7 days",
    "May 12",
    "12 of May 2024",
    "in 2024 may be",
    "--- title ---",
    "-----",
    "《合同》",
    "“引文”",
    "‘x’",
    "A",
    "I",
    "B2B",
    "GB",
    "x@",
    "::",
    "a:b",
)
_CODE = (
    "```python\nfor i in range(10):\n    print(i, total[i] / 2)\n```",
    "`x = {'a': 1}`",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```sh\ncurl -H 'Accept: */*' http://localhost:8080/v1\n```",
    "- item one\n- item two\n",
    "## Heading\n\n",
    "1. first\n2. second\n",
    "**bold** and *soft*",
    "> quoted\n",
)
_SIGNS = "!#$%&*+=?^~"


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _word(rng: random.Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def card(rng: random.Random) -> str:
    """A payment card with its check digit, in one of the ways they are written."""
    head, length = rng.choice([("4", 16), ("51", 16), ("55", 16), ("34", 15), ("6222", 19), ("6011", 16)])
    body = head + _digits(rng, length - len(head) - 1)
    total = 0
    for i, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if i % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    digits = body + str(-total % 10)
    by = rng.choice(["", " ", "-"])
    return by.join(digits[at : at + 4] for at in range(0, length, 4))


def resident_id(rng: random.Random) -> str:
    """An 18-place resident number (GB 11643)."""
    body = f"{rng.choice(['110105', '310104', '440305'])}{rng.randint(1950, 2005)}"
    body += f"{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body += _digits(rng, 3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def iban(rng: random.Random) -> str:
    """A German or British IBAN (ISO 13616), whole or in groups."""
    country, body = rng.choice([("DE", _digits(rng, 18)), ("GB", "WEST" + _digits(rng, 14))])
    number = "".join(str(int(c, 36)) for c in body + country + "00")
    whole = f"{country}{98 - int(number) % 97:02}{body}"
    return whole if rng.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def phone(rng: random.Random) -> str:
    """A telephone number of one of several countries."""
    last = _digits(rng, 8)
    return rng.choice(
        [
            f"1{rng.choice('3578')}{rng.choice('56789')}{last}",
            f"+86 138 {last[:4]} {last[4:]}",
            f"138-{last[:4]}-{last[4:]}",
            f"(415) 555-{last[:4]}",
            f"+1 415-555-{last[:4]}",
            f"+44 20 7946 {last[:4]}",
            f"010-6{last[:7]}",
            f"021-6{last[:7]}转{last[:3]}",
            f"212-555-{last[:4]} ext. {last[4:7]}",
            f"0086-139{last}",
            f"+852 9{last[:3]} {last[3:7]}",
        ]
    )


def email(rng: random.Random) -> str:
    """An address."""
    name = _word(rng, rng.randint(3, 9), string.ascii_lowercase)
    host = rng.choice(["example.com", "mail.example.org", "corp.internal", "例子.公司", "sub.host.example.cn"])
    return rng.choice([f"{name}@{host}", f"{name}.{name[:2]}@{host}", f"{name}+x@{host}", f"王伟@{host}"])


def secret(rng: random.Random) -> str:
    """A key of a known form, a keyed password, a URL with credentials, or a private key."""
    strong = _word(rng, rng.randint(6, 12)) + rng.choice(_SIGNS) + _digits(rng, 2)
    return rng.choice(
        [
            f"sk-{_word(rng, 32)}",
            f"AKIA{_word(rng, 16, string.ascii_uppercase + string.digits)}",
            f"ghp_{_word(rng, 36)}",
            f"password: {strong}",
            f"Password is {strong}",
            f"密码：{strong}",
            f"密码是{strong}",
            f"api_key={_word(rng, 24)}",
            f"postgres://admin:{strong.replace('#', 'x').replace('?', 'y')}@db.example.com:5432/main",
            f"Authorization: Bearer {_word(rng, 40)}",
            f"eyJ{_word(rng, 20)}.eyJ{_word(rng, 30)}.{_word(rng, 25)}",
            "-----BEGIN PRIVATE KEY-----\n"
            + "\n".join(_word(rng, 48) for _ in range(4))
            + "\n-----END PRIVATE KEY-----",
            f'password = "{strong}"',
            f"验证码：{_digits(rng, 6)}",
            f"the access token was {strong}",
        ]
    )


def network(rng: random.Random) -> str:
    """An address of a machine."""
    groups = [_word(rng, 4, "0123456789abcdef") for _ in range(8)]
    return rng.choice(
        [
            f"203.0.113.{rng.randint(1, 254)}",
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.7",
            ":".join(groups),
            f"2001:db8::{groups[0]}",
            ":".join(_word(rng, 2, "0123456789abcdef") for _ in range(6)),
            f"fe80::{groups[0]}:{groups[1]}",
        ]
    )


def other(rng: random.Random) -> str:
    """Numbers of the state: social security, plates, passports, tax."""
    letter = rng.choice("ABCDEFGH")
    return rng.choice(
        [
            f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}",
            f"京{letter}{_digits(rng, 5)}",
            f"沪{letter}·{_digits(rng, 5)}",
            f"passport E{_digits(rng, 8)}",
            f"护照号E{_digits(rng, 8)}",
            f"NINO AB {rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(10, 99)} C",
            f"账号：{_digits(rng, 16)}",
            f"account number {_digits(rng, 10)}",
            f"born on {rng.randint(1, 28)} May {rng.randint(1950, 2000)}",
            f"出生日期：{rng.randint(1950, 2000)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
            f"{rng.randint(10, 60)}.{_digits(rng, 5)}, {rng.randint(10, 99)}.{_digits(rng, 5)}",
        ]
    )


VALUES: tuple[Callable[[random.Random], str], ...] = (card, resident_id, iban, phone, email, secret, network, other)


def token(rng: random.Random) -> str:
    """A pseudonym token in one of the ways models write it."""
    name = f"{rng.choice(_LABELS)}_{rng.randint(1, 4)}{rng.choice(['', '', '', 'B'])}"
    forms = [
        f"<{name}>",
        f"<{name}>",
        f"<{name}>",
        name,
        f"[{name}]",
        f"{{{name}}}",
        f"《{name}》",
        f"< {name.lower()} >",
        f"<{name}",
        f"{name}>",
        name.replace("_", "\\_"),
        f"**{name}**",
        name.replace("_", " "),
        f"<{name.replace('_', '-')}>",
        f"＜{name}＞",
        f"<{name.title()}>",
        f"{name}'s",
        f"<{name.replace('_', '')}>",
    ]
    return rng.choice(forms)


def text(rng: random.Random, *, language: str, parts: int = 12) -> str:
    """An answer of some `parts` pieces, mostly of one language ("en" or "zh")."""
    own, foreign = (_EN, _ZH) if language == "en" else (_ZH, _EN)
    pieces: list[str] = []
    for _ in range(parts):
        piece = rng.choices(
            [
                lambda: rng.choice(own),
                lambda: rng.choice(foreign),
                lambda: token(rng),
                lambda: rng.choice(KNOWN),
                lambda: rng.choice(VALUES)(rng),
                lambda: rng.choice(_LOOK_ALIKES),
                lambda: rng.choice(_CODE),
                lambda: _cased(rng, rng.choice(KNOWN)),
            ],
            weights=[10, 1, 2, 2, 4, 3, 1, 1],
        )[0]()
        pieces.append(piece)
        pieces.append(_joint(rng, language))
    return "".join(pieces)


def _cased(rng: random.Random, value: str) -> str:
    return rng.choice(
        [value.upper(), value.replace(" ", "  "), value.replace(" ", "\n"), value.rsplit(maxsplit=1)[-1], f"“{value}”"]
    )


def _joint(rng: random.Random, language: str) -> str:
    if language == "en":
        return rng.choice([" ", " ", " ", ", ", ". ", ": ", "\n", "\n\n", " (", ") ", "", "; ", "\u200b", " - "])
    return rng.choice(["，", "，", "。", "：", "", "", "、", "\n", " ", "（", "）", "；", "\u200b", "“", "”"])


def ordinary(rng: random.Random, *, language: str, parts: int = 10) -> str:
    """Prose with nothing in it that is or looks like a value."""
    own = _EN[:10] if language == "en" else _ZH[:8]
    mark = (", ", ". ", "; ", "\n") if language == "en" else ("，", "。", "；", "\n")
    return "".join(f"{rng.choice(own)}{rng.choice(mark)}" for _ in range(parts))


def answer(rng: random.Random, *, language: str, parts: int = 10) -> str:
    """Prose with something in it every few sentences, as an answer about documents has."""
    own = _EN[:10] if language == "en" else _ZH[:8]
    pieces = []
    for _ in range(parts):
        pieces.append(rng.choice(own))
        if rng.random() < 0.4:
            pieces.append(" " if language == "en" else "：")
            pieces.append(
                rng.choice([token, token, lambda r: r.choice(KNOWN), lambda r: r.choice(VALUES)(r), _look_alike])(rng)
            )
        pieces.append(rng.choice((", ", ". ", "; ", "\n") if language == "en" else ("，", "。", "；", "\n")))
    return "".join(pieces)


def _look_alike(rng: random.Random) -> str:
    return rng.choice(_LOOK_ALIKES)


def cut(rng: random.Random, whole: str) -> list[str]:
    """The text in random pieces, from single code points to long ones."""
    longest = rng.choice([1, 2, 3, 5, 8, 20, 80])
    pieces, at = [], 0
    while at < len(whole):
        step = rng.randint(1, longest)
        pieces.append(whole[at : at + step])
        at += step
    return pieces


def cut_bytes(rng: random.Random, whole: str) -> list[bytes]:
    """Its UTF-8 in random pieces, cut inside characters too."""
    raw = whole.encode()
    longest = rng.choice([1, 2, 3, 7])
    pieces, at = [], 0
    while at < len(raw):
        step = rng.randint(1, longest)
        pieces.append(raw[at : at + step])
        at += step
    return pieces
