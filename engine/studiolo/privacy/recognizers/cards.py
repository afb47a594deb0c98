"""Payment cards (13-19 digits, Luhn: ISO/IEC 7812-1), IBAN (ISO 13616, mod 97), bank accounts by context."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers import check_digits
from studiolo.privacy.recognizers.base import NOT_AFTER_DIGIT, SEVEN_DIGITS, Rule, RuleFamily, digits_of, words

# ISO 13616 registry: country -> length of its IBAN.
_IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def luhn(value: str) -> bool:
    """Whether the digits satisfy the Luhn check and are not all the same."""
    digits = digits_of(value)
    return 13 <= len(digits) <= 19 and check_digits.luhn(digits)


# A day, or a stretch of years.
_DAY = re.compile(r"(?:19|20|21)[0-9]{2}(?:-[01]?[0-9]-[0-3]?[0-9](?![0-9])|-(?:19|20)[0-9]{2}$)")
# Numbers that issuers give out, by their beginnings and lengths (ISO/IEC 7812; the networks' published ranges).
_ISSUED = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{17,18})"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-59]|[689][0-9])(?:[0-9]{11}|[0-9]{13,16})"  # Diners Club, since it joined Discover with up to 19 digits
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"  # JCB
    r"|220[0-4][0-9]{12,15}"  # Mir
    r"|(?:50|5[6-8]|6[0-9])[0-9]{14,17}"  # Maestro, Discover, UnionPay, RuPay, Elo, Dankort
    r"|(?:81|82|86)[0-9]{14,17}"  # RuPay, UnionPay, Uzcard
    r"|9(?:55[89][0-9]|792|860)[0-9]{11,16}"  # older cards of Chinese banks, Troy, Humo
    r"|1[0-9]{14}"  # UATP
)


def card(value: str) -> bool:
    """A payment card: Luhn, and a beginning and a length that some network gives out."""
    digits = digits_of(value)
    groups = re.findall("[0-9]+", value)
    if len(set(re.findall(r"[^0-9]+", value))) > 1 and any(len(group) != 4 for group in groups[:-1]):
        return False  # figures beside one another, not one number
    if ". " in value:
        return False  # a sentence's end
    if digits[:1] == "1" and len(groups) == 1:
        return False  # every serial number begins so
    return _ISSUED.fullmatch(digits) is not None and luhn(value)


def iban(value: str) -> bool:
    """Country, length and mod-97 check of an IBAN."""
    compact = re.sub(r"[\s\-]", "", value).upper()
    if _IBAN_LENGTH.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _iban_shapes() -> str:
    """One alternative a length, so that the word after an IBAN is never taken for a part of it."""
    by_length: dict[int, list[str]] = {}
    for country, length in _IBAN_LENGTH.items():
        by_length.setdefault(length, []).append(country)
    return "|".join(
        rf"(?:{'|'.join(countries)})[0-9]{{2}}(?:[ \-\n]?[0-9A-Z]){{{length - 4}}}"
        for length, countries in sorted(by_length.items())
    )


_SEP = r"(?:[ ]{1,2}|[ ]?[\-./_·][ ]?)?"  # between two digits of a card number

CARDS = RuleFamily(
    "cards",
    [
        Rule(
            "CREDIT_CARD",
            re.compile(NOT_AFTER_DIGIT + rf"(?<![A-Za-z_])[0-9](?:{_SEP}[0-9]){{12,18}}(?![0-9A-Za-z_])"),
            0.95,
            check=card,
            needs=(SEVEN_DIGITS,),
        ),
        # Broken over two lines; by groups, because columns of numbers stand below one another too.
        Rule(
            "CREDIT_CARD",
            re.compile(
                NOT_AFTER_DIGIT + r"(?<![A-Za-z_])(?:[0-9]{4}[ \-]){1,2}[0-9]{4}[ \-]?\n(?:[0-9]{4}[ \-]){0,2}[0-9]"
                                  r"{1,4}"
                r"(?![0-9A-Za-z_])(?![ \-][0-9])"
            ),
            0.95,
            check=card,
            needs=(SEVEN_DIGITS,),
        ),
        Rule(
            "IBAN",
            re.compile(rf"(?<![0-9A-Za-z])(?:{_iban_shapes()})(?![0-9A-Za-z])", re.IGNORECASE),
            0.95,
            check=iban,
            needs=(re.compile(r"[0-9]{2}(?<=[A-Z]{2}[0-9]{2})", re.IGNORECASE),),
        ),
        Rule(
            "BANK_ACCOUNT",
            re.compile(r"(?<![0-9A-Za-z.\-])[0-9](?:[ \-]?[0-9]){7,20}(?![0-9A-Za-z])(?!\.[0-9])"),
            0.6,
            accept=lambda value: not _DAY.match(value),
            context=words(
                "account", "account no", "account number", "acct", "a/c", "bank account", "sort code", "routing number",
                "账号", "帐号", "账户", "帐户", "银行卡", "卡号", "开户", "收款", "汇款",
            ),
            needs=(SEVEN_DIGITS,),
        ),
    ],
)  # fmt: skip
