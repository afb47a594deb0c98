"""The families of rules, in the order in which they are asked. Names are found in `names.py`, which needs models."""

from __future__ import annotations

from studiolo.privacy.recognizers.base import Family


def rule_families() -> tuple[Family, ...]:
    """All families that need no model."""
    from studiolo.privacy.recognizers.addresses import ADDRESSES
    from studiolo.privacy.recognizers.births import BIRTHS
    from studiolo.privacy.recognizers.cards import CARDS
    from studiolo.privacy.recognizers.cn_ids import CN_IDS
    from studiolo.privacy.recognizers.contact import CONTACT
    from studiolo.privacy.recognizers.coordinates import COORDINATES
    from studiolo.privacy.recognizers.crypto import CRYPTO, WALLETS
    from studiolo.privacy.recognizers.documents import DOCUMENT_FORMS, DOCUMENTS
    from studiolo.privacy.recognizers.national_ids import NATIONAL_IDS
    from studiolo.privacy.recognizers.nations import NATION_FORMS, NATIONS
    from studiolo.privacy.recognizers.network import NETWORK
    from studiolo.privacy.recognizers.phones import PHONES, SAID_PHONES
    from studiolo.privacy.recognizers.secrets import SECRETS
    from studiolo.privacy.recognizers.titles import TITLES

    return (
        CARDS, CONTACT, PHONES, SAID_PHONES, CN_IDS, NATIONAL_IDS, NATION_FORMS, NATIONS, DOCUMENT_FORMS,
            DOCUMENTS, BIRTHS,
        COORDINATES, CRYPTO, WALLETS, NETWORK, SECRETS, ADDRESSES, TITLES,
    )  # fmt: skip


def context_families() -> tuple[Family, ...]:
    """Families that need no model either and judge by context: for whole texts and whole sentences."""
    from studiolo.privacy.recognizers.blocks import BLOCKS
    from studiolo.privacy.recognizers.capitals import CAPITALS
    from studiolo.privacy.recognizers.cues import CUES
    from studiolo.privacy.recognizers.dates import DATES
    from studiolo.privacy.recognizers.web import WEB

    return (BLOCKS, CAPITALS, CUES, DATES, WEB)
