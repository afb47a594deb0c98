"""Makers of structured values for the second probe: every check digit is computed here, from the issuers' documents.

Nothing is taken from the engine: a mistake in a rule must not be made twice. All values are invented.
A template's `#` is a digit, `%` one of 1-9, `?` a capital, `*` a letter or digit, `^` a lower-case hexadecimal digit,
`&` a character of base64url; everything else stands for itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from random import Random

Make = Callable[[Random], str]

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MIXED = DIGITS + CAPITALS + CAPITALS.lower()
_ALPHABETS = {
    "#": DIGITS,
    "%": DIGITS[1:],
    "?": CAPITALS,
    "*": _MIXED,
    "^": "0123456789abcdef",
    "&": _MIXED + "_-",
}


def fill(rng: Random, template: str) -> str:
    """The template with every place filled."""
    return "".join(rng.choice(_ALPHABETS[c]) if c in _ALPHABETS else c for c in template)


def of(*templates: str) -> Make:
    """A value of one of the templates."""
    return lambda rng: fill(rng, rng.choice(templates))


def one_of(*values: str) -> Make:
    """One of the values as they stand."""
    return lambda rng: rng.choice(values)


def grouped(digits: str, sizes: Sequence[int], by: str) -> str:
    """Digits in groups; what is left over after the last size is one more group."""
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    if at < len(digits):
        parts.append(digits[at:])
    return by.join(part for part in parts if part)


def luhn_closed(body: str) -> str:
    """The digits and their Luhn check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, character in enumerate(reversed(body)):
        number = int(character)
        if place % 2 == 0:
            number *= 2
            number = number // 10 + number % 10
        total += number
    return body + str(-total % 10)


def card(prefixes: Sequence[str], length: int, *, sizes: Sequence[int] = (), by: str = "") -> Make:
    def make(rng: Random) -> str:
        prefix = rng.choice(prefixes)
        digits = luhn_closed(prefix + fill(rng, "#" * (length - len(prefix) - 1)))
        return grouped(digits, sizes, by) if by else digits

    return make


# Country, and its account part: a = letter, n = digit, c = either (ISO 13616 registry).
_BBANS = {
    "DE": "n" * 18, "FR": "n" * 10 + "c" * 11 + "nn", "GB": "aaaa" + "n" * 14, "NL": "aaaa" + "n" * 10,
    "CH": "n" * 5 + "c" * 12, "ES": "n" * 20, "IT": "a" + "n" * 10 + "c" * 12, "PL": "n" * 24, "SE": "n" * 20,
    "NO": "n" * 11, "DK": "n" * 14, "FI": "n" * 14, "BE": "n" * 12, "AT": "n" * 16, "PT": "n" * 21,
    "IE": "aaaa" + "n" * 14, "GR": "n" * 7 + "c" * 16, "SA": "nn" + "c" * 18, "AE": "n" * 19, "TR": "n" * 6 + "c" * 16,
    "MT": "aaaa" + "n" * 5 + "c" * 18, "KW": "aaaa" + "c" * 22, "BR": "n" * 23 + "ac", "CZ": "n" * 20,
    "LU": "nnn" + "c" * 13, "IL": "n" * 19, "UA": "n" * 6 + "c" * 19, "KZ": "nnn" + "c" * 13, "HU": "n" * 24,
}  # fmt: skip


def iban(*, by: str = "", lower: bool = False) -> Make:
    def make(rng: Random) -> str:
        country = rng.choice(sorted(_BBANS))
        alphabets = {"a": CAPITALS, "n": DIGITS, "c": DIGITS + CAPITALS}
        account = "".join(rng.choice(alphabets[kind]) for kind in _BBANS[country])
        number = int("".join(str(int(c, 36)) for c in account + country + "00"))
        value = f"{country}{98 - number % 97:02d}{account}"
        value = grouped(value, [4] * 8, by) if by else value
        return value.lower() if lower else value

    return make


def a_day(rng: Random, first: int = 1950, last: int = 2004) -> tuple[int, int, int]:
    return rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28)


def cn_id(rng: Random) -> str:
    """GB 11643-1999."""
    area = rng.choice(("110108", "310115", "440305", "330106", "510107", "420111", "610113", "350203", "650102"))
    body = area + "{:04d}{:02d}{:02d}".format(*a_day(rng)) + fill(rng, "###")
    total = sum(int(c) * (2 ** (17 - i) % 11) for i, c in enumerate(body))
    return body + "10X98765432"[total % 11]


def cn_id_15(rng: Random) -> str:
    year, month, day = a_day(rng, 1940, 1985)
    return rng.choice(("110102", "320104", "440103")) + f"{year % 100:02d}{month:02d}{day:02d}" + fill(rng, "###")


def cn_id_mistyped(rng: Random) -> str:
    value = cn_id(rng)
    return value[:-1] + rng.choice([c for c in DIGITS if c != value[-1]])


