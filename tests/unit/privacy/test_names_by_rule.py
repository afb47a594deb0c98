"""Persons, places, companies, dates and addresses that words give away: what each rule finds, and what it leaves alone.

All names and addresses are invented.
"""

from __future__ import annotations

import pytest

from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers.base import Family, Match
from studiolo.privacy.recognizers.blocks import BLOCKS
from studiolo.privacy.recognizers.capitals import CAPITALS
from studiolo.privacy.recognizers.chinese import refined
from studiolo.privacy.recognizers.cues import CUES
from studiolo.privacy.recognizers.dates import DATES
from studiolo.privacy.recognizers.names import ScriptNames
from studiolo.privacy.recognizers.titles import TITLES
from studiolo.privacy.recognizers.web import WEB
from studiolo.privacy.spans import resolve, yielding


def found(family: Family, text: str) -> list[tuple[str, str]]:
    folded = fold(text)
    matches = resolve(folded.text, family.find(folded.text))
    return [(m.type, text[slice(*folded.original(m.start, m.end))]) for m in matches]


FOUND: list[tuple[Family, str, str, str]] = [
    (BLOCKS, "Send it to 14 Lindenstraße, Bonn", "ADDRESS", "14 Lindenstraße, Bonn"),
    (BLOCKS, "He lives at Calle Mayor 8.", "ADDRESS", "Calle Mayor 8."),
    (
        BLOCKS,
        "Address: 12 Quillmere 9 Apt. 4\nHolmby\nNorway 4410",
        "ADDRESS",
        "12 Quillmere 9 Apt. 4\nHolmby\nNorway 4410",
    ),
    (BLOCKS, "to PSC 1234, Box 5678\nAPO AE 09012", "ADDRESS", "PSC 1234, Box 5678\nAPO AE 09012"),
    (BLOCKS, "at the corner of Mill Lane and High Street", "ADDRESS", "the corner of Mill Lane and High Street"),
    (BLOCKS, "the corner of 5 Quillmere and Bexley", "ADDRESS", "the corner of 5 Quillmere and Bexley"),
    (BLOCKS, "the USS Quillmere\nFPO AE 09543", "ADDRESS", "USS Quillmere\nFPO AE 09543"),
    (BLOCKS, "write to unit 1234 box 567\ndpo ap 96521", "ADDRESS", "unit 1234 box 567\ndpo ap 96521"),
    (
        BLOCKS,
        "14 Bexley Road Apt. 3\nNorth Holmby, IL 60614-1234\nUSA",
        "ADDRESS",
        "14 Bexley Road Apt. 3\nNorth Holmby, IL 60614-1234",
    ),
    (BLOCKS, "8 Elm Street\n> Quillham, ON K1A 0B1", "ADDRESS", "8 Elm Street\n> Quillham, ON K1A 0B1"),
    (BLOCKS, "2 Mill Lane\nSt. Quill-le-Port QLD 4000.", "ADDRESS", "2 Mill Lane\nSt. Quill-le-Port QLD 4000"),
    (BLOCKS, "14 Bexley Road Suite 3 Holmby Norway today", "ADDRESS", "14 Bexley Road Suite 3 Holmby Norway"),
    (BLOCKS, "Elle habite 31 rue de la Quille, Lyon", "ADDRESS", "31 rue de la Quille, Lyon"),
    (BLOCKS, "w Krakowie, ul. Bexleya 12", "ADDRESS", "ul. Bexleya 12"),
    (
        BLOCKS,
        "Quillmere Tower\nSuite 894\nHolmby\nNorway 9541",
        "ADDRESS",
        "Quillmere Tower\nSuite 894\nHolmby\nNorway 9541",
    ),
    (BLOCKS, "他的地址是14 Bexley Road\nHolmby, IL 60614，请记下", "ADDRESS", "14 Bexley Road\nHolmby, IL 60614"),
    (CAPITALS, "Yesterday Priya Raman called", "PERSON", "Priya Raman"),
    (CAPITALS, "We asked Ludovic about it", "PERSON", "Ludovic"),
    (CAPITALS, "Ludovic asked for a copy", "PERSON", "Ludovic"),
    (CAPITALS, "a letter to Carmen van der Hoek today", "PERSON", "Carmen van der Hoek"),
    (CAPITALS, "They left Portugal", "LOCATION", "Portugal"),
    (CAPITALS, "a Norwegian passport", "NRP", "Norwegian"),
    (CUES, "My name is Esra Quillfeather", "PERSON", "Esra Quillfeather"),
    (CUES, "written by Tomor K. Bexley", "PERSON", "Tomor K. Bexley"),
    (CUES, "written by Tomor A. Bexley", "PERSON", "Tomor A. Bexley"),
    (CUES, 'Ludovic: "Who is there?"', "PERSON", "Ludovic"),
    (CUES, "we take our son Tamsik along", "PERSON", "Tamsik"),
    (CUES, "My late aunt, Tamsik Bexley, left it to me", "PERSON", "Tamsik Bexley"),
    (CUES, "她说 my daughter Tamsik 明天来", "PERSON", "Tamsik"),
    (CUES, "Dimitra, Velkan and Bruno came", "PERSON", "Velkan"),
    (CUES, "Tamsik's daughter", "PERSON", "Tamsik"),
    (CUES, "She works for Quillmere & Sons", "ORGANIZATION", "Quillmere & Sons"),
    (CUES, "Northwind Freight GmbH pays", "ORGANIZATION", "Northwind Freight GmbH"),
    (CUES, "we moved to Holmbyville in spring", "LOCATION", "Holmbyville"),
    (CUES, "she flew to Holmbyville on Thursday", "LOCATION", "Holmbyville"),
    (CUES, "Ask Dr. Bexley", "TITLE", "Dr."),
    (DATES, "born on 3 March 1984 in", "DATE_TIME", "3 March 1984"),
    (DATES, "due 2026-04-01 17:30", "DATE_TIME", "2026-04-01 17:30"),
    (DATES, "自2026年4月1日起", "DATE_TIME", "2026年4月1日"),
    (DATES, "a 61 year old man", "AGE", "61"),
    (DATES, "她今年35岁", "AGE", "35岁"),
    (WEB, "see https://www.quillmere.example/a", "DOMAIN_NAME", "https://www.quillmere.example/"),
    (WEB, "ZIP code: 90210", "ZIP_CODE", "90210"),
    (WEB, "邮编：200120", "ZIP_CODE", "200120"),
    (TITLES, "Ask Mr. Wołkowicz about it", "PERSON", "Wołkowicz"),
    (TITLES, "Dear Dr Železný,", "PERSON", "Železný"),
    (TITLES, "请问Mrs. Škodová到了吗", "PERSON", "Škodová"),
    (TITLES, "王小明先生来了", "PERSON", "王小明"),
    (TITLES, "王先生来了", "PERSON", "王先生"),
]

