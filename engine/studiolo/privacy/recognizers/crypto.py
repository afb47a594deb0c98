"""Addresses of cryptocurrencies: Base58Check, bech32 (BIP 173, BIP 350), Ethereum's; private keys of Bitcoin's are"
" secrets."""

from __future__ import annotations

import hashlib
import re

from studiolo.privacy.recognizers.base import NOT_AFTER_WORD, NOT_BEFORE_WORD, Rule, RuleFamily
from studiolo.privacy.recognizers.keyed import Keyed, KeyedFamily

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_BASE58)}
_BECH32 = {character: value for value, character in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CHECKS = (1, 0x2BC830A3)  # BIP 173, BIP 350


def base58check(value: str) -> bool:
    """Whether the last four bytes are the double SHA-256 of the others."""
    number = 0
    for character in value:
        number = number * 58 + _VALUES[character]
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    data = b"\0" * (len(value) - len(value.lstrip("1"))) + body
    if len(data) < 25:
        return False
    return hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def bech32(value: str) -> bool:
    """Whether the checksum of a segwit address closes; all of it is in one case."""
    text = value.lower()
    if value not in (text, value.upper()):
        return False
    human, _, data = text.rpartition("1")
    if not human or any(character not in _BECH32 for character in data):
        return False
    state = 1
    for number in (*(ord(c) >> 5 for c in human), 0, *(ord(c) & 31 for c in human), *(_BECH32[c] for c in data)):
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ number
        for i, generator in enumerate(_GENERATORS):
            state ^= generator if top >> i & 1 else 0
    return state in _BECH32_CHECKS


CRYPTO = RuleFamily(
    "crypto",
    [
        Rule(
            "CRYPTO",
            re.compile(NOT_AFTER_WORD + r"[13LMDTXr][1-9A-HJ-NP-Za-km-z]{25,34}" + NOT_BEFORE_WORD),
            0.9,
            check=base58check,
            needs=(re.compile(r"[13LMDTX][1-9A-HJ-NP-Za-km-z]{25}"),),
        ),
        Rule(
            "CRYPTO",
            re.compile(NOT_AFTER_WORD + r"(?:bc|tb|ltc|BC|TB|LTC)1[0-9A-Za-z]{25,87}" + NOT_BEFORE_WORD),
            0.95,
            check=bech32,
            needs=(re.compile(r"[cbCB]1[0-9A-Za-z]{25}"),),
        ),
        Rule(
            "CRYPTO",
            re.compile(NOT_AFTER_WORD + r"0x[0-9A-Fa-f]{40}" + NOT_BEFORE_WORD),
            0.9,
            needs=(re.compile("0x"),),
        ),
        Rule(
            "SECRET",
            re.compile(
                NOT_AFTER_WORD + r"(?:5[1-9A-HJ-NP-Za-km-z]{50}|[KL][1-9A-HJ-NP-Za-km-z]{51})" + NOT_BEFORE_WORD
            ),
            0.95,
            check=base58check,
            needs=(re.compile(r"[5KL][1-9A-HJ-NP-Za-km-z]{50}"),),
        ),
    ],
)

WALLETS = KeyedFamily(
    "wallets",
    [
        Keyed(
            "CRYPTO",
            ("wallet", "wallet address", "solana wallet", "sol wallet address", "crypto address",
                "deposit address", "钱包地址",
             "钱包", "錢包地址", "充值地址", "收币地址"),
            re.compile(r"(?=[A-Za-z]{0,20}[0-9])[0-9A-Za-z]{25,64}(?![0-9A-Za-z])"),
            score=0.8,
            fewest_digits=1,
        )
    ],
    needs=re.compile(r"[0-9A-Za-z]{25}"),
)  # fmt: skip
