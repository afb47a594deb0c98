"""What a search inside the library found: documents by name, then passages, the best first.

States: searching; passages; passages that probably are not what was looked for; nothing; a problem.
"""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton

from studiolo.types import Document
from studiolo_desktop.look import Look
from studiolo_desktop.models.finding import FindingModel
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.sources.card import PassageCard

MOST_NAMES = 5
SHORT = 40  # characters of a name on a button


class Results(ScrollColumn):
    """In the place of the list while something is looked for."""

    document_wanted = Signal(object)  # Document
    hit_wanted = Signal(object)  # Hit

    def __init__(self, look: Look, finding: FindingModel, library: LibraryModel) -> None:
        super().__init__(margin=Space.L, gap=Space.S)
        self._look = look
        self._finding = finding
        self._library = library
        self.cards: list[PassageCard] = []
        self.names: list[str] = []
        finding.changed.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Show what was found so far."""
        tr, finding = self._look.tr, self._finding
        self.setAccessibleName(tr("find.results"))
        self.clear()
        self.cards = []
        wanted = finding.query.casefold()
        named = [one for one in self._library.documents if wanted and wanted in one.name.casefold()][:MOST_NAMES]
        self.names = [document.name for document in named]
        for document in named:
            self.append(self._name(document))
        if finding.problem is not None:
            sentence = self._look.sentence(finding.problem)
            self.append(label(f"{sentence.what} {sentence.todo}".strip(), role="danger", wrap=True))
        elif finding.hits is None:
            self.append(label(tr("find.searching"), role="muted"))
        elif not finding.hits:
            self.append(label(tr("find.nothing"), role="muted", wrap=True))
        else:
            if not finding.sure:
                self.append(label(tr("find.unsure"), role="muted", wrap=True))
            for number, hit in enumerate(finding.hits, start=1):
                card = PassageCard(self._look, number, hit, None)
                card.opened.connect(self._opened)
                self.cards.append(card)
                self.append(card)

    def _name(self, document: Document) -> QPushButton:
        name = document.name if len(document.name) <= SHORT else document.name[: SHORT - 1] + "…"
        found = button(lambda: self.document_wanted.emit(document), role="text", text=name.replace("&", "&&"))
        found.setIcon(self._look.icon("document", size_px=17))
        found.setToolTip(document.name)
        return found

    @Slot(int)
    def _opened(self, number: int) -> None:
        hits = self._finding.hits
        if hits is not None and number <= len(hits):
            self.hit_wanted.emit(hits[number - 1])
