"""The models of privacy together, as the composition root makes them and the window takes them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.supervisor import Supervisor
from studiolo_desktop.models.ahead import AheadModel
from studiolo_desktop.models.audit import AuditModel
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.policy import PolicyModel
from studiolo_desktop.models.pseudonyms import PseudonymsModel
from studiolo_desktop.models.screenings import Screenings
from studiolo_desktop.models.seal import Prove, SealModel


@dataclass(frozen=True)
class PrivacyModels:
    """One of each."""

    screenings: Screenings
    seal: SealModel
    policy: PolicyModel
    audit: AuditModel
    names: PseudonymsModel
    ahead: AheadModel


def privacy_models(
    calls: Calls,
    supervisor: Supervisor,
    *,
    chat: ChatModel,
    library: LibraryModel,
    prove: Prove | None,
    window_sealed: bool | None,
    parent: QObject,
) -> PrivacyModels:
    """The models over one engine. `prove`, `window_sealed`: see `SealModel`."""
    return PrivacyModels(
        screenings=Screenings(calls, chat, parent=parent),
        seal=SealModel(calls, supervisor, prove=prove, window_sealed=window_sealed, parent=parent),
        policy=PolicyModel(calls, library, parent=parent),
        audit=AuditModel(calls, parent=parent),
        names=PseudonymsModel(calls, library, parent=parent),
        ahead=AheadModel(calls, supervisor, parent=parent),
    )
