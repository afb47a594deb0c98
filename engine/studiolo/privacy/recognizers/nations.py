"""Numbers of persons in many countries: those whose form or check digit gives them away, and those that are announced.

A number that could be anything is one only behind a word for it (`keyed.py`): in the country's language, in English or
in Chinese. The words are the numbers' own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from studiolo.privacy.recognizers import check_digits as check
from studiolo.privacy.recognizers.base import SEVEN_DIGITS, Rule, RuleFamily
from studiolo.privacy.recognizers.keyed import Keyed, KeyedFamily

_END = r"(?![0-9A-Za-z])(?![\-./][0-9])"
_START = r"(?<![0-9A-Za-z_])(?<![0-9][.\-/])"
_FOUR_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,4}[0-9]){3}")


def _rule(
    pattern: str,
    *,
    accept: Callable[[str], bool] | None = None,
    proof: Callable[[str], bool] | None = None,
    needs: re.Pattern[str] = SEVEN_DIGITS,
    score: float = 0.85,
) -> Rule:
    return Rule("NATIONAL_ID", re.compile(_START + pattern + _END), score, accept=accept, check=proof, needs=(needs,))


def _dated(value: str) -> bool:
    return check.short_date(value[:6])


NATION_FORMS = RuleFamily(
    "nation_forms",
    [
        _rule(
            r"(?:[XYZ][ \-]?)?[0-9]{7,8}[ \-]?[A-HJ-NP-TV-Z]",
            proof=lambda v: len(check.compact(v)) == 9 and check.spanish(v),
        ),
        _rule(
            r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
            proof=check.italian,
            needs=re.compile(r"[A-Z]{6}"),
        ),
        _rule(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", proof=check.brazilian),
        _rule(r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", proof=check.brazilian),
        _rule(r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", proof=check.chilean),
        _rule(r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", proof=check.swiss),
        _rule(
            r"[12][ ]?[0-9]{2}[ ]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ ]?(?:[0-9]{2}|"
            r"2[AB])[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{2}",
            proof=check.french,
        ),
        _rule(r"[0-9]{2}\.[01][0-9]\.[0-3][0-9]-[0-9]{3}\.[0-9]{2}", proof=check.belgian),
        _rule(
            r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
            proof=check.finnish,
            needs=re.compile("[0-9]{6}"),
        ),
        _rule(
            r"[0-9]{2}[01][0-9][0-3][0-9][-+][0-9]{4}",
            accept=_dated,
            proof=lambda v: check.luhn(check.compact(v)),
        ),
        _rule(r"[0-9]{6}-[1-8][0-9]{6}", accept=_dated),
        _rule(r"[1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]", proof=check.thai),
        _rule(
            r"[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]",
            proof=check.mexican,
            needs=re.compile("[0-9]{6}"),
        ),
        _rule(r"(?:20|23|24|27|30|33|34)-[0-9]{8}-[0-9]", proof=check.argentine),
        _rule(r"[0-9]{3}-[0-9]{3}-[0-9]{3}[ \-][0-9]{2}", proof=check.russian_snils),
        _rule(r"[2-9][0-9]{3} [0-9]{4} [0-9]{4}", proof=check.verhoeff),
        _rule(r"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", needs=re.compile("[A-Z]{5}"), score=0.7),
        _rule(r"[STFGM][0-9]{7}[A-Z]", proof=check.singaporean),
        _rule(r"[0-9]{6}-(?:0[1-9]|[1-9][0-9])-[0-9]{4}", accept=_dated),
        _rule(r"[1-7][0-9]{4}-[0-9]{7}-[0-9]", score=0.8),
    ],
)

# What a number is called where it is given out; English and Chinese names of the same.
_NAMES = (
    # general
    "national id", "national identity", "national identity card", "national insurance", "identity number",
    "identity card",
    "id number", "id card", "personal id", "resident id", "chinese id", "chinese identity", "hkid",
    "身份证件", "证件",
    "證件", "personal identity code", "personal number", "tax id", "tax number",
    "tax identification", "taxpayer", "tin", "social insurance", "resident registration",
    "citizen id", "citizenship number", "national number", "health card", "residence permit", "resident permit",
    "身份证", "身份證", "身份号", "身份代码", "个人身份", "个人番号", "个人号码", "个人编号", "税号",
    "纳税人识别", "纳税识别",
    "社会保险", "社保", "国民保险", "居民登录", "居民登記", "国民号码", "公民服务", "公民身份", "医疗保险",
    "医保卡", "出生号码",
    "外国人号",
    # Europe
    "steuer-id", "steuer id", "steueridentifikationsnummer", "steuernummer", "idnr", "personalausweis", "insee", "nir",
    "securite sociale", "sécurité sociale", "dni", "nie", "nif", "codice fiscale", "bsn", "burgerservicenummer",
    "rijksregisternummer", "registre national", "personnummer", "samordningsnummer", "henkilötunnus", "hetu",
    "fødselsnummer", "fodselsnummer", "cpr", "pesel", "rodné číslo", "rodne cislo", "pps", "ppsn", "ahv", "avs",
    "cnp", "egn",
    "oib", "jmbg", "amka", "afm", "taj", "snils", "inn", "nino", "ni", "utr", "unique taxpayer reference",
    # the Americas
    "cpf", "cnpj", "curp", "rfc", "cuil", "cuit", "rut", "run", "sin", "cedula", "cédula", "nit",
    # Asia and the Pacific, Africa
    "aadhaar", "aadhar", "uidai", "pan", "nric", "fin", "rrn", "my number", "mynumber", "マイナンバー",
    "個人番号", "mykad", "nik",
    "ktp", "cccd", "cmnd", "cnic", "nicop", "umid", "philsys", "sss", "ird", "tfn", "tax file", "medicare", "ihi",
    "tckn",
    "tc kimlik", "kimlik", "teudat zehut", "bvn", "nin", "medicare号", "mbi",
)  # fmt: skip


def _a_number(value: str) -> bool:
    """Long enough, and neither a year nor an amount."""
    return len(check.compact(value)) >= 6


NATIONS = KeyedFamily(
    "nations",
    [
        Keyed("NATIONAL_ID", _NAMES, accept=_a_number, fewest_digits=5),
        Keyed(
            "US_SSN",
            ("ssn", "social security", "us social security", "社会安全", "社会安全号"),
            accept=_a_number,
            score=0.86,  # above the rule for hyphens: it needs no blank before the number
            fewest_digits=5,
        ),
    ],
    needs=_FOUR_DIGITS,
)
