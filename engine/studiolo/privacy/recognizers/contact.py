"""E-mail addresses and telephone numbers: mainland China, Hong Kong, Macau, Taiwan, North America, Britain, others."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import (
    NOT_AFTER_DIGIT,
    NOT_BEFORE_DIGIT,
    SEVEN_DIGITS,
    Rule,
    RuleFamily,
    digits_of,
    words,
)

_S = r"[ \-.]?"  # one separator inside a number, or none
_EXTENSION = r"(?:[ ,]{0,2}(?:ext\.?|extension|x|转|分机)[ :]{0,2}[0-9]{1,6}(?![0-9]))?"
_END = r"(?![0-9])(?![\-.][0-9])(?![A-Za-z_])"
_START = NOT_AFTER_DIGIT + r"(?<![A-Za-z_#$€£¥+])"

# Local part and host may be written in any script (RFC 6531); Chinese text around an ASCII address is not part of it.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)*"
_EMAIL = rf"(?<![A-Za-z0-9._%+\-])(?P<value>{_LOCAL} ?@ ?{_HOST})(?![A-Za-z0-9@])"
# A name of several scripts in the host, or accents or Chinese in the local part. The last label is ASCII or one of
# the Chinese top-level domains in use, so that the sentence after the address is not taken with it.
_HAN_TLD = "公司|中国|中國|网络|集团|香港|台湾|台灣|在线|中文网|网址|商城|政务|公益"
_WIDE_HOST = rf"(?:[^\W_](?:[^\W_]|-){{0,40}}\.){{1,4}}(?:[A-Za-z]{{2,12}}(?![A-Za-z0-9])|{_HAN_TLD})"
_WIDE_LOCAL = (
    r"(?:(?<![A-Za-z0-9À-ɏ._%+\-])[A-Za-z0-9À-ɏ_%+\-]+(?:\.[A-Za-z0-9À-ɏ_%+\-]+){0,4}|(?<![\w.])[\u4e00-\u9fff]{1,6})"
)
_EMAIL_WIDE = rf"{_WIDE_LOCAL}@{_WIDE_HOST}"


_AT = re.compile("@")


def _plausible_email(value: str) -> bool:
    local, _, host = value.replace(" ", "").rpartition("@")
    if " " in value and ("." not in host or not local):  # "meet @ noon" is no address
        return False
    return bool(local) and not host.replace(".", "").isdigit()


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

CONTACT = RuleFamily(
    "contact",
    [
        Rule("EMAIL_ADDRESS", re.compile(_EMAIL), 0.95, accept=_plausible_email, needs=_AT),
        Rule("EMAIL_ADDRESS", re.compile(_EMAIL_WIDE), 0.85, accept=lambda value: not value.isascii(), needs=_AT),
        # China, mobile: 1[3-9] and nine more, in 3-4-4 or any grouping, with or without country code.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_])(?<![0-9][.\-])"
                r"(?:(?:\+|00)?[ ]?(?:\(86\)|86)[ \-]{0,2})?(?:\(1[3-9][0-9]\)|1[3-9][0-9])(?:[ \-.]?[0-9]){8}"
                + _EXTENSION
                + NOT_BEFORE_DIGIT
            ),
            0.9,
            needs=SEVEN_DIGITS,
        ),
        # China, landline: area code 010, 02x, 0[3-9]xx.
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"(?:\(0(?:10|2[0-9]|[3-9][0-9]{2})\)[ ]?|0(?:10|2[0-9]|[3-9][0-9]{2})[ \-]{1,3})"
                r"[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.85,
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                _START + r"0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.7,
            context=_PHONE_WORDS,
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(
                r"(?<![0-9A-Za-z_])(?:\+|00)[ ]?86[ \-]{0,2}(?:\(0\)|0)?(?:10|2[0-9]|[3-9][0-9]{2})[ \-]{0,2}"
                r"[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + r"(?:-[0-9]{1,5})?" + _END
            ),
            0.9,
            needs=SEVEN_DIGITS,
        ),
        # China, service numbers 400/800.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"[48]00[ \-][0-9]{3,4}[ \-]?[0-9]{3,4}" + _END),
            0.6,
            needs=SEVEN_DIGITS,
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
            needs=re.compile(r"\+[ ]?[1-9]"),
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
            needs=re.compile(r"00[ \-]?[1-9]"),
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
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"1?[2-9][0-9]{2}[2-9][0-9]{6}" + _EXTENSION + _END),
            0.6,
            accept=_nanp,
            context=_PHONE_WORDS,
            needs=SEVEN_DIGITS,
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
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"07[0-9]{3}[ \-]?[0-9]{6}" + _END),
            0.7,
            needs=SEVEN_DIGITS,
        ),
        # Hong Kong and Macau eight digits, Taiwan mobile and landline: by country code above, else by context.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"[2-9][0-9]{3}[ \-]?[0-9]{4}" + _END),
            0.55,
            context=words(
                "phone", "telephone", "tel", "mobile", "call", "whatsapp", "hong kong", "macau",
                "电话", "電話", "手機", "手机", "致電", "联系", "聯絡", "香港", "澳门", "澳門", "来电", "传真", "座机",
            ),
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"09[0-9]{2}[ \-]?[0-9]{3}[ \-]?[0-9]{3}" + _END),
            0.7,
            needs=SEVEN_DIGITS,
        ),
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"\(?0[2-8]\)?[ \-]{1,2}[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _EXTENSION + _END),
            0.65,
            needs=SEVEN_DIGITS,
        ),
        # Seven digits in an American way, said to be a telephone.
        Rule(
            "PHONE_NUMBER",
            re.compile(_START + r"[2-9][0-9]{2}[\-.][0-9]{4}" + _EXTENSION + _END),
            0.5,
            context=words("phone", "telephone", "tel", "mobile", "cell", "call", "fax", "dial", "电话", "致电"),
            needs=SEVEN_DIGITS,
        ),
    ],
)  # fmt: skip