LEFT: list[tuple[Family, str]] = [
    (BLOCKS, "Chapter 3 and Windows 11, in 2014 Brazil won 7 games"),
    (BLOCKS, "On 3 March 2026 the Court 3 hearing ended"),
    (BLOCKS, "12 Angry Men was made in 1957"),
    (BLOCKS, "The USS Quillmere sailed in 1944 from the corner of Iowa and Nebraska"),
    (BLOCKS, "Flights 2 via London and 3 place Names; Bexley et al. Nature 12"),
    (BLOCKS, "Contents\nUnit 3\nLesson 12\nUnit 4\nLesson 13\n\nSuite 2\nSpring 2014\n"),
    (CAPITALS, "Victoria Station and the Norman conquest"),
    (CAPITALS, "Will you mark the page? Hope is a good thing."),
    (CAPITALS, "Invoice\nPhone\nTenant"),
    (CUES, "This is Important. I am Happy to help. I'm Norwegian."),
    (CUES, "In March we met on Monday. In Section 3 the rent is set."),
    (CUES, 'Note: "Press the button"\nMotto: "Onwards"\nlabel: "a"\ncolour: "red"'),
    (CUES, "| A B C | D E F | X Y |"),
    (CUES, "Samsung's phone, Samsung's lawyer; your Baby Monitor and your Child Support Agreement"),
    (DATES, "version 3.11.7 costs 1,250.00 for 61 pages"),
    (DATES, "共12800页，第三章"),
    (WEB, "This ends here.Then it begins; see e.g. file.txt"),
    (TITLES, "各位先生女士"),
]


