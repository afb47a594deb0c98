"""Addresses of web sites, and postcodes that a word beside them names. Findings rather than secrets."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_TOP = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|me|tv|eu|uk|us|de|fr|it|es|pt|nl|be|ch|at|dk|se|no|fi|"
    r"is|pl|cz|sk|hu|ro|bg|gr|tr|ru|ua|cn|hk|tw|jp|kr|in|au|nz|ca|br|mx|ar|za|ie|xyz|online|site|shop)"
)

WEB = RuleFamily(
    "web",
    [
        Rule(
            "DOMAIN_NAME",
            re.compile(rf"(?i:https?://)(?:{_LABEL}\.){{1,5}}[A-Za-z]{{2,18}}(?::[0-9]{{2,5}})?(?![A-Za-z0-9@])/?"),
            0.6,
            needs=(re.compile("://"),),
        ),
        Rule(
            "DOMAIN_NAME",
            re.compile(
                rf"(?<![A-Za-z0-9@./_\-])(?:(?i:www)\.)?(?:{_LABEL}\.){{1,4}}(?i:{_TOP})(?![A-Za-z0-9@_\-]|\.[A-Za-z0-9])/?"
            ),
            0.5,
            accept=lambda value: value.lower().startswith("www.") or value == value.lower(),
            needs=(re.compile(r"[A-Za-z0-9]\.[A-Za-z]{2}"),),
        ),
        Rule(
            "ZIP_CODE",
            re.compile(
                r"(?<![A-Za-z])(?i:zip(?:[ \-]?code)?|post(?:al)?[ \-]?code)(?i: is|:| no\.?| number)?[ :]{1,3}"
                r"(?P<value>[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|"
                r"(?:[A-Z]{1,2}-)?[0-9]{3,6}(?:[ \-][0-9]{2,4})?)(?![0-9A-Za-z])"
            ),
            0.6,
            needs=(re.compile(r"(?i)zip|post"),),
        ),
        Rule(
            "ZIP_CODE",
            re.compile(r"(?:邮编|邮政编码|郵編|郵遞區號)[为是: ]{0,3}(?P<value>[0-9]{5,6})(?![0-9])"),
            0.6,
            needs=(re.compile("[编編區]"),),
        ),
    ],
)
