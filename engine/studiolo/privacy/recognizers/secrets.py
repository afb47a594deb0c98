"""Keys, tokens, passwords and private keys: fixed forms and keyed ones (`password: ...`), never entropy on prose.

The fixed forms are those that their issuers document (clouds, code hosts, chat and payment services, model providers,
package indexes), crypt(3)'s hashes, JWT of RFC 7519, PEM of RFC 7468 and user information in URLs of RFC 3986.
"""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import KEY_REACH, Rule, RuleFamily

_A = r"(?<![0-9A-Za-z_\-])"
_Z = r"(?![0-9A-Za-z_\-])"

_FORMS = (
    r"sk-(?:[A-Za-z]+[0-9]*-){0,3}[A-Za-z0-9_\-]{16,200}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,120}",
    r"whsec_[A-Za-z0-9+/=]{24,80}",
    r"(?:AKIA|ASIA|AGPA|AROA|AIDA|ANPA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{30,255}",
    r"github_pat_[A-Za-z0-9_]{40,255}",
    r"gl(?:pat|ptt|rt|dt|oas|cbt|ft|soat|imt|agent|ffct)-[A-Za-z0-9_\-]{20,64}",
    r"xox[abceoprs]-[A-Za-z0-9\-]{10,250}",
    r"xapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[A-Za-z0-9]{32,128}",
    r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_\-]{20,200}",
    r"https://(?:[a-z]{1,12}\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]{15,22}/[A-Za-z0-9_\-]{40,120}",
    r"[MNO][A-Za-z0-9_\-]{22,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,45}",
    r"AIza[A-Za-z0-9_\-]{35}",
    r"GOCSPX-[A-Za-z0-9_\-]{20,40}",
    r"ya29\.[A-Za-z0-9_\-]{20,400}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_\-]{40,250}",
    r"hf_[A-Za-z0-9]{30,64}",
    r"LTAI[A-Za-z0-9]{12,24}",
    r"AKID[A-Za-z0-9]{32}",
    r"AKLT[A-Za-z0-9_\-]{30,80}",
    r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}",
    r"(?:SK|AC)[0-9a-f]{32}",
    r"key-[0-9a-f]{32}",
    r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}",
    r"shp(?:at|ca|pa|ss|ua)_[A-Fa-f0-9]{32}",
    r"do[opr]_v1_[0-9a-f]{64}",
    r"dapi[0-9a-f]{32}(?:-[0-9])?",
    r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}",
    r"(?:secret|ntn)_[A-Za-z0-9]{40,50}",
    r"gsk_[A-Za-z0-9]{40,64}",
    r"r8_[A-Za-z0-9]{36,40}",
    r"xai-[A-Za-z0-9]{60,100}",
    r"pplx-[A-Za-z0-9]{40,64}",
    r"(?:hvs|hvb|hvr)\.[A-Za-z0-9_\-]{24,200}",
    r"gl(?:sa|c)_[A-Za-z0-9+/=_]{32,250}",
    r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{27,36}",
    r"sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,43}",
    r"EAAA[A-Za-z0-9_\-]{56,64}",
    r"NR(?:AK|JS|II|AA)-[A-Z0-9a-f]{19,40}",
    r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    r"fig[doru]_[A-Za-z0-9_\-]{36,48}",
    r"ATATT3[A-Za-z0-9_\-=]{100,220}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    r"sntrys_[A-Za-z0-9+/=_]{30,200}",
    r"(?:tskey|dd[pa]|rubygems|sbp|supabase|vercel|fo1|nfp|cfpat|bkua|clh|pul|rnd|PAT)[_-][A-Za-z0-9_\-]{32,120}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
)
# Hashed passwords as crypt(3) writes them: bcrypt, SHA-crypt, MD5-crypt, Argon2, scrypt, PBKDF2.
_HASHES = (
    r"\$(?:2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}|[156y]\$(?:[a-z]+=[0-9]+\$)?[./A-Za-z0-9]{1,24}\$[./A-Za-z0-"
    r"9]{22,90}|argon2(?:id|i|d)\$[A-Za-z0-9$=,+/]{30,200})"
)

