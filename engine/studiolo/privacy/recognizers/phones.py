"""Telephone numbers: mainland China, Hong Kong, Macau, Taiwan, North America, Britain,
others; in most of the world behind
a word for a telephone.

Sources: the national numbering plans as the ITU lists them (E.164, E.129).
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import (
    NOT_AFTER_DIGIT,
    NOT_BEFORE_DIGIT,
    NOT_COUNTED,
    SEVEN_DIGITS,
    SOMETHING_ELSE,
    Rule,
    RuleFamily,
    digits_of,
    words,
)
from studiolo.privacy.recognizers.keyed import Keyed, KeyedFamily

_BY = r"(?:[ ]{1,2}|[\-./·_])?"  # between two digits of a mobile number
_EXTENSION = r"(?:[ ,]{0,2}(?:ext\.?|extension|x|#|转|轉|分机|分機)[ :.]{0,2}[0-9]{1,6}(?![0-9]))?"
_END = r"(?![0-9])(?![\-.][0-9])(?![A-Za-z_])"
_START = NOT_AFTER_DIGIT + r"(?<![A-Za-z_#$€£¥+])"


def _plausible_international(value: str) -> bool:
    return 8 <= len(digits_of(value)) <= 15


def _nanp(value: str) -> bool:
    digits = digits_of(re.split(r"(?i)ext|x|转|分机", value)[0])
    digits = digits[1:] if len(digits) == 11 else digits
    return len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789"


_PHONE_WORDS = words(
    "phone", "telephone", "tel", "mobile", "cell", "call", "fax", "contact", "hotline", "whatsapp", "wechat", "text",
    "ring", "dial", "number", "reach", "sms", "ext",
    "电话", "手机", "联系", "致电", "拨打", "传真", "热线", "座机", "微信", "短信", "号码", "來電",
    "電話", "手機", "聯絡",
)  # fmt: skip

_NUMERAL = "[零〇一幺二两三四五六七八九]"


def _said(value: str) -> bool:
    """As long as a telephone number, and neither a date nor an amount."""
    number = re.split(r"(?i)ext|x|#|转|分机", value)[0].strip()
    if not 7 <= sum(c.isalnum() for c in number) <= 16 or _DATE.fullmatch(value):
        return False
    # Undivided, only a trunk or country prefix makes a number longer than ten digits.
    return not number.isalnum() or len(number) <= 10 or number[:2] in _PREFIXES


_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[\-/.][0-9]{1,2}[\-/.][0-9]{1,2}|[0-9]{1,2}[\-/.][0-9]{1,2}[\-/.](?:19|20)[0-9]{2}"
)

_PREFIXES = frozenset(
    ["00", "86", "44", "91", *(f"0{i}" for i in range(1, 10)), *(f"1{i}" for i in range(2, 10)), "88", "89", "84"]
)


def _of_a_kind(value: str) -> bool:
    """As `_said`, and neither years (2015-2019) nor an amount with points."""
    return _said(value) and not _YEARS_OR_AMOUNT.fullmatch(value)


_YEARS_OR_AMOUNT = re.compile(r"(?:(?:19|20)[0-9]{2}[ \-./]?)+|[0-9]{1,3}(?:\.[0-9]{3})+")

PHONES = RuleFamily(
    "phones",
    [
        # China, mobile: 1[3-9] and nine more, in 3-4-4 or any grouping, with or without country code.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_])(?<![0-9][.\-])"
                r"(?:(?:\+|00)?[ ]?(?:\(86\)|86)[ \-]{0,2}|\((?:\+|00)[ ]?86\)[ \-]{0,2})?"
                rf"(?:\(1[3-9][0-9]\)|1[3-9][0-9])(?:{_BY}[0-9]){{8}}"
                + _EXTENSION
                + NOT_BEFORE_DIGIT
            ),
            0.9,
            needs=(SEVEN_DIGITS,),
        ),
        # The same in Chinese numerals.
        Rule(
            "PHONE_NUMBER",
            re.compile(rf"(?<!{_NUMERAL})[一幺]{_NUMERAL}{{10}}(?!{_NUMERAL}|[十百千万])"),
            0.8,
            accept=lambda value: value[1] in "三四五六七八九",
        ),
        # An area or country code in brackets before a grouped or whole number.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START
                + r"\((?!(?:19|20)[0-9]{2}\))\+?[0-9]{2,4}\)[ \-]?(?:[0-9]{3,5}[ \-][0-9]{3,4}|[0-9]{7,8})"
                + _EXTENSION
                + _END
            ),
            0.75,
            accept=lambda value: 9 <= len(digits_of(value)) <= 13,
            needs=(SEVEN_DIGITS,),
        ),
        # A trunk zero and groups with hyphens or a slash (Japan, Korea, Germany); Russia's trunk eight.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"(?:0[0-9]{1,4}[\-/][0-9]{3,4}-[0-9]{4}|8[ \-]\(?[3-9][0-9]{2}\)?[ \-][0-9]{3}[ \-][0-9]{"
                         r"2}[ \-][0-9]{2})"
                + _EXTENSION
                + _END
            ),
            0.75,
            needs=(SEVEN_DIGITS,),
        ),
        # The international prefix written out, without separators.
        Rule(
            "PHONE_NUMBER",
            re.compile(r"(?<![0-9A-Za-z_.\-])00(?:1|7|2[07]|3[0-469]|4[0-13-9]|5[1-8]|6[0-6]|8[1246]|"
                       r"9[0-58])[1-9][0-9]{7,10}" + _END),
            0.6,
            needs=(re.compile("00[1-9][0-9]{8}"),),
        ),
        # China, landline: area code 010, 02x, 0[3-9]xx.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"(?:\(0(?:10|2[0-9]|[3-9][0-9]{2})\)[ ]?|0(?:10|2[0-9]|[3-9][0-9]{2})[ \-]{1,3})"
                r"[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.85,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.7,
            context=_PHONE_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_])(?:\+|00)[ ]?86[ \-]{0,2}(?:\(0\)|0)?(?:10|2[0-9]|[3-9][0-9]{2})[ \-]{0,2}"
                r"[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.9,
            needs=(SEVEN_DIGITS,),
        ),
        # China, service numbers 400/800.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"[48]00[ \-][0-9]{3,4}[ \-]?[0-9]{3,4}" + _END),
            0.6,
            needs=(SEVEN_DIGITS,),
        ),
        # A number with a plus and a country code.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_+])\+[ ]?[1-9][0-9]{0,2}(?:[ \-.]{0,2}(?:\([0-9]{1,5}\)|[0-9]{1,5})){1,6}"
                + _EXTENSION
                + _END
            ),
            0.85,
            accept=_plausible_international,
            needs=(re.compile(r"\+[ ]?[1-9]"),),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_.])00[ \-]?[1-9][0-9]{0,2}(?:[ \-.]{1,2}(?:\([0-9]{2,5}\)|[0-9]{2,5})){1,5}"
                + _EXTENSION
                + _END
            ),
            0.75,
            accept=_plausible_international,
            needs=(re.compile(r"00[ \-]?[1-9]"),),
        ),
        # North America: with brackets or separators; bare ten digits only by context.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_])(?<![0-9][.\-])(?:\+?1[ \-.]?)?(?:\([2-9][0-9]{2}\)[ \-.]?|[2-9][0-9]{2}[ \-.])"
                r"[2-9][0-9]{2}[ \-.][0-9]{4}" + _EXTENSION + _END
            ),
            0.8,
            accept=_nanp,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"1?[2-9][0-9]{2}[2-9][0-9]{6}" + _EXTENSION + _END),
            0.6,
            accept=_nanp,
            context=_PHONE_WORDS,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_.,\-+/$#€£¥\u4e00-\u9fff])[2-9][0-9]{2}[2-9][0-9]{6}(?![0-9A-Za-z_\u4e00-\u9fff])(?![.,\-/:][0-9])"
                + NOT_COUNTED
            ),
            0.4,
            accept=_nanp,
            unless=SOMETHING_ELSE,
            needs=(SEVEN_DIGITS,),
        ),
        # Britain, national form.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"(?:\(0[1-9][0-9]{1,4}\)[ ]?|0[1-9][0-9]{1,4}[ \-])[0-9]{3,4}[ \-]?[0-9]{3,4}"
                + _EXTENSION
                + _END
            ),
            0.65,
            accept=lambda value: 10 <= len(digits_of(value)) <= 12,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"07[0-9]{3}[ \-]?[0-9]{6}" + _END),
            0.7,
            needs=(SEVEN_DIGITS,),
        ),
        # Hong Kong and Macau eight digits, Taiwan mobile and landline: by country code above, else by context.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"(?!(?:19|20)[0-9]{2}[ \-](?:19|20)[0-9]{2})[2-9][0-9]{3}[ \-]?[0-9]{4}" + _END),
            0.55,
            context=words(
                "phone", "telephone", "tel", "mobile", "call", "whatsapp", "hong kong", "macau",
                "电话", "電話", "手機", "手机", "致電", "联系", "聯絡", "香港", "澳门", "澳門", "来电", "传真", "座机",
            ),
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"09[0-9]{2}[ \-]?[0-9]{3}[ \-]?[0-9]{3}" + _END),
            0.7,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"\(?0[2-8]\)?[ \-]{1,2}[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + _END),
            0.65,
            needs=(SEVEN_DIGITS,),
        ),
        # On a line of its own, or an item of a list, before what kind of number it is: "71 33 52 22 office".
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![^\n,;|/])[ \t>]{0,8}(?P<value>(?:\([0-9]{2,5}\)|\+?[0-9]{2,5})(?:[ \-.()]{1,2}[0-9]{2,5}){1,4}|"
                r"\+?[0-9]{7,12})[ ]?[\-–(]?[ ]?"
                r"(?:(?i:office|fax|mobile|cell|home|work|landline|direct)|办公室|办公|单位|传真|手机|住宅|家里|辦公室|傳真|手機)"
                r"\)?(?=[ ]*(?:\n|$|[,;|/\\]))"
            ),
            0.6,
            accept=_of_a_kind,
            needs=(SEVEN_DIGITS,),
        ),
        # Seven digits in an American way, said to be a telephone.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"[2-9][0-9]{2}[\-.][0-9]{4}" + _EXTENSION + _END),
            0.5,
            context=words("phone", "telephone", "tel", "mobile", "cell", "call", "fax", "dial", "电话", "致电"),
            needs=(SEVEN_DIGITS,),
        ),
    ],
)  # fmt: skip

# A digit 0 or 1 may have been read or typed as a letter; only behind a word for a telephone is that a number.
_SAID = re.compile(
    r"\(?\+?[0-9]{1,4}(?:[ \-./()·_–]{0,2}[0-9OoIl]){5,14}(?![0-9A-Za-z])"
    r"(?:[ ,]{0,2}(?:ext\.?|extension|x|#|转|轉|分机|分機)[ :.]{0,2}[0-9]{1,6}(?![0-9]))?"
)


SAID_PHONES = KeyedFamily(
    "said_phones",
    [
        Keyed(
            "PHONE_NUMBER",
            ("phone", "telephone", "tel", "mobile", "cell", "cellphone", "call", "call me at", "call me on",
                "calling", "dial", "ring",
             "ring me at", "ring me on", "reach me at", "reach me on", "reach us at", "reach us on",
             "reach him at", "reach her at",
             "contact", "contact me at", "fax", "hotline", "whatsapp", "text", "sms", "landline", "ph", "mob",
             "handy", "telefon",
             "emergency contact", "contact number", "phone number", "call us at", "call us on",
             "电话", "电话是", "手机", "联系", "联系电话", "联系人电话", "致电", "拨打", "拨", "打", "请拨",
             "传真", "热线", "座机", "短信", "来电",
             "固话", "宅电", "电话号码", "手机号", "手机号码", "電話", "手機", "聯絡", "致電", "撥打", "來電",
             "联系方式", "分机", "客服电话"),
            _SAID,
            score=0.6,
            fewest_digits=6,
            accept=_said,
            lead="(+",
        )
    ],
    needs=SEVEN_DIGITS,
)  # fmt: skip
