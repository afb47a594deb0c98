"""Addresses of machines: IPv4, IPv6, MAC."""

from __future__ import annotations

import ipaddress
import re

from studiolo.privacy.recognizers.base import Rule, RuleFamily, words


def _address(value: str) -> bool:
    """A valid address that can belong to somebody: not the unspecified, loopback or mask ones."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return not (address.version == 4 and int(address) >= 0xF0000000) and not (address.version == 6 and len(value) < 6)


# A colon of the sentence may stand before an address, a colon of an address may not.
_NOT_INSIDE = r"(?<![0-9A-Za-z.])(?<![0-9A-Fa-f:]:)"

_A_SECTION = re.compile(
    r"(?:(?<![A-Za-z])(?:version|ver|release|section|sections|sect?|clause|chapter|article|paragraph|appendix|figure|fig|table|"
    r"part|item|step|rule|firmware|build|upgrade to|update to)\.?|§|版本号?|第|条款|章节|条例|附录|图|表|固件|"
    r"升级到|更新到)[ ]?[:=]?[ ]?\Z",
    re.IGNORECASE,
)

NETWORK = RuleFamily(
    "network",
    [
        Rule(
            "IP_ADDRESS",
            re.compile(
                r"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![vV])(?<![vV]\.)"
                r"(?![0-9]\.[0-9]\.[0-9]\.[0-9](?![0-9]))(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z_])(?!\.[0-9])(?"
                r"![ ]?[节章条款版])"
            ),
            0.85,
            accept=_address,
            unless=_A_SECTION,
            needs=(re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]"),),
        ),
        Rule(
            "IP_ADDRESS",
            re.compile(
                rf"(?:(?<![0-9A-Fa-f])::(?:[0-9A-Fa-f]{{1,4}}:){{0,5}}|{_NOT_INSIDE}(?:[0-9A-Fa-f]{{1,4}}:){{1,6}}:?(?:[0-9A-Fa-f]{{1,4}}:){{0,4}})(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?![0-9A-Za-z:])(?!\.[0-9])"
                rf"|{_NOT_INSIDE}(?:[0-9A-Fa-f]{{1,4}}:){{1,7}}(?::?[0-9A-Fa-f]{{1,4}}){{0,7}}(?:::)?(?![0-9A-Za-z:])"
                rf"|{_NOT_INSIDE}[0-9A-Fa-f]{{0,4}}::(?:[0-9A-Fa-f]{{1,4}}:?){{1,7}}(?![0-9A-Za-z:])"
            ),
            0.85,
            accept=lambda value: value.count(":") >= 2 and _address(value),
            needs=(re.compile(r":[0-9A-Fa-f]{0,4}:"),),  # a valid one has no longer group
        ),
        # Four single digits number a section more often than a machine.
        Rule(
            "IP_ADDRESS",
            re.compile(r"(?<![0-9A-Za-z_.])(?:[0-9]\.){3}[0-9](?![0-9A-Za-z_])(?!\.[0-9])"),
            0.7,
            accept=_address,
            context=words(
                "ip",
                "ipv4",
                "host",
                "server",
                "dns",
                "address",
                "ping",
                "client",
                "gateway",
                "地址",
                "服务器",
                "主机",
                "网关",
            ),
            unless=_A_SECTION,
            needs=(re.compile(r"[0-9]\.[0-9]\.[0-9]\.[0-9]"),),
        ),
        Rule(
            "MAC_ADDRESS",
            re.compile(
                r"(?<![0-9A-Za-z\-])(?<![0-9A-Fa-f]:)(?:[0-9A-Fa-f]{2}:){5}(?:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:)?[0-9A-Fa-f]{2}"
                r"(?![0-9A-Za-z]|:[0-9A-Fa-f])"
                r"|(?<![0-9A-Za-z:\-])(?:[0-9A-Fa-f]{2}-){5}(?:[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-)?[0-9A-Fa-f]{2}"
                r"(?![0-9A-Za-z]|-[0-9A-Za-z])"
                r"|(?<![0-9A-Za-z.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?!\.?[0-9A-Za-z])"
            ),
            0.9,
            needs=(re.compile(r"[:\-.](?:[0-9A-Fa-f]{2}){1,2}[:\-.]"),),
        ),
    ],
)