@pytest.mark.parametrize(("family", "text", "kind", "value"), FOUND)
def test_found(family: Family, text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(family, text)


@pytest.mark.parametrize(("family", "text"), LEFT)
def test_left_alone(family: Family, text: str) -> None:
    kept = ("PERSON", "ADDRESS", "ORGANIZATION", "DOMAIN_NAME", "ZIP_CODE", "AGE")
    assert [one for one in found(family, text) if one[0] in kept] == []


def test_a_finding_yields_to_a_value_and_a_guess_to_both() -> None:
    phone = Match("PHONE_NUMBER", 5, 10, 0.6)
    date = Match("DATE_TIME", 0, 12, 0.9)
    free = Match("DATE_TIME", 20, 25, 0.6)
    guess = Match("LOCATION", 22, 30, 0.5)
    other = Match("LOCATION", 31, 35, 0.5)
    assert yielding([date, phone, free, guess, other]) == [phone, free, other]


@pytest.mark.parametrize("name", ["Canyon Freeway", "Thorne Ave", "Grainger Town", "Alder County"])
def test_what_ends_in_a_word_of_places_is_no_person(name: str) -> None:
    finder = ScriptNames(latin=lambda texts: [[("PERSON", 4, 4 + len(name))] for _ in texts], han=lambda _: ())
    assert [(m.type, m.start) for m in finder.find([f"The {name} is closed"])[0]] == [("LOCATION", 4)]


def second_look(
    text: str, *persons: tuple[int, int], sure: float = 3.0, near: tuple[int, int] = (0, 0)
) -> list[tuple[str, str]]:
    """What `refined` makes of persons that LAC is `sure` of, with a stretch that it nearly took for one."""
    entities = [("PERSON", start, end) for start, end in persons]
    inside = {at for start, end in persons for at in range(start, end)}
    scores = [sure if at in inside else -0.5 if near[0] <= at < near[1] else -9.0 for at in range(len(text))]
    return [(kind, text[start:end]) for kind, start, end in refined(text, entities, scores, organised=lambda *_: True)]


def test_names_without_anything_between_them_are_taken_apart() -> None:
    assert second_look("陈晓峰林雨彤周子昂", (0, 9)) == [
        ("PERSON", "陈晓峰"),
        ("PERSON", "林雨彤"),
        ("PERSON", "周子昂"),
    ]
    assert second_look("欧阳晓雯", (0, 4)) == [("PERSON", "欧阳晓雯")]
    assert second_look("马克西米利安", (0, 6)) == [("PERSON", "马克西米利安")]


def test_a_foreign_name_is_one() -> None:
    assert second_look("玛丽亚·科瓦尔", (0, 3), (4, 7)) == [("PERSON", "玛丽亚·科瓦尔")]


def test_a_name_is_completed_and_one_that_was_nearly_found_is_taken() -> None:
    assert second_look("陈晓峰说", (0, 2), near=(2, 3)) == [("PERSON", "陈晓峰")]
    assert second_look("陈晓先生", (0, 2), near=(2, 3)) == [("PERSON", "陈晓")]
    assert second_look("请问陈晓峰到了", near=(2, 5)) == [("PERSON", "陈晓峰")]
    assert second_look("请问到了没有", near=(0, 6)) == []


def test_a_title_is_no_part_of_a_full_name() -> None:
    assert second_look("陈晓峰同志", (0, 5)) == [("PERSON", "陈晓峰")]
    assert second_look("陈主席", (0, 3)) == [("PERSON", "陈")]
    assert second_look("陈先生", (0, 3)) == [("PERSON", "陈先生")]
    assert second_look("先生", (0, 2)) == []


def test_what_the_network_doubts_is_no_person() -> None:
    assert second_look("维夫很好", (0, 2), sure=0.5) == [("ORGANIZATION", "维夫")]
    assert second_look("陈晓峰好", (0, 3), sure=-0.5) == [("PERSON", "陈晓峰")]
    assert second_look("葡萄牙", (0, 3)) == [("LOCATION", "葡萄牙")]
    assert second_look("波卡诺客场", (0, 3)) == [("ORGANIZATION", "波卡诺")]
