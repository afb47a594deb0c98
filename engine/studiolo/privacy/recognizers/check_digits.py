"""Check digits of the numbers that states, banks and makers give out.

Each function takes the value as it is written and answers whether it closes. Sources: ISO/IEC 7812-1 (Luhn), ISO 7064,
ISO 3779 and 49 CFR 565 (vehicles), ICAO 9303 (travel documents), and the issuers' own rules, named where they stand.
Pure functions. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date


def compact(value: str) -> str:
    """Letters and digits alone, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", value).upper()


def luhn(digits: str) -> bool:
    """Whether the digits close under Luhn and are not all the same."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0 and len(set(digits)) > 1


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights; both are of one length."""
    return sum(int(c) * w for c, w in zip(digits, weights, strict=True))


def a_date(year: int, month: int, day: int) -> bool:
    """Whether there is such a day, in a year that a living person can name."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1880 <= year <= 2100


def short_date(digits: str) -> bool:
    """Whether YYMMDD is a day of some century."""
    return any(a_date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])) for century in (1900, 2000))


_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def spanish(value: str) -> bool:
    """DNI and NIE: the letter of the number modulo 23."""
    text = compact(value)
    body = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return body.isdigit() and text[-1] == _DNI[int(body) % 23]


_ODD_VALUES = "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23"
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", map(int, _ODD_VALUES.split()), strict=True))


def italian(value: str) -> bool:
    """Codice fiscale (decree of 12 March 1974)."""
    text = compact(value)
    total = sum(_ODD[c] if i % 2 == 0 else int(c) if c.isdigit() else ord(c) - 65 for i, c in enumerate(text[:15]))
    return text[15] == chr(65 + total % 26)


def brazilian(value: str) -> bool:
    """CPF and CNPJ: two digits modulo 11."""
    digits = compact(value)
    if len(set(digits)) == 1 or len(digits) not in (11, 14):
        return False
    for end in (len(digits) - 2, len(digits) - 1):
        weights = [2 + i % (10 if len(digits) == 11 else 8) for i in range(end)][::-1]
        rest = weighted(digits[:end], weights) % 11
        if int(digits[end]) != (0 if rest < 2 else 11 - rest):
            return False
    return True


def chilean(value: str) -> bool:
    """RUT: modulo 11, K for ten."""
    text = compact(value)
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(text[:-1])))
    return text[-1] == "0123456789K0"[11 - total % 11 if total % 11 else 0]


def swiss(value: str) -> bool:
    """AHV number: the check digit of EAN-13."""
    digits = compact(value)
    return sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(digits)) % 10 == 0


def french(value: str) -> bool:
    """INSEE number: 97 less the number modulo 97; Corsican departments count as 19 and 18."""
    text = compact(value).replace("2A", "19").replace("2B", "18")
    return text.isdigit() and len(text) == 15 and 97 - int(text[:13]) % 97 == int(text[13:])


def belgian(value: str) -> bool:
    """National number: 97 less the number modulo 97, a 2 before it for those born from 2000 on."""
    digits = compact(value)
    return any(97 - int(head + digits[:9]) % 97 == int(digits[9:]) for head in ("", "2"))


def finnish(value: str) -> bool:
    """Personal identity code: a character of the number modulo 31."""
    text = compact(value)
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[-4:-1]) % 31] == text[-1]


def thai(value: str) -> bool:
    """Identity number: modulo 11."""
    digits = compact(value)
    return len(digits) == 13 and (11 - weighted(digits[:12], range(13, 1, -1)) % 11) % 10 == int(digits[12])


def singaporean(value: str) -> bool:
    """NRIC and FIN."""
    text = compact(value)
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(text[0], "XWUTRQPNMLK")
    rest = 10 - total % 11 if text[0] == "M" else total % 11
    return letters[rest] == text[8]


def mexican(value: str) -> bool:
    """CURP: a day of birth inside, and a check digit modulo 10."""
    text = value.upper()
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(alphabet.index(c) * (18 - i) for i, c in enumerate(text[:17]))
    return short_date(text[4:10]) and -total % 10 == int(text[17])


def argentine(value: str) -> bool:
    """CUIL and CUIT: modulo 11."""
    digits = compact(value)
    return -weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 == int(digits[10])


def russian_snils(value: str) -> bool:
    """SNILS: modulo 101."""
    digits = compact(value)
    return weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == int(digits[9:])


_VIN_VALUES = {c: int(d) for c, d in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True)}


def vehicle(value: str) -> bool:
    """VIN with the check digit that North America and China (GB 16735) ask for, and letters as well as digits."""
    text = value.upper()
    if text.isdigit() or text.isalpha():
        return False
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum((int(c) if c.isdigit() else _VIN_VALUES[c]) * w for c, w in zip(text, weights, strict=True))
    return "0123456789X"[total % 11] == text[8]


def _dihedral(left: int, right: int) -> int:
    """The product in the dihedral group of order ten."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


_P = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(value: str) -> bool:
    """Verhoeff's scheme, as in Aadhaar."""
    state = 0
    for place, character in enumerate(reversed(compact(value))):
        digit = int(character)
        for _ in range(place % 8):
            digit = _P[digit]
        state = _dihedral(state, digit)
    return state == 0


def machine_readable(value: str) -> bool:
    """The second line of a passport's machine-readable zone: three of its check digits close (ICAO 9303-4)."""

    def closes(text: str, check: str) -> bool:
        total = sum((0 if c == "<" else int(c, 36)) * (7, 3, 1)[i % 3] for i, c in enumerate(text))
        return str(total % 10) == check

    return closes(value[:9], value[9]) and closes(value[13:19], value[19]) and closes(value[21:27], value[27])
