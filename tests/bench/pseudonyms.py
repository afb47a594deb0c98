"""What pseudonyms hold: collisions, values masked again, mangled tokens restored, exact round trips, and their speed.

Conversations of 50 turns about 200 people, eight at once, with a finder that knows the names by heart: what is measured
is the table. Values are then looked for with no finder at all. DATA is not used; everything is invented, from one seed.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.known import KnownValues
from studiolo.privacy.pseudonym_store import PseudonymStore, Row
from studiolo.privacy.pseudonyms import PseudonymTable, key_of
from studiolo.privacy.vault import KeyHolder
from studiolo.types import Reader
from tests.bench.table import Measure, seconds, table
from tests.mangling import WAYS
from tests.soak.invented import people, screener_for, text_with_values
from tests.soak.pseudonyms import LIBRARY, Tally, conversations, round_trip

SEED = "pseudonyms"
ROUNDS = 10
TEXTS = 1_000  # a language
VALUES = 10_000
SENTENCES = ("{}", "The tenant is {}.", "Ask {} today, please", "租客是{}，", "“{}”说", "1. {}\n2. other")


def run(_data: Path, *, home: Path) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _conversations(folder)
        _mangled(folder)
        _round_trips(folder)
        _speed(folder)


def _conversations(folder: Path) -> None:
    total = Tally()
    for number in range(ROUNDS):
        total.add(conversations(folder / "talk", source=random.Random(f"{SEED}/{number}")))
    share = total.again / total.again_of
    print(f"### {ROUNDS} x 8 conversations of 50 turns about 200 people\n")
    print("| tokens issued | collisions | known values masked again |\n|---:|---:|---:|")
    print(f"| {total.tokens} | {total.collisions} | {total.again} of {total.again_of} ({share:.2%}) |\n")


def _mangled(folder: Path) -> None:
    everybody = people(200, source=random.Random(SEED))
    screener = screener_for(folder / "mangled", everybody)
    try:
        tokens = {
            screener.screen(form, library_id=LIBRARY, direction="question").text.strip("<>"): form
            for person in everybody
            for form in person.forms
        }
        print("### tokens restored, by the way they were written\n\n| way | for example | restored |\n|---|---|---:|")
        right_of_all = 0
        for way in WAYS:
            right = sum(
                screener.restore(sentence.format(way.write(token)), library_id=LIBRARY, reader=Reader.OWNER)
                == sentence.format(way.left.format(form))
                for token, form in tokens.items()
                for sentence in SENTENCES
            )
            right_of_all += right
            example = (
                way.write("PERSON_3B").encode("unicode_escape").decode()
                if "\n" in way.write("A_1")
                else way.write("PERSON_3B")
            )
            print(f"| {way.name} | `` {example} `` | {right / len(tokens) / len(SENTENCES):.2%} |")
        of = len(tokens) * len(SENTENCES) * len(WAYS)
        print(f"\n{right_of_all} of {of} in all ({right_of_all / of:.2%})\n")
    finally:
        screener.close()


def _round_trips(folder: Path) -> None:
    everybody = people(200, source=random.Random(SEED))
    screener = screener_for(folder / "trips", everybody)
    source = random.Random(f"{SEED}/trips")
    print("### texts screened and restored, byte for byte\n")
    print("| language | exact | values replaced | look-alikes escaped |\n|---|---:|---:|---:|")
    try:
        for language in ("en", "zh"):
            texts = [text_with_values(everybody, source=source, chinese=language == "zh") for _ in range(TEXTS)]
            exact = sum(round_trip(screener, text) == text for text in texts)
            counts = _edits(screener, texts)
            literal = counts.pop("LITERAL", 0)
            print(f"| {language} | {exact} of {TEXTS} | {sum(counts.values())} of {len(counts)} types | {literal} |")
        print()
    finally:
        screener.close()


def _edits(screener: PrivacyFilter, texts: list[str]) -> Counter[str]:
    return Counter(
        edit.type for text in texts for edit in screener.screen(text, library_id=LIBRARY, direction="passage").edits
    )


def _speed(folder: Path) -> None:
    store = PseudonymStore(folder / "many.db", KeyHolder(folder / "many.key"))
    try:
        source = random.Random(SEED)
        for number in range(1, VALUES + 1):
            kind, label, value = (
                ("PERSON", "PERSON", f"{_word(source)} {_word(source)}")
                if number % 2
                else ("EMAIL_ADDRESS", "EMAIL", f"{_word(source)}{number}@example.com".lower())
            )
            key = store.key(LIBRARY, label, key_of(kind, value))
            store.add(LIBRARY, Row(label, number, 0, kind, key, value))
        opening = seconds(lambda: PseudonymTable(store, LIBRARY), repeat=3)
        many = PseudonymTable(store, LIBRARY)
        few = KnownValues()
        for person in people(100, source=source):
            few.add("PERSON", person.forms[0])
        texts = [
            text_with_values(people(50, source=source), source=source, chinese=number % 2 == 1) for number in range(60)
        ]
        text = "\n".join(texts)
        print(f"### {VALUES} values in one table\n\nopened in {opening:.3f} s\n")
        unit = "us a 500 characters"
        per = 500 / len(text) * 1e6
        print(
            table(
                "looking for known values in a text",
                [Measure(f"{VALUES} known", seconds(lambda: many.known_values(text)) * per, unit)],
                baseline=Measure("100 known", seconds(lambda: few.find(text)) * per, unit),
            )
        )
    finally:
        store.close()


def _word(source: random.Random) -> str:
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=7)).title()