def uscc(rng: Random) -> str:
    """GB 32100-2015."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = rng.choice(("91", "92", "52", "12")) + rng.choice(("310115", "440305", "110108")) + "MA"
    body += "".join(rng.choice(alphabet) for _ in range(7))
    total = sum(alphabet.index(c) * 3**i for i, c in enumerate(body))
    return body + alphabet[-total % 31]


def hk_id(form: str) -> Make:
    """Hong Kong; `{l}` letters, `{d}` six digits, `{c}` check."""

    def make(rng: Random) -> str:
        letters = rng.choice(("A", "K", "R", "Y", "Z", "WX", "XA"))
        digits = fill(rng, "######")
        head = [36] if len(letters) == 1 else []
        total = sum(
            v * w
            for v, w in zip(
                [*head, *(ord(c) - 55 for c in letters), *map(int, digits)], (9, 8, 7, 6, 5, 4, 3, 2), strict=True
            )
        )
        return form.format(l=letters, d=digits, c="0123456789A"[-total % 11])

    return make


def tw_id(second: str) -> Make:
    def make(rng: Random) -> str:
        letter = rng.choice(CAPITALS)
        code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(letter) + 10
        body = rng.choice(second) + fill(rng, "#######")
        total = code // 10 + code % 10 * 9 + sum(int(c) * w for c, w in zip(body, range(8, 0, -1), strict=True))
        return f"{letter}{body}{-total % 10}"

    return make


def plate(*templates: str) -> Make:
    """`{p}` a province, `{l}` an issuing letter, then a template of digits and letters without I and O."""

    def make(rng: Random) -> str:
        form = rng.choice(templates).format(
            p=rng.choice("京沪粤浙苏川鄂鲁闽津渝陕"),
            l=rng.choice("ABCDEFGHJK"),
            x=rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ"),
        )
        return fill(rng, form)

    return make


def cn_mobile(form: str) -> Make:
    """`{a}` 3, `{b}` 4, `{c}` 4 digits."""

    def make(rng: Random) -> str:
        head = rng.choice(
            ("131", "135", "138", "139", "147", "150", "157", "166", "173", "177", "186", "188", "191", "199")
        )
        return form.format(a=head, b=fill(rng, "####"), c=fill(rng, "####"))

    return make


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58check(version: bytes, size: int, *, tail: bytes = b"") -> Make:
    def make(rng: Random) -> str:
        body = version + rng.randbytes(size) + tail
        data = body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]
        number, text = int.from_bytes(data, "big"), ""
        while number:
            number, rest = divmod(number, 58)
            text = BASE58[rest] + text
        return "1" * (len(data) - len(data.lstrip(b"\0"))) + text

    return make


def bech32(prefix: str, version: int, size: int) -> Make:
    """BIP 173 (version 0) and BIP 350."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

    def polymod(values: Sequence[int]) -> int:
        state = 1
        for value in values:
            top = state >> 25
            state = (state & 0x1FFFFFF) << 5 ^ value
            for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                state ^= generator if top >> i & 1 else 0
        return state

    def make(rng: Random) -> str:
        bits = "".join(f"{byte:08b}" for byte in rng.randbytes(size))
        bits += "0" * (-len(bits) % 5)
        words = [version, *(int(bits[i : i + 5], 2) for i in range(0, len(bits), 5))]
        human = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
        check = polymod([*human, *words, 0, 0, 0, 0, 0, 0]) ^ (1 if version == 0 else 0x2BC830A3)
        words += [check >> 5 * (5 - i) & 31 for i in range(6)]
        return f"{prefix}1{''.join(alphabet[w] for w in words)}"

    return make


def base64_of(size: int) -> Make:
    return lambda rng: base64.b64encode(rng.randbytes(size)).decode()


def jwt(rng: Random) -> str:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    head = part('{"alg":"HS256","typ":"JWT"}')
    claims = part(json.dumps({"sub": fill(rng, "%###"), "iat": 1712345678}))
    return f"{head}.{claims}.{fill(rng, '&' * 43)}"


def pem(kind: str) -> Make:
    def make(rng: Random) -> str:
        body = base64.b64encode(rng.randbytes(280)).decode()
        lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"

    return make


# How a value may be written without becoming another one.

_FULL = {ord(c): chr(ord(c) + 0xFEE0) for c in map(chr, range(0x21, 0x7F))}


def full_width(make: Make) -> Make:
    return lambda rng: make(rng).translate(_FULL)


def replaced(make: Make, *pairs: tuple[str, str]) -> Make:
    def changed(rng: Random) -> str:
        value = make(rng)
        for old, new in pairs:
            value = value.replace(old, new)
        return value

    return changed


def sprinkled(make: Make, marks: str = "\u200b\u200c\u200d\u2060\ufeff\u00ad") -> Make:
    """With two invisible characters inside."""

    def changed(rng: Random) -> str:
        value = make(rng)
        for _ in range(2):
            at = rng.randint(1, len(value) - 1)
            value = value[:at] + rng.choice(marks) + value[at:]
        return value

    return changed


def with_o(make: Make) -> Make:
    """A digit 0 written as the letter O, once at least."""

    def changed(rng: Random) -> str:
        while "0" not in (value := make(rng))[3:]:
            pass
        return value[:3] + value[3:].replace("0", "O", 1)

    return changed


def wrapped(make: Make) -> Make:
    """Broken over two lines at the space nearest to the middle."""

    def changed(rng: Random) -> str:
        value = make(rng)
        spaces = [i for i, character in enumerate(value) if character == " "]
        at = min(spaces, key=lambda i: abs(i - len(value) // 2))
        return f"{value[:at]}\n{value[at + 1 :]}"

    return changed
