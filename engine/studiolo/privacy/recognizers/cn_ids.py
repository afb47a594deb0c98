"""Identifiers of mainland China, Hong Kong, Macau and Taiwan.

Sources: GB 11643-1999 (resident identity number), GB 32100-2015 (unified social credit code), GA 36-2018 (plates).
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import (
    NOT_AFTER_WORD,
    NOT_BEFORE_WORD,
    SEVEN_DIGITS,
    SIX_DIGITS,
    SOMETHING_ELSE,
    Rule,
    RuleFamily,
    words,
)
from studiolo.privacy.recognizers.check_digits import a_date, compact

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Registering department and kind of organisation: the first two characters (GB 32100-2015, table 1).
_USCC_KINDS = {
    "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "1239", "6": "129", "7": "129", "8": "19", "9": "123",
    "A": "19",
    "N": "1239", "Y": "1",
}  # fmt: skip
# First two digits of GB/T 2260: provinces, and 81-83 for residents of Hong Kong, Macau and Taiwan.
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


_BY = r"(?:[ ]{1,2}|[\-./_·\n])?"  # between two digits


def _a_date(digits: str) -> bool:
    return len(digits) == 8 and digits.isdigit() and a_date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def resident_id(value: str) -> bool:
    """Province, date of birth and check character of an 18-place resident number."""
    text = compact(value)
    if len(text) != 18 or text[:2] not in _PROVINCES or not _a_date(text[6:14]):
        return False
    total = sum(int(c) * w for c, w in zip(text[:17], _RESIDENT_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17]


def _resident_shape(value: str) -> bool:
    text = compact(value)
    return text[:2] in _PROVINCES and _a_date(text[6:14])


def _resident_15(value: str) -> bool:
    text = compact(value)
    return text[:2] in _PROVINCES and _a_date("19" + text[6:12])


def social_credit_code(value: str) -> bool:
    """Check character of a unified social credit code (GB 32100-2015)."""
    if re.search(r"[ \-][a-z]+$", value):
        return False  # the word that comes after some number
    text = compact(value)
    if len(text) != 18 or any(c not in _USCC_ALPHABET for c in text) or text[1] not in _USCC_KINDS.get(text[0], ""):
        return False
    if text[2:4] != "10" and text[2:4] not in _PROVINCES:
        return False
    total = sum(_USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    return _USCC_ALPHABET[(31 - total % 31) % 31] == text[17]


def hong_kong_id(value: str) -> bool:
    """Check digit of a Hong Kong identity card number."""
    compact = re.sub(r"[() \-]", "", value).upper()
    letters, digits, check = compact[:-7], compact[-7:-1], compact[-1]
    codes = [36, *(ord(c) - 55 for c in letters)] if len(letters) == 1 else [ord(c) - 55 for c in letters]
    total = sum(v * w for v, w in zip([*codes, *map(int, digits)], range(9, 1, -1), strict=True))
    return "0123456789A"[(11 - total % 11) % 11] == check


def taiwan_id(value: str) -> bool:
    """Check digit of a Taiwanese identity number."""
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[0].upper()) + 10
    digits = [code // 10, code % 10, *map(int, value[1:])]
    return sum(d * w for d, w in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0


_ID_WORDS = words(
    "身份证", "身份證", "证件", "證件", "公民身份", "身份号", "居民证", "证号", "证件号",
    "id", "id number", "id no", "identity", "identification", "id card",
)  # fmt: skip
_PASSPORT_WORDS = words(
    "护照", "護照", "passport", "通行证", "通行證", "港澳", "台胞证", "回乡证", "旅行证件", "travel document"
)

CN_IDS = RuleFamily(
    "cn_ids",
    [
        Rule(
            "CN_ID",
            re.compile(NOT_AFTER_WORD + rf"[1-8][0-9](?:{_BY}[0-9]){{15}}{_BY}[0-9Xx]" + NOT_BEFORE_WORD),
            0.98,  # above a card: its date and province leave less to chance than Luhn
            check=resident_id,
            needs=(SEVEN_DIGITS,),
        ),
        # A mistyped number is still somebody's number where the text says that it is one.
        Rule(
            "CN_ID",
            re.compile(NOT_AFTER_WORD + r"[1-8][0-9](?:[ \-]?[0-9]){15}[ \-]?[0-9Xx]" + NOT_BEFORE_WORD),
            0.7,
            accept=_resident_shape,
            context=_ID_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "CN_ID",
            re.compile(NOT_AFTER_WORD + r"[1-8][0-9](?:[ \-]?[0-9]){13}" + NOT_BEFORE_WORD),
            0.75,
            accept=_resident_15,
            context=_ID_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "CN_USCC",
            re.compile(
                NOT_AFTER_WORD
                + r"[1-9A-HJ-NP-RT-UW-Y][0-9](?:[ \-]?[0-9]){6}(?i:(?:[ \-]?[0-9A-HJ-NP-RT-UW-Y]){10})"
                + NOT_BEFORE_WORD
            ),
            0.95,
            check=social_credit_code,
            needs=(SEVEN_DIGITS,),
        ),
        # Civil plates (GA 36-2018), new-energy ones, cars' that cross from Hong Kong and Macau, embassies', police's.
        Rule(
            "LICENSE_PLATE",
            re.compile(
                rf"(?<![0-9A-Za-z])[{PLATE_PROVINCES}][A-HJ-NP-Za-hj-np-z][ ]?[·•.\- ]?[ ]?"
                r"(?:[0-9]{5}|[A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳领]|[DFdf][0-9]{5}|[0-9]{5}[DFdf])"
                r"(?![0-9A-Za-z])"
            ),
            0.85,
            accept=lambda value: any("0" <= c <= "9" for c in value),
            needs=(re.compile(rf"[{PLATE_PROVINCES}][A-HJ-NP-Za-hj-np-z]"),),
        ),
        Rule(
            "LICENSE_PLATE",
            re.compile(
                rf"(?<![0-9A-Za-z])(?:使[ ]?[0-9]{{3}}[·\- ]?[0-9]{{3}}|[0-9]{{3}}[·\- ]?[0-9]{{3}}使(?=[^用馆者得]|$)"
                rf"|WJ[·\- ]?[{PLATE_PROVINCES}]?[·\- ]?[0-9]{{4}}[0-9A-Z])(?![0-9A-Za-z])"
            ),
            0.75,
            needs=(re.compile("使|WJ"),),
        ),
        Rule(
            "PASSPORT",
            re.compile(
                NOT_AFTER_WORD + r"(?:[EeGgDdSsPpHhKk][A-Za-z]?[0-9]{7,8}|14[0-9]{7}|15[0-9]{7})" + NOT_BEFORE_WORD
            ),
            0.8,
            context=_PASSPORT_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PASSPORT",
            re.compile(NOT_AFTER_WORD + r"[A-Za-z]{0,2}[0-9]{6,10}" + NOT_BEFORE_WORD),
            0.6,
            context=_PASSPORT_WORDS,
            needs=(SIX_DIGITS,),
        ),
        Rule(
            "PASSPORT",
            re.compile(NOT_AFTER_WORD + r"(?:E[A-HJ-NP-Z][0-9]{7}|[EGDSP][0-9]{8})" + NOT_BEFORE_WORD),
            0.55,
            unless=SOMETHING_ELSE,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "HK_ID",
            re.compile(NOT_AFTER_WORD + r"[A-Za-z]{1,2}[ ]?[0-9]{6}[ ]?\([0-9Aa]\)(?![0-9A-Za-z])"),
            0.85,
            check=hong_kong_id,
            needs=(SIX_DIGITS,),
        ),
        # Without brackets it looks like many a part's number, one in eleven of which closes too.
        Rule(
            "HK_ID",
            re.compile(NOT_AFTER_WORD + r"(?:[A-Za-z]|[WXwx][A-Za-z])[ ]?[0-9]{6}[ \-]?[0-9Aa](?![0-9A-Za-z])"),
            0.6,
            accept=hong_kong_id,
            unless=SOMETHING_ELSE,
            needs=(SIX_DIGITS,),
        ),
        Rule(
            "TW_ID",
            re.compile(NOT_AFTER_WORD + r"[A-Za-z][1289][0-9]{8}" + NOT_BEFORE_WORD),
            0.85,
            check=taiwan_id,
            needs=(SEVEN_DIGITS,),
        ),
    ],
)
