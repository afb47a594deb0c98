"""Numbers that states give to persons, vehicles and devices, with their check digits, for the second probe.

As in `_probe_values`, nothing is taken from the engine; the issuer or standard is named where it is
not the state itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.bench._probe_values import CAPITALS, DIGITS, Make, a_day, fill, grouped, luhn_closed


def mod11_weighted(body: str, weights: Sequence[int]) -> int:
    return sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11


def _until(make: Callable[[Random], str | None]) -> Make:
    """Drawn again while the scheme has no check digit for the draw."""

    def again(rng: Random) -> str:
        while (value := make(rng)) is None:
            pass
        return value

    return again


def _nhs(rng: Random) -> str | None:
    body = fill(rng, "4########")
    check = -mod11_weighted(body, range(10, 1, -1)) % 11
    return None if check == 10 else body + str(check)


nhs = _until(_nhs)


def de_tax_id(rng: Random) -> str:
    """ISO 7064 MOD 11,10; one digit twice, the others once at most (Bundeszentralamt fuer Steuern)."""
    digits = rng.sample(DIGITS[1:], 1) + rng.sample(DIGITS, 10)
    chosen = [digits[0], *[d for d in digits[1:] if d != digits[0]][:8]]
    chosen.insert(rng.randint(2, 8), rng.choice(chosen[:2]))
    body = "".join(chosen[:10])
    product = 10
    for character in body:
        total = (int(character) + product) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)


def fr_insee(rng: Random) -> str:
    year, month, _ = a_day(rng)
    body = f"{rng.choice('12')}{year % 100:02d}{month:02d}{rng.randint(1, 95):02d}{fill(rng, '######')}"
    return f"{body}{97 - int(body) % 97:02d}"


def es_dni(rng: Random) -> str:
    body = fill(rng, "########")
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def es_nie(rng: Random) -> str:
    letter, body = rng.choice("XYZ"), fill(rng, "#######")
    return letter + body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(str("XYZ".index(letter)) + body) % 23]


def it_codice(rng: Random) -> str:
    odd = dict(
        zip(
            DIGITS + CAPITALS,
            [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
             14, 16,
             10, 22, 25, 24, 23],
            strict=True,
        )
    )  # fmt: skip
    body = fill(rng, "??????##") + rng.choice("ABCDEHLMPRST") + f"{rng.randint(1, 28):02d}" + fill(rng, "?###")
    total = sum(odd[c] if i % 2 == 0 else int(c) if c.isdigit() else ord(c) - 65 for i, c in enumerate(body))
    return body + CAPITALS[total % 26]


_VERHOEFF_D = [[(i + j) % 5 if i < 5 and j < 5 else 0 for j in range(10)] for i in range(10)]
for _i in range(10):
    for _j in range(10):  # the dihedral group of order ten
        if _i < 5:
            _VERHOEFF_D[_i][_j] = (_i + _j) % 5 if _j < 5 else 5 + (_i + _j - 5) % 5
        else:
            _VERHOEFF_D[_i][_j] = 5 + (_i - 5 - _j) % 5 if _j < 5 else (_i - _j) % 5
_VERHOEFF_P = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    _VERHOEFF_P.append([_VERHOEFF_P[-1][k] for k in _VERHOEFF_P[1]])


def aadhaar(rng: Random) -> str:
    body = rng.choice("23456789") + fill(rng, "##########")
    for check in DIGITS:
        state = 0
        for place, character in enumerate(reversed(body + check)):
            state = _VERHOEFF_D[state][_VERHOEFF_P[place % 8][int(character)]]
        if state == 0:
            return grouped(body + check, (4, 4, 4), " ")
    raise AssertionError


def _two_checks(body: str, first: Sequence[int], second: Sequence[int]) -> str:
    for weights in (first, second):
        rest = mod11_weighted(body, weights)
        body += str(0 if rest < 2 else 11 - rest)
    return body


def br_cpf(rng: Random) -> str:
    value = _two_checks(fill(rng, "#########"), range(10, 1, -1), range(11, 1, -1))
    return f"{value[:3]}.{value[3:6]}.{value[6:9]}-{value[9:]}"


def br_cnpj(rng: Random) -> str:
    first = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    value = _two_checks(fill(rng, "########0001"), first, (6, *first))
    return f"{value[:2]}.{value[2:5]}.{value[5:8]}/{value[8:12]}-{value[12:]}"


def ca_sin(by: str) -> Make:
    return lambda rng: grouped(luhn_closed(rng.choice("1245679") + fill(rng, "#######")), (3, 3, 3), by)


def _au_tfn(rng: Random) -> str | None:
    value = fill(rng, "%########")
    return grouped(value, (3, 3, 3), " ") if mod11_weighted(value, (1, 4, 3, 7, 5, 8, 6, 9, 10)) == 0 else None


au_tfn = _until(_au_tfn)


def sg_nric(rng: Random) -> str:
    kind, body = rng.choice("STFG"), fill(rng, "#######")
    total = sum(int(c) * w for c, w in zip(body, (2, 7, 6, 5, 4, 3, 2), strict=True)) + (4 if kind in "TG" else 0)
    return kind + body + ("JZIHGFEDCBA" if kind in "ST" else "XWUTRQPNMLK")[total % 11]


def kr_rrn(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    body = f"{year % 100:02d}{month:02d}{day:02d}{rng.choice('12')}{fill(rng, '#####')}"
    check = (11 - mod11_weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def jp_my_number(rng: Random) -> str:
    body = fill(rng, "###########")
    rest = mod11_weighted(body, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return grouped(body + str(0 if rest <= 1 else 11 - rest), (4, 4, 4), rng.choice((" ", "")))


def _nl_bsn(rng: Random) -> str | None:
    body = fill(rng, "%#######")
    check = mod11_weighted(body, range(9, 1, -1))
    return None if check == 10 else body + str(check)


nl_bsn = _until(_nl_bsn)


def be_national(rng: Random) -> str:
    year, month, day = a_day(rng, 1940, 1999)
    body = f"{year % 100:02d}{month:02d}{day:02d}{rng.randint(1, 997):03d}"
    return f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{97 - int(body) % 97:02d}"


def se_personnummer(rng: Random) -> str:
    year, month, day = a_day(rng)
    value = luhn_closed(f"{year % 100:02d}{month:02d}{day:02d}{fill(rng, '###')}")
    return f"{value[:6]}-{value[6:]}"


def fi_hetu(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    date, serial = f"{day:02d}{month:02d}{year % 100:02d}", f"{rng.randint(2, 899):03d}"
    return f"{date}-{serial}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(date + serial) % 31]}"


def _no_number(rng: Random) -> str | None:
    year, month, day = a_day(rng, 1955, 1999)
    body = f"{day:02d}{month:02d}{year % 100:02d}{rng.randint(0, 499):03d}"
    for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)):
        check = -mod11_weighted(body, weights) % 11
        if check == 10:
            return None
        body += str(check)
    return body


no_number = _until(_no_number)


def dk_cpr(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    return f"{day:02d}{month:02d}{year % 100:02d}-{fill(rng, '%###')}"


def pl_pesel(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    body = f"{year % 100:02d}{month:02d}{day:02d}{fill(rng, '####')}"
    total = sum(int(c) * w for c, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return body + str(-total % 10)


def cz_number(rng: Random) -> str:
    while True:
        year, month, day = a_day(rng, 1955, 1999)
        body = f"{year % 100:02d}{month + rng.choice((0, 50)):02d}{day:02d}{fill(rng, '####')}"
        if int(body) % 11 == 0:
            return f"{body[:6]}/{body[6:]}"


def pt_nif(rng: Random) -> str:
    body = fill(rng, "2#######")
    rest = mod11_weighted(body, range(9, 1, -1))
    return body + str(0 if rest < 2 else 11 - rest)


def ie_pps(rng: Random) -> str:
    body = fill(rng, "#######")
    return body + "WABCDEFGHIJKLMNOPQRSTUV"[sum(int(c) * w for c, w in zip(body, range(8, 1, -1), strict=True)) % 23]


def ch_ahv(rng: Random) -> str:
    body = "756" + fill(rng, "#########")
    check = -sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10
    return f"{body[:3]}.{body[3:7]}.{body[7:11]}.{body[11:]}{check}"


def tr_tckn(rng: Random) -> str:
    body = fill(rng, "%########")
    numbers = list(map(int, body))
    tenth = (sum(numbers[0::2]) * 7 - sum(numbers[1::2])) % 10
    return f"{body}{tenth}{(sum(numbers) + tenth) % 10}"


def za_id(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    return luhn_closed(f"{year % 100:02d}{month:02d}{day:02d}{fill(rng, '####')}08")


def th_id(rng: Random) -> str:
    body = fill(rng, "%###########")
    check = (11 - mod11_weighted(body, range(13, 1, -1))) % 10
    return f"{body[0]}-{body[1:5]}-{body[5:10]}-{body[10:]}-{check}"


def mx_curp(rng: Random) -> str:
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    year, month, day = a_day(rng, 1950, 1999)
    body = f"{fill(rng, '?')}{rng.choice('AEIOU')}{fill(rng, '??')}{year % 100:02d}{month:02d}{day:02d}"
    body += rng.choice("HM") + rng.choice(("DF", "JC", "NL", "MC")) + "RLN" + "0"
    return body + str(-sum(alphabet.index(c) * (18 - i) for i, c in enumerate(body)) % 10)


def _ar_cuil(rng: Random) -> str | None:
    body = rng.choice(("20", "27")) + fill(rng, "########")
    check = -mod11_weighted(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return None if check == 10 else f"{body[:2]}-{body[2:]}-{check}"


ar_cuil = _until(_ar_cuil)


def cl_rut(rng: Random) -> str:
    body = str(rng.randint(5_000_000, 25_999_999))
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(body)))
    check = "0123456789K0"[11 - total % 11] if total % 11 else "0"
    return f"{int(body):,}".replace(",", ".") + f"-{check}"


def ro_cnp(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    body = f"{rng.choice('12')}{year % 100:02d}{month:02d}{day:02d}{rng.randint(1, 46):02d}{rng.randint(1, 999):03d}"
    rest = mod11_weighted(body, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9))
    return body + str(1 if rest == 10 else rest)


def hr_oib(rng: Random) -> str:
    body, product = fill(rng, "%#########"), 10
    for character in body:
        total = (int(character) + product) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)


def ru_snils(rng: Random) -> str:
    body = fill(rng, "%########")
    total = sum(int(c) * w for c, w in zip(body, range(9, 0, -1), strict=True)) % 101
    return f"{grouped(body, (3, 3, 3), '-')} {total % 100:02d}"


def my_kad(rng: Random) -> str:
    year, month, day = a_day(rng, 1950, 1999)
    return f"{year % 100:02d}{month:02d}{day:02d}-{rng.randint(1, 14):02d}-{fill(rng, '####')}"


def npi(rng: Random) -> str:
    return luhn_closed("80840" + "1" + fill(rng, "########"))[5:]


def dea(rng: Random) -> str:
    body = fill(rng, "######")
    check = (int(body[0]) + int(body[2]) + int(body[4]) + 2 * (int(body[1]) + int(body[3]) + int(body[5]))) % 10
    return rng.choice("ABFM") + fill(rng, "?") + body + str(check)


def vin(rng: Random) -> str:
    """ISO 3779 with the check digit of 49 CFR 565."""
    values = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
            strict=True,
        )
    )
    alphabet = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    body = rng.choice(("1HG", "LSV", "WVW", "5YJ", "LFV")) + "".join(rng.choice(alphabet) for _ in range(5))
    tail = rng.choice("ABCDEFGHJKLMNPRST") + rng.choice("ABCDEFGH") + fill(rng, "######")
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum((values.get(c) or int(c)) * w for c, w in zip(f"{body}0{tail}", weights, strict=True))
    return f"{body}{'0123456789X'[total % 11]}{tail}"


def imei(rng: Random) -> str:
    return luhn_closed("35" + fill(rng, "############"))


def mrz(rng: Random) -> str:
    """The second line of a passport's machine-readable zone (ICAO 9303)."""

    def check(text: str) -> str:
        total = sum((0 if c == "<" else int(c, 36)) * (7, 3, 1)[i % 3] for i, c in enumerate(text))
        return str(total % 10)

    number, personal = fill(rng, "?########"), "<" * 14
    year, month, day = a_day(rng)
    born, until = f"{year % 100:02d}{month:02d}{day:02d}", f"3{rng.randint(0, 4)}{month:02d}{day:02d}"
    upper = number + check(number) + born + check(born) + until + check(until) + personal + "0"
    line = f"{number}{check(number)}{rng.choice(('CHN', 'GBR', 'USA'))}{born}{check(born)}{rng.choice('MF')}{until}"
    return f"{line}{check(until)}{personal}0{check(upper)}"