_KEY_EN = (
    r"(?:pass(?:word|wd|phrase|code|key)?|pwd?|psw|secret(?:[ _\-]?(?:key|access[ _\-]?key))?|"
    r"(?:x[ _\-])?api[ _\-]?(?:key|secret)|"
    r"(?:shared[ _\-]?)?access[ _\-]?(?:key|token)(?:[ _\-]?secret)?|account[ _\-]?key|app[ _\-]?(?:secret|key)|"
    r"(?:x[ _\-])?auth(?:orization|entication)?[ _\-]?(?:token|key|code)|refresh[ _\-]?token|client[ _\-]?secret|"
    r"private[ _\-]?key|"
    r"(?:signing|encryption|license|licence|product|deploy|webhook|master|session)[ _\-]?(?:key|secret)|"
    r"session[ _\-]?id|token|"
    r"pin(?:[ _\-]?code)?|cvv2?|cvc2?|(?:security|verification|one[ \-]time|login|recovery|activation|access|"
    r"confirmation)[ _\-]?code|"
    r"otp|totp|credential|pin码)"
)
_KEY_ZH = (
    r"(?:密码|口令|密碼|密钥|密鑰|秘钥|令牌|验证码|驗證碼|校验码|动态码|动态密码|动态口令|取件码|取货码|安全码|访问码|授权码|激活码|邀请码|"
    r"提取码|支付密码|登录密码|初始密码|暗号|PIN码|pin码)"
)
_VALUE = r"""["'`“「『]?(?P<value>[^\s"'`,;<>“”「」『』\u3000-\u303f\u4e00-\u9fff]{3,256}?)["'`”」』]?"""
_QUOTED = r"""["“「『](?P<value>[^"“”「」『』\n]{3,120})["”」』]"""
_NOTE = r"(?:[ ]?\([^()\n]{1,16}\))?"
_AFTER_KEY = r"[ ]?(?i:code|no\.?)?[\"'`]?" + _NOTE + r"[ ]{0,2}"
_KEYED_EN = rf"(?i:(?<![A-Za-z]){_KEY_EN}(?![A-Za-z])){_AFTER_KEY}(?::=|[:=]|=>|是|为)[ ]{{0,2}}"
_CHANGED_EN = r"(?: (?:has been|was|been|is|now|temporarily))?(?: (?:changed|reset|set|updated|switched)) to"
_SAID_EN = rf"(?i:(?<![A-Za-z]){_KEY_EN}(?![A-Za-z]))(?i:{_CHANGED_EN}| is now| is| was| to|'s|’s) (?:[:=] ?)?"
_KEYED_ZH = rf"{_KEY_ZH}[\"'`]?{_NOTE}[ ]?(?:[:=]|已?(?:改|设|换|重置|变更)(?:为|成)?了?|是|为|為)[ ]?[:=]?[ ]{{0,2}}"
_BEARER = r"(?i:(?<![A-Za-z])(?:bearer|basic|token)) "
_SEPARATORS = frozenset(" :=>\"'`是为為了成改设换码令码钥鑰碼s’号)")
_STOP = r"(?=[\s\"'`,;<>“”「」『』\u3000-\u303f\u4e00-\u9fff]|[.?)\]}](?:\s|$|[\"'\u3000-\u303f\u4e00-\u9fff])|$)"

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


def _a_strong_secret(value: str) -> bool:
    """Letters with digits or signs among them: what no word of a sentence looks like."""
    letters = any(c.isascii() and c.isalpha() for c in value)
    return len(value) >= 6 and letters and any(c.isdigit() or c in "!@#$%^&*+=_" for c in value)


def _a_code(value: str) -> bool:
    return sum(c.isdigit() for c in value) >= 3


def _user_and_secret(value: str) -> bool:
    """A bare user of a URL is a secret where it looks like a token."""
    return ":" in value or (len(value) >= 16 and _a_strong_secret(value))


_STRONG = r"""(?P<value>[^\s"'`,;<>“”「」\u3000-\u303f\u4e00-\u9fff]{6,128}?)"""
_CODE_EN = (
    r"(?:(?:verification|security|one[ \-]time|login|confirmation|access|otp|sms)[ \-](?:code|passcode|"
    r"password|pin)|otp|pin|cvv2?|cvc2?|passcode)"
)

