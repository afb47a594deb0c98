"""Identifiers of the United States and the United Kingdom: SSN, ITIN, EIN, Medicare, NHS number, NINO.

Other states' are in `nations.py`, what only a word before it gives away in `documents.py`.
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import (
    NOT_AFTER_DIGIT,
    NOT_AFTER_WORD,
    NOT_BEFORE_WORD,
    NOT_COUNTED,
    SEVEN_DIGITS,
    SOMETHING_ELSE,
    Rule,
    RuleFamily,
    digits_of,
    words,
)


def nhs_number(value: str) -> bool:
    """Mod-11 check of an NHS number (NHS Data Dictionary)."""
    digits = [int(c) for c in digits_of(value)]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(d * w for d, w in zip(digits[:9], range(10, 1, -1), strict=True)) % 11
    return check % 11 == digits[9] and check != 10


def _ssn(value: str) -> bool:
    digits = digits_of(value)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _itin(value: str) -> bool:
    group = int(digits_of(value)[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


_MBI = "[AC-HJKMNP-RT-Y]"
_SSN_WORDS = words("ssn", "social security", "社会安全号", "社保号", "itin", "taxpayer", "tax id")
_NHS_WORDS = words("nhs", "national health", "patient", "医疗号")

NATIONAL_IDS = RuleFamily(
    "national_ids",
    [
        Rule(
            "US_SSN",
            re.compile(
                NOT_AFTER_DIGIT
                + r"(?<![A-Za-z_])[0-8][0-9]{2}(?P<by>[-. ])[0-9]{2}(?P=by)[0-9]{4}(?![0-9A-Za-z]|-[0-9])"
            ),
            0.85,
            accept=_ssn,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "US_SSN",
            re.compile(r"(?<![0-9_])(?<![A-Z][a-z])(?<!ID)[0-8][0-9]{8}" + NOT_BEFORE_WORD),
            0.7,
            accept=_ssn,
            context=_SSN_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        # Nine bare digits are a number of this kind until something says otherwise; Chinese counts what it touches.
        Rule(
            "US_SSN",
            re.compile(
                r"""(?<![0-9A-Za-z_.,\-+/\u4e00-\u9fff:;=|&>"'])(?<![:;=|,"'\u4e00-\u9fff] )[0-8][0-9]{8}"""
                r"(?![0-9A-Za-z_\u4e00-\u9fff])(?![.,\-/:][0-9])" + NOT_COUNTED
            ),
            0.4,
            accept=_ssn,
            unless=SOMETHING_ELSE,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "US_ITIN",
            re.compile(NOT_AFTER_DIGIT + r"9[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{4}" + NOT_BEFORE_WORD),
            0.7,
            accept=_itin,
            context=_SSN_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "US_EIN",
            re.compile(NOT_AFTER_DIGIT + r"[0-9]{2}-[0-9]{7}" + NOT_BEFORE_WORD),
            0.7,
            context=words("ein", "employer identification", "tax id", "fein"),
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "UK_NHS",
            re.compile(NOT_AFTER_DIGIT + r"[0-9]{3}[ \-][0-9]{3}[ \-][0-9]{4}" + NOT_BEFORE_WORD),
            0.85,
            accept=nhs_number,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "UK_NHS",
            re.compile(NOT_AFTER_DIGIT + r"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{4}" + NOT_BEFORE_WORD),
            0.95,
            check=nhs_number,
            context=_NHS_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "UK_NINO",
            re.compile(
                NOT_AFTER_WORD
                + r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[0-9]{6}|(?:[ ][0-9]{2}){3}[ ]?)[A-D]"
                + NOT_BEFORE_WORD
            ),
            0.85,
            needs=(re.compile(r"[0-9]{2}[ ]?[0-9]{2}[ ]?[0-9]{2}"),),
        ),
        Rule(
            "UK_NINO",
            re.compile(r"(?<![0-9A-Za-z])(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ ]?[0-9]{2}){3}[ ]?[A-D])(?![0-"
                       r"9A-Za-z])"),
            0.8,
            context=words("national insurance", "ni no", "ni number", "nino", "国民保险"),
            needs=(re.compile(r"[0-9]{2}[ ]?[0-9]{2}[ ]?[0-9]{2}"),),
        ),
        # Medicare beneficiary identifier: letters without S, L, O, I, B, Z (CMS, "Understanding the MBI").
        Rule(
            "US_MBI",
            re.compile(NOT_AFTER_WORD + rf"[1-9]{_MBI}[0-9A-Z][0-9]-?{_MBI}[0-9A-Z][0-9]-?{_MBI}{{2}}[0-9]{{2}}(?!["
                rf"0-9A-Za-z])"),
            0.8,
            accept=lambda value: any(c.isalpha() for c in value),
            needs=(re.compile(r"[1-9][A-Z]"),),
        ),
    ],
)  # fmt: skip
