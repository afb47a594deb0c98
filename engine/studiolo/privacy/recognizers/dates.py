"""Dates, times and ages. They are findings, not secrets: a policy decides what becomes of them."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily

_MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_YEAR = r"(?:1[5-9]|20)[0-9]{2}"
_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT))?"
_NOT_IN_NUMBER = r"(?<![0-9A-Za-z.,/\-])"
_NUMBER_ENDS = r"(?![0-9A-Za-z]|[.,/\-][0-9])"
_DIGITS = re.compile(r"[0-9]{1,4}[/.\-年月日岁点时:]|[0-9]{4}")

DATES = RuleFamily(
    "dates",
    [
        Rule(
            "DATE_TIME",
            re.compile(
                rf"{_NOT_IN_NUMBER}(?:{_YEAR}[/.\-][01]?[0-9][/.\-][0-3]?[0-9]|"
                rf"[0-3]?[0-9]([/.\-])[0-3]?[0-9]\1(?:{_YEAR}|[0-9]{{2}}))"
                rf"(?:[T ,]{{1,2}}{_CLOCK})?{_NUMBER_ENDS}"
            ),
            0.6,
            needs=(_DIGITS,),
        ),
        Rule(
            "DATE_TIME",
            re.compile(
                rf"(?<![0-9A-Za-z])(?:{_DAY},? )?(?:[0-3]?[0-9](?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? {_YEAR})?"
                rf"|{_MONTH}\.? [0-3]?[0-9](?:st|nd|rd|th)?(?:,? {_YEAR})?|{_MONTH}\.?,? {_YEAR})(?![0-9A-Za-z])"
            ),
            0.6,
            needs=(re.compile(rf"{_MONTH}"),),
        ),
        Rule(
            "DATE_TIME",
            re.compile(rf"{_NOT_IN_NUMBER}{_CLOCK}{_NUMBER_ENDS}"),
            0.55,
            needs=(re.compile(r"[0-9]:[0-5]"),),
        ),
        Rule(
            "DATE_TIME",
            re.compile(rf"(?<![A-Za-z])(?i:next |last |this |on )?(?P<value>{_DAY})(?![A-Za-z])"),
            0.5,
            needs=(re.compile(r"(?i)day"),),
        ),
        Rule(
            "DATE_TIME",
            re.compile(
                rf"(?<![A-Za-z])(?i:in|since|until|from|by|of|after|before|year|an?) (?P<value>{_YEAR}){_NUMBER_ENDS}"
            ),
            0.5,
            needs=(re.compile(_YEAR),),
        ),
        Rule(
            "DATE_TIME",
            re.compile(
                r"(?<![0-9])(?:(?:1[5-9]|20)[0-9]{2}|[零〇一二三四五六七八九]{4})年(?:[0-9一二三四五六七八九十]{1,3}月(?:份|"
                r"(?:[0-9一二三四五六七八九十]{1,3}[日号]))?)?"
                r"|(?<![0-9年])(?:1[0-2]|0?[1-9])月(?:[12][0-9]|3[01]|0?[1-9])[日号]"
                r"|(?:星期|周|礼拜)[一二三四五六日天]|(?:上午|下午|早上|晚上|中午|凌晨)?[0-9一二三四五六七八九十]{1,3}点(?:[0-9]{1,2}分|半|整)?(?![0-9])"
            ),
            0.6,
            needs=(re.compile(r"[年月点期周拜]"),),
        ),
        Rule(
            "AGE",
            re.compile(
                r"(?<![0-9A-Za-z.,\-])(?P<value>[0-9]{1,3})(?:[ \-]?(?:years?|yrs?|months?)[ \-](?:old|of age)|"
                r"[ \-]?(?:y/o|yo|y\.o\.))"
                r"(?![A-Za-z])"
            ),
            0.6,
            needs=(re.compile(r"[0-9](?: |-)?[ym]"),),
        ),
        Rule(
            "AGE",
            re.compile(
                r"(?<![A-Za-z])(?i:aged?|turn(?:s|ed)?|turning|(?:he|she|they|i|who)(?: was|'m| am| is|'s| were)|"
                r"at the age of)"
                r" (?:just )?(?P<value>1?[0-9]{1,2})(?=[.,;!?)\n]| and |$| years| at )"
            ),
            0.55,
            needs=(re.compile(r"[a-zA-Z] [0-9]{1,3}(?:[^0-9]|$)"),),
        ),
        Rule("AGE", re.compile(r"(?<![0-9.])1?[0-9]{1,2}(?:周岁|岁)"), 0.6, needs=(re.compile("岁"),)),
    ],
)