# Cheap signs that a rule may apply, each part of every match of its rule.
_QUOTE_THERE = re.compile(r"[:=>是为為成了改设换置更oswOSW][ ]{0,4}[\"“「『]")
_SET_THERE = re.compile(r"""[:=>是为][ ]{0,4}["'`“「『]?[^\s"'`,;<>“”「」『』\u3000-\u303f\u4e00-\u9fff]{3}""")
_NO_LETTER = r"[^A-Za-z\s\u3000-\u303f\u4e00-\u9fff]"
_STRONG_THERE = re.compile(rf"[A-Za-z]{_NO_LETTER}|{_NO_LETTER}[A-Za-z]")
_CODE_THERE = re.compile("[Cc][Oo][Dd][Ee]|[Cc][Vv][CcVv]|[Oo][Tt][Pp]|[Pp][Ii][Nn]|[Pp][Aa][Ss][Ss]")
_KEY_EN_THERE = re.compile("pass|pw|psw|secret|key|token|code|auth|pin|cv[cv]|otp|credential|session", re.IGNORECASE)
_KEY_THERE = re.compile(f"{_KEY_EN_THERE.pattern}|[码碼钥鑰令号]", re.IGNORECASE)
_KEY_ZH_THERE = re.compile("[码碼钥鑰令号]")
_LONG_RUN = re.compile(r"[A-Za-z0-9_\-.:/+=]{15}")

_PHRASE_KEY = (
    r"(?:(?i:(?<![A-Za-z])(?:recovery|seed|mnemonic|backup|secret)[ \-]?(?:phrase|words|seed)?)|助记词|恢复词)"
    r"(?:[ ]?(?:[:=]|是|为|is))[ ]{0,2}[\"“]?"
)

SECRETS = RuleFamily(
    "secrets",
    [
        Rule("SECRET", re.compile(f"{_A}(?:{'|'.join(_FORMS)}){_Z}"), 0.95, proven=True, needs=(_LONG_RUN,)),
        Rule(
            "SECRET",
            re.compile(f"(?<![0-9A-Za-z]){_HASHES}"),
            0.95,
            proven=True,
            needs=(re.compile(r"\$[0-9a-z]{1,9}\$"),),
        ),
        Rule(
            "SECRET",
            re.compile(
                r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,12000}?"
                r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|$(?![\s\S]))"
            ),
            1.0,
            proven=True,
            needs=(re.compile("-----BEGIN "),),
        ),
        Rule(
            "SECRET",
            re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://(?P<value>[^\s/@:]{0,128}(?::[^\s/@]{1,256})?)@"),
            0.95,
            accept=_user_and_secret,
            needs=(re.compile("://"),),
        ),
        Rule(
            "SECRET",
            re.compile(
                r"(?i:[?&;](?:[a-z_\-]{0,20}(?:token|key|secret|sig|signature|password|passwd|pwd|auth|code|credential|sessionid))=)"
                r"(?P<value>[^&\s#\"'<>\u3000-\u303f\u4e00-\u9fff]{8,400})"
            ),
            0.92,
            keyed=True,
            needs=(re.compile("[?&;]"),),
        ),
        Rule(
            "SECRET",
            re.compile(
                r"(?i:cookie2?:?[ ]?|[; ])(?i:[a-z_.\-]{0,20}(?:sess(?:ion)?(?:[_\-]?id)?|sid|auth|jwt|"
                r"csrf(?:token)?))=(?P<value>[^\s;,\"']{8,400})"
            ),
            0.9,
            keyed=True,
            needs=(re.compile("="),),
        ),
        Rule("SECRET", re.compile(r"(?<![A-Za-z])WIFI:[^\n]{0,80}?P:(?P<value>[^;\n]{4,64})(?:;|\Z)"), 0.95,
            keyed=True, needs=(re.compile("WIFI:"),)),
        Rule(
            "SECRET",
            re.compile(f"(?:{_KEYED_EN}|{_SAID_EN}|{_KEYED_ZH}){_QUOTED}"),
            0.9,
            accept=_a_secret,
            keyed=True,
            needs=(_QUOTE_THERE, _KEY_THERE),
        ),
        Rule(
            "SECRET",
            re.compile(f"{_KEYED_EN}{_VALUE}{_STOP}"),
            0.9,
            accept=_a_secret,
            keyed=True,
            needs=(_SET_THERE, _KEY_EN_THERE),
        ),
        Rule(
            "SECRET",
            re.compile(f"{_SAID_EN}{_VALUE}{_STOP}"),
            0.75,
            accept=_a_sure_secret,
            keyed=True,
            needs=(_KEY_EN_THERE, re.compile(" (?:is|was|to|now) |['’]s ", re.IGNORECASE)),
        ),
        # A key word and a value side by side, or an option of a command.
        Rule(
            "SECRET",
            re.compile(rf"(?i:(?<![A-Za-z]){_KEY_EN}(?![A-Za-z]))[ ]{{1,2}}{_STRONG}{_STOP}"),
            0.7,
            accept=_a_strong_secret,
            keyed=True,
            needs=(_KEY_EN_THERE, _STRONG_THERE),
        ),
        Rule(
            "SECRET",
            re.compile(rf"(?i:(?<![A-Za-z]){_CODE_EN}(?![A-Za-z]))(?: (?:is|was|code)|"
                       rf"码?是)?[ ]?[:=#]?[ ]?(?P<value>[0-9]{{3,4}}(?:[ \-]?[0-9]{{2,4}})?)(?![0-9A-Za-z])(?![."
                       rf"\-/][0-9])"),
            0.7,
            accept=_a_code,
            keyed=True,
            needs=(_CODE_THERE,),
        ),
        # User and password with a slash between them.
        Rule(
            "SECRET",
            re.compile(
                rf"(?:(?i:user(?:name)?|login|account)[ ]?/[ ]?(?i:{_KEY_EN})|(?:用户名?|账号|帐号|"
                rf"账户)[ ]?[/和]?[ ]?{_KEY_ZH})"
                r"[ ]?(?:[:=]|是|为)?[ ]?[^\s/,;:\u4e00-\u9fff]{1,64}[ ]?/[ ]?"
                + _STRONG + _STOP
            ),
            0.93,
            keyed=True,
            needs=(re.compile("/"), _KEY_THERE),
        ),
        Rule(
            "SECRET",
            re.compile(
                _PHRASE_KEY + r"(?P<value>[a-z]{3,8}(?:[ ]{1,2}(?:[0-9]{1,2}\.[ ]?)?[a-z]{"
                r"3,8}){11,23})(?![a-z])"
            ),
            0.95,
            keyed=True,
            needs=(re.compile(r"(?:[a-z]{3,8}[ 0-9.]{1,6}){11}[a-z]{3}"),),
        ),
        Rule("SECRET", re.compile(f"{_KEYED_ZH}{_VALUE}{_STOP}"), 0.85, accept=_a_secret, keyed=True,
            needs=(_KEY_ZH_THERE,)),
        Rule(
            "SECRET",
            re.compile(rf"{_KEY_ZH}[ ]?(?P<value>[A-Za-z0-9!@#$%^&*_+=\-]{{3,64}}){_STOP}"),
            0.7,
            accept=_a_sure_secret,
            keyed=True,
            needs=(_KEY_ZH_THERE,),
        ),
        Rule(
            "SECRET", re.compile(rf"{_BEARER}(?P<value>[A-Za-z0-9._\-+/=]{{16,600}})(?![A-Za-z0-9])"), 0.9,
            accept=_a_strong_secret, keyed=True, needs=(_LONG_RUN,)
        ),
    ],
)  # fmt: skip

