"""Keys, tokens, passwords and private keys: fixed forms and keyed ones (`password: ...`), never entropy on prose.

The fixed forms are those that their issuers document (OpenAI, AWS, GitHub, GitLab, Slack, Stripe, Google, npm,
PyPI, Hugging Face, JWT of RFC 7519, PEM of RFC 7468, user information in URLs of RFC 3986).
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import KEY_REACH, Rule, RuleFamily

_A = r"(?<![0-9A-Za-z_\-])"
_Z = r"(?![0-9A-Za-z_\-])"

_FORMS = (
    r"sk-(?:[A-Za-z]+-){0,3}[A-Za-z0-9_\-]{16,200}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,120}",
    r"(?:AKIA|ASIA|AGPA|AROA|AIDA|ANPA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{30,255}",
    r"github_pat_[A-Za-z0-9_]{40,255}",
    r"gl(?:pat|ptt|rt)-[A-Za-z0-9_\-]{20,64}",
    r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}",
    r"AIza[A-Za-z0-9_\-]{35}",
    r"ya29\.[A-Za-z0-9_\-]{20,400}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_\-]{40,250}",
    r"hf_[A-Za-z0-9]{30,64}",
    r"LTAI[A-Za-z0-9]{12,24}",
    r"AKID[A-Za-z0-9]{32}",
    r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}",
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
)

_KEY_EN = (
    r"(?:password|passwd|passphrase|passcode|pwd|secret(?:[ _\-]?(?:key|access[ _\-]?key))?|api[ _\-]?key|"
    r"access[ _\-]?(?:key|token)|auth(?:orization)?[ _\-]?token|client[ _\-]?secret|private[ _\-]?key|token|"
    r"pin(?:[ _\-]?code)?|cvv2?|cvc2?|security[ _\-]?code|credential)"
)
_KEY_ZH = r"(?:密码|口令|密碼|密钥|密鑰|秘钥|令牌|验证码|驗證碼|安全码|访问码|授权码|提取码|支付密码|登录密码|初始密码)"
_VALUE = r"""["'`]?(?P<value>[^\s"'`,;<>\u3000-\u303f\u4e00-\u9fff]{3,256}?)["'`]?"""
_KEYED_EN = rf"(?i:(?<![A-Za-z]){_KEY_EN}(?![A-Za-z]))[ ]?(?i:code|no\.?)?[\"'`]?[ ]{{0,2}}(?::=|[:=]|=>)[ ]{{0,2}}"
_SAID_EN = rf"(?i:(?<![A-Za-z]){_KEY_EN}(?![A-Za-z])) (?i:is|was|to) (?:[:=] ?)?"
_KEYED_ZH = rf"{_KEY_ZH}[ ]?(?:[:=]|是|为|為|改为|设为)[ ]?[:=]?[ ]{{0,2}}"
_BEARER = r"(?i:(?<![A-Za-z])(?:bearer|basic)) "
_SEPARATORS = frozenset(" :=>\"'`是为為码令码钥鑰碼")
_STOP = r"(?=[\s\"'`,;<>\u3000-\u303f\u4e00-\u9fff]|[.!?)\]}](?:\s|$)|$)"

_ORDINARY = frozenset(
    """
    the a an is are was be must should will can and or for not your our this that these required reset optional
    protected policy manager field change changed here below above none null true false yes no n/a unknown string
    incorrect wrong invalid expired forgotten needed correct empty secret password token key
    """.split()  # noqa: SIM905
)


def _a_secret(value: str) -> bool:
    """Not a word of the sentence, not a placeholder of ours, and not only punctuation."""
    core = value.strip(".,:;!?()[]{}*-_=")
    return len(core) >= 3 and core.lower() not in _ORDINARY


def _a_sure_secret(value: str) -> bool:
    return _a_secret(value) and (not value.isalpha() or not (value.islower() or value.istitle()))


SECRETS = RuleFamily(
    "secrets",
    [
        Rule("SECRET", re.compile(f"{_A}(?:{'|'.join(_FORMS)}){_Z}"), 0.95, proven=True),
        Rule(
            "SECRET",
            re.compile(
                r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----[\s\S]{0,12000}?"
                r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----|$(?![\s\S]))"
            ),
            1.0,
            proven=True,
        ),
        Rule(
            "SECRET",
            re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://(?P<value>[^\s/@:]{0,64}:[^\s/@]{1,128})@"),
            0.95,
            needs=re.compile("://"),
        ),
        Rule(
            "SECRET",
            re.compile(f"{_KEYED_EN}{_VALUE}{_STOP}"),
            0.9,
            accept=_a_secret,
            keyed=True,
            needs=re.compile("[:=]"),
        ),
        Rule(
            "SECRET",
            re.compile(f"{_SAID_EN}{_VALUE}{_STOP}"),
            0.75,
            accept=_a_sure_secret,
            keyed=True,
            needs=re.compile(" (?:is|was|to) ", re.IGNORECASE),
        ),
        Rule("SECRET", re.compile(f"{_KEYED_ZH}{_VALUE}{_STOP}"), 0.85, accept=_a_secret, keyed=True),
        Rule(
            "SECRET",
            re.compile(rf"{_KEY_ZH}[ ]?(?P<value>[A-Za-z0-9!@#$%^&*_+=\-]{{4,64}}){_STOP}"),
            0.7,
            accept=_a_sure_secret,
            keyed=True,
        ),
        Rule(
            "SECRET", re.compile(rf"{_BEARER}(?P<value>[A-Za-z0-9._\-+/=]{{16,600}})(?![A-Za-z0-9])"), 0.9, keyed=True
        ),
    ],
)

_KEY_BEFORE = re.compile(rf"(?:{_KEYED_EN}|{_SAID_EN}|{_KEYED_ZH}|{_KEY_ZH}[ ]?|{_BEARER})[\"'`]?$")


def key_before(text: str, start: int) -> bool:
    """Whether a key word and its separator stand directly before text[start], so that a secret may follow."""
    if start == 0 or text[start - 1] not in _SEPARATORS:
        return False
    return _KEY_BEFORE.search(text[max(0, start - KEY_REACH) : start]) is not None


def secret_run(text: str, start: int, *, final: bool) -> int | None:
    """The end of the run without spaces at `start`, in which a keyed secret stands; None while it may go on."""
    stop = min(len(text), start + 256)
    at = start
    while (
        at < stop
        and not text[at].isspace()
        and not "\u3000" <= text[at] <= "\u303f"
        and not "\u4e00" <= text[at] <= "\u9fff"
    ):
        at += 1
    return at if final or at < len(text) or at - start >= 256 else None
