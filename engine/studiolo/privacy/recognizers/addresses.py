"""Street addresses in English and Chinese: a street with a number. A town alone is a LOCATION, not an address."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily

_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Crescent|Close|Terrace|Place|Pl|"
    r"Square|Sq|Way|Parkway|Pkwy|Highway|Hwy|Row|Mews|Grove|Gardens|Walk|Quay|Wharf|Hill|Circle|Cir|Alley)"
)
_UNIT = r"(?:[ ,]{1,2}(?i:apt|apartment|unit|suite|ste|flat|floor|fl|room|rm|#)\.?[ ]?#?[A-Za-z0-9\-]{1,6})?"
_TOWN = r"(?:,[ \n]?(?:St\. )?[A-Z][A-Za-z'\-]+(?: [A-Z][A-Za-z'\-]+(?![0-9A-Za-z])){0,2})?"
_POSTCODE = (
    r"(?:,?[ \n](?:[A-Z]{2}[ ])?[0-9]{5}(?:-[0-9]{4})?(?![0-9])"
    r"|,?[ \n][A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}(?![0-9A-Za-z]))?"
)
_HAN = r"\u4e00-\u9fff"
_AREA = (
    rf"(?:[{_HAN}]{{2,8}}?(?:省|自治区|特别行政区))?(?:[{_HAN}]{{2,7}}?(?:市|自治州|盟))?"
    rf"(?:[{_HAN}]{{1,7}}?(?:区|县|旗|镇|乡|街道|新区|开发区))?"
)
_INNER = (
    r"(?:[ ]?(?:[0-9A-Za-z甲乙丙丁一二三四五六七八九十]{1,5}[ ]?(?:号楼|号院|栋|幢|座|单元|层|楼|室|房|户|弄|号|期)"
    rf"|[{_HAN}]{{2,8}}(?:小区|花园|大厦|公寓|广场|中心|家园|新村|苑|园|府|城)|-[0-9]{{1,5}}))*"
)

_LEAD_IN = re.compile(rf"[{_HAN}]*(?:住在|住于|居住在|位于|坐落于|地址是|地址为|送到|寄到|寄往|搬到|在|至|到|往|址)")

ADDRESSES = RuleFamily(
    "addresses",
    [
        Rule(
            "ADDRESS",
            re.compile(
                r"(?<![0-9A-Za-z.,\-])(?:(?i:flat|apt|apartment|unit|suite) [0-9A-Za-z]{1,5}, )?"
                r"[0-9]{1,5}[A-Za-z]?(?:-[0-9]{1,4})? (?:(?:N|S|E|W|North|South|East|West)\.? )?"
                rf"(?:[A-Z][A-Za-z'\-]+ |[0-9]{{1,3}}(?:st|nd|rd|th) ){{1,3}}{_STREET}"
                rf"(?![A-Za-z])\.?{_UNIT}{_TOWN}{_POSTCODE}"
            ),
            0.85,
            needs=(re.compile(r"[0-9][A-Za-z]? [A-Z0-9]"),),
        ),
        Rule(
            "ADDRESS",
            re.compile(r"(?i:(?<![A-Za-z])P\.? ?O\.? Box [0-9]{1,6})(?![0-9])"),
            0.8,
            needs=(re.compile(r"[Xx] [0-9]"),),
        ),
        Rule(
            "ADDRESS",
            re.compile(
                rf"{_AREA}(?:[{_HAN}]{{1,8}}?(?:大道|大街|胡同|路|街|道|巷|弄|里|村))"
                rf"(?:[{_HAN}]{{0,2}}[ ]?)[0-9一二三四五六七八九十百]{{1,5}}[ ]?(?:号院|号楼|号|弄){_INNER}"
            ),
            0.85,
            trim=_LEAD_IN,
            needs=(re.compile(r"[0-9一二三四五六七八九十百][ ]?[号弄]"),),
        ),
    ],
)
