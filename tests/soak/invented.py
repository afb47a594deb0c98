"""Invented people and texts about them, in English and Chinese, for the scenarios of pseudonyms.

The finder knows the names by heart, so that what is played is the table, not the finding of names.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.vault import KeyHolder

_GIVEN = (
    "Alasdair",
    "Brigid",
    "Caspian",
    "Delphine",
    "Edmund",
    "Fiona",
    "Gideon",
    "Henrietta",
    "Imogen",
    "Jocelyn",
    "Katarina",
    "Leopold",
    "Margaret",
    "Nadia",
    "Oswin",
    "Petra",
)
_FAMILY = (
    "Abernathy",
    "Blackwood",
    "Castellano",
    "Drummond",
    "Ellsworth",
    "Fairbanks",
    "Grimaldi",
    "Holloway",
    "Iverson",
    "Kowalczyk",
    "Lindqvist",
    "Marchetti",
    "Okafor",
)
_SURNAMES = ("王", "李", "张", "陈", "刘", "赵", "周", "欧阳", "司徒", "林", "郭", "谢")
_GIVEN_ZH = (
    "晓雯",
    "子涵",
    "志鹏",
    "雨桐",
    "婉婷",
    "俊熙",
    "梓萱",
    "思琪",
    "浩宇",
    "芳",
    "磊",
    "建国",
    "和平",
    "慧敏",
    "嘉豪",
    "佩珊",
)
_TITLES_ZH = ("先生", "女士", "经理", "老师")
_SENTENCES = (
    "Please ask {} about the lease.", "{} and {} met on Monday; {} took the minutes.", "Dear {},\n\nthank you.",
    "The keys are with {} (not {}).", "* {}: paid\r\n* {}: open", "Who told {} that {}'s flat is let?",
)  # fmt: skip
_SENTENCES_ZH = (
    "请问{}的合同在哪里？", "{}和{}周一见面，{}记录。", "{}，您好：\n谢谢。", "钥匙在{}那里，不在{}那里。",
    "会议由{}主持。",
    "“{}”已经告诉{}了。",
)  # fmt: skip
# Text that a filter may stumble over: what looks like tokens, marks, entities, escapes, odd characters.
_STRANGE = (
    "<PERSON_1>", "[PERSON_2B]", "person_3",
    "PERSON 4", "<PHONE_1", "&lt;PERSON_5&gt;", "\\<CARD_1\\>", "**EMAIL_1**", "{{PLACE_1}}",
    "<LITERAL_1>", "LITERAL_2s", "_PERSON_1_", "<", ">", "<<",
    "&lt;", "&amp;", "\\", "\\<", "`x`", "\u200b", "\ufeff", "😀", "½", "ﬁ",
    "e\u0301", "ＡＢ１", "　", "\t", "\r\n", "[1]", "<b>fat</b>", "C:\\Temp",
    "{", "}", "【", "】", "《", "》", "(", ")", "_", "#", "PERSON_",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with the forms of the name that texts use; the first is the whole name."""

    forms: tuple[str, ...]
    chinese: bool


def people(count: int, *, source: random.Random) -> list[Person]:
    """So many different people, half of them Chinese; family names and given names recur."""
    english = [(given, family) for given in _GIVEN for family in _FAMILY]
    chinese = [(surname, given) for surname in _SURNAMES for given in _GIVEN_ZH]
    half = count // 2
    found = [
        Person(
            (f"{given} {family}", family, given, f"{given[0]}. {family}", f"{given} {family}".upper()), chinese=False
        )
        for given, family in source.sample(english, count - half)
    ]
    for surname, given in source.sample(chinese, half):
        forms = [surname + given, surname + source.choice(_TITLES_ZH)]
        found.append(Person((*forms, *([given] if len(given) == 2 else [])), chinese=True))
    return found


class KnownByHeart:
    """A name finder that finds the forms it is told, the longest first, whole words only in English."""

    def __init__(self, forms: Iterable[str]) -> None:
        ordered = sorted(set(forms), key=len, reverse=True)
        self._pattern = re.compile("|".join(rf"\b{re.escape(f)}\b" if f.isascii() else re.escape(f) for f in ordered))

    def find(self, texts: Sequence[str]) -> list[list[Match]]:
        return [[Match("PERSON", *found.span(), 0.85) for found in self._pattern.finditer(text)] for text in texts]


def screener_for(folder: Path, everybody: Sequence[Person]) -> PrivacyFilter:
    """The filter over a fresh or kept store in `folder`, whose finder knows everybody."""
    folder.mkdir(parents=True, exist_ok=True)
    finder = KnownByHeart(form for person in everybody for form in person.forms)
    return PrivacyFilter(
        Analyzer.of(names=finder), path=folder / "pseudonyms.db", key=KeyHolder(folder / "pseudonyms.key")
    )


def sentence(everybody: Sequence[Person], *, source: random.Random, chinese: bool) -> str:
    """A sentence that names some of them in some form."""
    template = source.choice(_SENTENCES_ZH if chinese else _SENTENCES)
    mine = [person for person in everybody if person.chinese == chinese]
    return re.sub(r"\{\}", lambda _: source.choice(source.choice(mine).forms), template)


def text_with_values(everybody: Sequence[Person], *, source: random.Random, chinese: bool) -> str:
    """A text of several sentences with values of many types and with strange pieces between them.

    No cards and no secrets: those are masked for every reader, so nothing could bring them back.
    """
    pieces = []
    for _ in range(source.randint(3, 10)):
        pieces += [sentence(everybody, source=source, chinese=chinese), source.choice((" ", "\n", ""))]
        if source.random() < 0.7:
            value = _value(source, chinese=chinese)
            around = source.choice(
                ("{}", "<{}>", "[{}]", "({})", "**{}**", "_{}_", "\\{}", "“{}”", "：{}。", " {} ", "&lt;{}&gt;")
            )
            pieces += [
                source.choice(("电话", "邮箱", "编号") if chinese else ("call ", "mail ", "no. ")),
                around.format(value),
            ]
        if source.random() < 0.5:
            pieces += [source.choice(("", " ")), source.choice(_STRANGE), source.choice(("", " "))]
    return "".join(pieces)


def _value(source: random.Random, *, chinese: bool) -> str:
    digits = lambda count: "".join(source.choices("0123456789", k=count))
    kinds = [
        lambda: f"{source.choice(_FAMILY).lower()}{digits(4)}@example.{source.choice(('com', 'org', 'net'))}",
        lambda: f"10.{source.randint(0, 255)}.{source.randint(0, 255)}.{source.randint(1, 254)}",
        lambda: ":".join(f"{source.randint(0, 255):02x}" for _ in range(6)),
    ]
    if chinese:
        kinds += [
            lambda: f"1{source.choice('3589')}{digits(9)}",
            lambda: f"京A·{source.randint(10000, 99999)}",
            lambda: _resident(source),
        ]
    else:
        kinds += [lambda: f"+44 20 {digits(4)} {digits(4)}", lambda: f"({source.randint(201, 989)}) 555-{digits(4)}"]
    return source.choice(kinds)()


def _resident(source: random.Random) -> str:
    """A Chinese resident's number with the check digit of GB 11643-1999."""
    born = f"{source.randint(1950, 2005)}{source.randint(1, 12):02}{source.randint(1, 28):02}"
    body = f"110105{born}{source.randint(0, 999):03}"
    weighted = sum(
        int(digit) * weight
        for digit, weight in zip(body, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    return body + "10X98765432"[weighted % 11]