_PHRASE_SEPARATORS = frozenset(' :="“是为s')
_PHRASE_BEFORE = re.compile(f"(?:{_PHRASE_KEY})$")
_PHRASE = re.compile(r"[a-z]{1,8}(?:[ ]{1,2}(?:[0-9]{1,2}\.?[ ]?)?[a-z]{0,8}){0,24}")
_KEY_BEFORE = re.compile(rf"(?:{_KEYED_EN}|{_SAID_EN}|{_KEYED_ZH}|{_KEY_ZH}[ ]?|{_BEARER})[\"'`]?$")


def key_before(text: str, start: int) -> bool:
    """Whether a key word and its separator stand directly before text[start], so that a secret may follow."""
    if start == 0 or text[start - 1] not in _SEPARATORS:
        return False
    return _KEY_BEFORE.search(text[max(0, start - KEY_REACH) : start]) is not None


def phrase_end(text: str, start: int, *, final: bool) -> int | None:
    """The end of the words of a recovery phrase at `start`; `start` where there is none; None while it may go on."""
    first = start + (text[start] in ":=")  # a unit may begin with the separator
    if text[first - 1 : first] not in _PHRASE_SEPARATORS:
        return start
    if not _PHRASE_BEFORE.search(text[max(0, first - KEY_REACH) : first]):
        return start
    found = _PHRASE.match(text, first)
    if found is None:
        return start
    return None if found.end() == len(text) and not final else found.end()


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
