"""E-mail addresses: of the internet and of a network of one's own, in ASCII and in any script, plain and hidden fr"
"om harvesters."""

from __future__ import annotations

import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily

# Local part and host may be written in any script (RFC 6531); Chinese text around an ASCII address is not part of it.
# Braces, bars and carets, which RFC 5322 allows too, stand in code and tables far more often than in an address.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?_~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?_~\-]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)*"
_EMAIL = rf"(?<![A-Za-z0-9._%+\-])(?P<value>{_LOCAL} ?@ ?{_HOST})(?![A-Za-z0-9@])"
# A name of several scripts in the host, or accents or Chinese in the local part. The last label is ASCII or one of
# the Chinese top-level domains in use, so that the sentence after the address is not taken with it.
_HAN_TLD = "公司|中国|中國|网络|集团|香港|台湾|台灣|在线|中文网|网址|商城|政务|公益"
_LETTER = r"[^\W_\u2e80-\u9fff]"  # a letter or digit of an alphabet
_HAN = r"[^\W_A-Za-z\u0080-\u2e7f]"  # a digit, or a letter of no alphabet
# A label of a host is of one script: where Chinese touches an alphabet, the sentence around the address begins.
_LABEL = rf"(?:{_LETTER}(?:{_LETTER}|-){{0,40}}|{_HAN}(?:{_HAN}|-){{0,40}})"
_WIDE_HOST = rf"(?:{_LABEL}\.){{1,4}}(?:(?!{_LETTER}*[0-9]){_LETTER}{{2,24}}(?![^\W\u2e80-\u9fff])|{_HAN_TLD})"
_WIDE_LOCAL = (
    rf"(?:(?<![A-Za-z0-9À-ɏͰ-ӿ._%+\-])(?:{_LETTER}|[_%+\-])+(?:\.(?:{_LETTER}|[_%+\-])+){{0,4}}"
    r"|(?<![\w.])[\u4e00-\u9fff]{1,6})"
)
_EMAIL_WIDE = rf"{_WIDE_LOCAL}@{_WIDE_HOST}"


_AT = re.compile("@")


def _plausible_email(value: str) -> bool:
    local, _, host = value.replace(" ", "").rpartition("@")
    if " " in value and ("." not in host or not local):  # "meet @ noon" is no address
        return False
    return (
        bool(local)
        and not re.fullmatch(r"[0-9.\-]+", host)
        and not (" " in value and host.rpartition(".")[2][:1].isdigit())
    )


CONTACT = RuleFamily(
    "contact",
    [
        Rule("EMAIL_ADDRESS", re.compile(_EMAIL), 0.95, accept=_plausible_email, needs=(_AT,)),
        Rule("EMAIL_ADDRESS", re.compile(_EMAIL_WIDE), 0.85, accept=lambda value: not value.isascii(), needs=(_AT,)),
        # A quoted local part, an address of a machine for a host (RFC 5321).
        Rule(
            "EMAIL_ADDRESS",
            re.compile(rf'(?:"[^"\n@]{{1,64}}"|{_LOCAL})@(?:\[(?:IPv6:)?[0-9A-Fa-f.:]{{3,45}}\]|{_HOST})(?![A-Za-z0-9@])'),
            0.9,
            accept=lambda value: value[0] == '"' or value[-1] == "]",
            needs=(re.compile(r'"@|@\['),),
        ),
        # Hidden from harvesters.
        Rule(
            "EMAIL_ADDRESS",
            re.compile(
                r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}[ ]?(?:[(\[{][ ]?(?i:at|@|"
                r"艾特)[ ]?[)\]}]|(?<= )AT(?= ))[ ]?"
                r"[A-Za-z0-9][A-Za-z0-9\-]{0,62}(?:(?:\.|[ ]?(?:[(\[{][ ]?(?i:dot|\.|点)[ ]?[)\]}]|"
                r"(?<= )DOT(?= ))[ ]?)[A-Za-z0-9\-]{2,63}){1,4}"
                r"(?![A-Za-z0-9@])"
            ),
            0.85,
            needs=(re.compile(r"[(\[{][ ]?(?:[aA][tT]|@|艾特)[ ]?[)\]}]| AT "),),
        ),
    ],
)  # fmt: skip
