"""Coordinates of a place on earth: decimal pairs, degrees with letters or signs, `geo:` links, 北纬 and 东经."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily

_PRIME = r"['′’]"
_SECOND = r"(?:[\"″”]|['′’]{2})"
_NUMBER = r"[0-9]{1,3}(?:\.[0-9]{1,8})?"
# 12°34′56.7″, 12° 34.5', 12.345°; ° may have become o by folding (º)
_DEGREES = (
    rf"{_NUMBER}[ ]?[°º][ ]?(?:[0-9]{{1,2}}(?:\.[0-9]{{1,8}})?[ ]?{_PRIME}[ ]?(?:[0-9]{{1,2}}(?:\.[0-9]{{1,6"
    rf"}})?[ ]?{_SECOND})?)?"
)
_PAIR = re.compile(r"(?P<lat>-?[0-9]{1,3}\.[0-9]+)[^0-9\-]+(?P<lon>-?[0-9]{1,3}\.[0-9]+)")
_DU = (
    r"[0-9]{1,3}(?:\.[0-9]{1,8})?[ ]?(?:度|°)[ ]?(?:[0-9]{1,2}(?:\.[0-9]{1,6})?[ ]?(?:分|"
    r"['′])[ ]?(?:[0-9]{1,2}(?:\.[0-9]{1,4})?[ ]?(?:秒|[\"″]|['′]{2}))?)?"
)
_KEY = r"(?i:coordinates?|coords?|gps|lat(?:itude)?|location|position|坐标|定位|经纬度|位置)"


def _on_earth(value: str) -> bool:
    """A latitude and a longitude in either order."""
    found = _PAIR.search(value)
    if found is None:
        return False
    one, other = abs(float(found["lat"])), abs(float(found["lon"]))
    return min(one, other) <= 90 and max(one, other) <= 180


COORDINATES = RuleFamily(
    "coordinates",
    [
        # Four decimals are ten metres: nobody writes prices or readings so.
        Rule(
            "COORDINATES",
            re.compile(
                r"(?<![0-9.\-A-Za-z])-?[0-9]{1,3}\.[0-9]{4,15}[ ]?[,;/][ ]{0,2}-?[0-9]{1,3}\.[0-9]{4,15}(?![0-9]|"
                r"\.[0-9])"
                r"|(?<=geo:)-?[0-9]{1,3}\.[0-9]{2,15},-?[0-9]{1,3}\.[0-9]{2,15}"
                r"|(?<=@)-?[0-9]{1,3}\.[0-9]{3,15},-?[0-9]{1,3}\.[0-9]{3,15}"
            ),
            0.8,
            accept=_on_earth,
            needs=(re.compile(r"[0-9]\.[0-9]{2}"),),
        ),
        Rule(
            "COORDINATES",
            re.compile(
                rf"{_KEY}[ ]?(?:[:=]|是|为|在)?[ ]?\(?(?P<value>-?[0-9]{{1,3}}\.[0-9]{{2,15}}[ ]?[,;/ ][ ]{{0,2}}-?"
                rf"[0-9]{{1,3}}\.[0-9]{{2,15}})(?![0-9]|\.[0-9])"
            ),
            0.75,
            accept=_on_earth,
            keyed=True,
            needs=(re.compile(r"[0-9]\.[0-9]{2}"),),
        ),
        Rule(
            "COORDINATES",
            re.compile(
                rf"(?<![0-9A-Za-z.])(?:{_DEGREES}[ ]?[NSns][ ]?[,;/]?[ ]{{0,2}}{_DEGREES}[ ]?[EWew]"
                rf"|[NSns][ ]?{_DEGREES}[,;/]?[ ]{{0,2}}[EWew][ ]?{_DEGREES})(?![0-9A-Za-z])"
            ),
            0.9,
            needs=(re.compile("[°º]"),),
        ),
        Rule(
            "COORDINATES",
            re.compile(
                r"(?i:(?<![A-Za-z])lat(?:itude)?)[ ]?[:=]?[ ]?-?[0-9]{1,2}\.[0-9]{2,15}°?[ ]?[,;/]?[ ]{0,2}"
                r"(?i:lon(?:g(?:itude)?)?|lng)[ ]?[:=]?[ ]?-?[0-9]{1,3}\.[0-9]{2,15}°?(?![0-9])"
                r"|(?:经度|东经|西经)[ ]?[:=]?[ ]?-?[0-9]{1,3}\.[0-9]{2,15}[ ]?[度°]?[ ]?[,;、/]?[ ]{0,2}"
                r"(?:纬度|北纬|南纬)[ ]?[:=]?[ ]?-?[0-9]{1,2}\.[0-9]{2,15}[ ]?[度°]?"
                r"|(?:纬度|北纬|南纬)[ ]?[:=]?[ ]?-?[0-9]{1,2}\.[0-9]{2,15}[ ]?[度°]?[ ]?[,;、/]?[ ]{0,2}"
                r"(?:经度|东经|西经)[ ]?[:=]?[ ]?-?[0-9]{1,3}\.[0-9]{2,15}[ ]?[度°]?"
            ),
            0.9,
            needs=(re.compile(r"[0-9]\.[0-9]{2}"),),
        ),
        Rule(
            "COORDINATES",
            re.compile(
                rf"[北南]纬[ ]?{_DU}[ ]?[,;、]?[ ]{{0,2}}[东西]经[ ]?{_DU}|[东西]经[ ]?{_DU}[ ]?[,;、]?[ ]{{0,2}}[北"
                rf"南]纬[ ]?{_DU}"
            ),
            0.9,
            needs=(re.compile("[东西]经"),),
        ),
    ],
)
