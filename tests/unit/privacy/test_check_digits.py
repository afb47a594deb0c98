"""Check digits against numbers that the second probe's makers close by computations of their own."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from tests.bench import _probe_national as national
from tests.bench import _probe_values as values

from studiolo.privacy.recognizers import check_digits as check
from studiolo.privacy.recognizers.cards import iban, luhn
from studiolo.privacy.recognizers.cn_ids import hong_kong_id, resident_id, social_credit_code, taiwan_id
from studiolo.privacy.recognizers.crypto import base58check, bech32
from studiolo.privacy.recognizers.national_ids import nhs_number

CASES: list[tuple[Callable[[str], bool], values.Make]] = [
    (luhn, values.card(("4", "62"), 16, sizes=(4, 4, 4), by=" ")),
    (iban, values.iban(by=" ")),
    (resident_id, values.cn_id),
    (social_credit_code, values.uscc),
    (hong_kong_id, values.hk_id("{l}{d}({c})")),
    (taiwan_id, values.tw_id("12")),
    (nhs_number, national.nhs),
    (check.spanish, national.es_dni),
    (check.spanish, national.es_nie),
    (check.italian, national.it_codice),
    (check.brazilian, national.br_cpf),
    (check.brazilian, national.br_cnpj),
    (check.chilean, national.cl_rut),
    (check.swiss, national.ch_ahv),
    (check.french, national.fr_insee),
    (check.belgian, national.be_national),
    (check.finnish, national.fi_hetu),
    (check.thai, national.th_id),
    (check.singaporean, national.sg_nric),
    (check.mexican, national.mx_curp),
    (check.argentine, national.ar_cuil),
    (check.russian_snils, national.ru_snils),
    (check.vehicle, national.vin),
    (check.verhoeff, national.aadhaar),
    (check.machine_readable, national.mrz),
    (base58check, values.base58check(b"\0", 20)),
    (base58check, values.base58check(b"\x80", 32, tail=b"\x01")),
    (bech32, values.bech32("bc", 0, 20)),
    (bech32, values.bech32("bc", 1, 32)),
]
IDS = [f"{function.__name__}-{number}" for number, (function, _) in enumerate(CASES)]


@pytest.mark.parametrize(("holds", "make"), CASES, ids=IDS)
def test_a_true_number_closes(holds: Callable[[str], bool], make: values.Make) -> None:
    rng = Random(7)
    for _ in range(40):
        value = make(rng)
        assert holds(value), value


@pytest.mark.parametrize(("holds", "make"), CASES, ids=IDS)
def test_a_changed_digit_is_noticed(holds: Callable[[str], bool], make: values.Make) -> None:
    """Most single changes; some schemes overlook a few, and not every digit of a passport's line is checked."""
    rng = Random(11)
    noticed = 0
    for _ in range(60):
        value = make(rng)
        places = [i for i, character in enumerate(value[:-1]) if character in "23456789" and i < 9]
        at = rng.choice(places or [i for i, c in enumerate(value) if c in "23456789"])
        noticed += not holds(
            value[:at] + str((int(value[at]) - 1) % 9 + 1)[:1].replace(value[at], "1") + value[at + 1 :]
        )
    assert noticed >= 45


def test_days() -> None:
    assert check.a_date(2000, 2, 29)
    assert not check.a_date(1900, 2, 29)
    assert check.short_date("000229")
    assert not check.short_date("991332")


def test_all_the_same_digit_is_no_card() -> None:
    assert not check.luhn("0" * 16)
    assert not check.brazilian("111.111.111-11")
