"""An answer on screen: rendered Markdown as high as its text, whose citations are chips and whose links ask first.

It loads no resource of any scheme: whatever the document asks for, it gets nothing, and the disk and the network are
never touched. (`markdown.py` lets nothing through that would ask; this is the second wall.)
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QCursor,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QToolTip, QWidget

from studiolo.types import Sides
from studiolo_desktop.look import Look
from studiolo_desktop.theme import MONOSPACE_FAMILIES
from studiolo_desktop.ui.chat.markdown import CITE_SCHEME, COPY_SCHEME, Inks, code_blocks, grown, to_html
from studiolo_desktop.ui.privacy.value_chips import chip_number, paint_grounds, put_chips, x_of

LONG = 6_000  # code points of an answer that is not laid out whole again when it ends


def no_resource(kind: int) -> Any:
    """What a document gets for any resource: for a picture an empty one, so that Qt looks no further."""
    if kind == QTextDocument.ResourceType.ImageResource.value:
        blank = QImage(1, 1, QImage.Format.Format_ARGB32)
        blank.fill(Qt.GlobalColor.transparent)
        return blank
    return b""


class SafeDocument(QTextDocument):
    """A document that gets nothing from outside itself."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: ARG002 - Qt's signature
        """Nothing."""
        return no_resource(kind)


class FittedBrowser(QTextBrowser):
    """A read-only text without a scroll bar, always as high as what it holds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocument(SafeDocument(self))
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(24)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setOpenLinks(False)
        self.setAcceptDrops(False)  # a file dropped on a text is dropped on the window
        self.viewport().setAcceptDrops(False)
        self.viewport().setAutoFillBackground(False)
        self.setUndoRedoEnabled(False)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: ARG002 - Qt's signature
        """Nothing."""
        return no_resource(kind)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The height follows the width."""
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The conversation scrolls, not one answer."""
        event.ignore()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(200, self.height())

    @Slot()
    def _fit(self) -> None:
        height = int(self.document().size().height() + 0.99)
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(max(height, 1))


class AnswerText(FittedBrowser):
    """The text of one answer."""

    cited = Signal(int)  # the number of the source that was clicked
    link_clicked = Signal(str)  # a link that leads out, in full
    value_clicked = Signal(int)  # the number of the chip

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._markdown = ""
        self._markers: frozenset[int] = frozenset()
        self._writing = False
        self._settled = 0  # so much of the Markdown will not change any more ...
        self._codes = 0  # ... and holds so many blocks of code
        self._open_at = 0  # where the block that is being written begins in the document
        self._sides: Sides | None = None
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.anchorClicked.connect(self._clicked)
        self.setAccessibleName(look.tr("chat.answer"))

    @property
    def markdown(self) -> str:
        """What it shows, as the model wrote it."""
        return self._markdown

    def show_markdown(
        self, markdown: str, markers: frozenset[int], *, writing: bool = False, force: bool = False
    ) -> None:
        """Show an answer; `markers` are the numbers of its sources. `writing`: more of it will come."""
        if not force and (markdown, markers, writing) == (self._markdown, self._markers, self._writing):
            return
        goes_on = self._writing and markdown.startswith(self._markdown) and markers == self._markers and not force
        self._markdown, self._markers, self._writing = markdown, markers, writing
        if writing:
            if not goes_on:
                self._begin()
            self._grow()
        elif goes_on and len(markdown) > LONG:
            self._end()
        else:
            self._show_whole()
        self._trim_last_block()

    def forget(self) -> None:
        """Be as new: another answer comes, whose beginning and whose chips are its own."""
        self._markdown, self._markers, self._writing, self._sides = "", frozenset(), False, None
        self.setAccessibleDescription("")

    def _show_whole(self) -> None:
        cursor = self.textCursor()
        selection = (cursor.anchor(), cursor.position()) if cursor.hasSelection() else None
        self.document().setDefaultStyleSheet(self._style())
        inks, copy = Inks.of(self._look.tokens), self._look.tr("chat.copy_code")
        self.setHtml(to_html(self._markdown, markers=self._markers, inks=inks, copy=copy))
        if self._sides is not None and self._sides.shown == self._markdown:
            put_chips(self.document(), self._sides, ink=self._look.tokens.veil_ink)
        if selection is not None:  # the person is marking text while the answer ends
            end = self.document().characterCount() - 1
            cursor = self.textCursor()
            cursor.setPosition(min(selection[0], end))
            cursor.setPosition(min(selection[1], end), QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)

    def _end(self) -> None:
        """Lay out the last block as it stays: all of a long answer would take longer than a frame."""
        cursor = self._without_open()
        html = to_html(
            self._markdown[self._settled :],
            markers=self._markers,
            inks=Inks.of(self._look.tokens),
            copy=self._look.tr("chat.copy_code"),
            codes=self._codes,
        )
        self._put(cursor, html)
        cursor.endEditBlock()

    def _without_open(self) -> QTextCursor:
        """Take the last block out; where the next one goes, with an edit begun."""
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.setPosition(self._open_at)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        return cursor

    def _begin(self) -> None:
        self.document().setDefaultStyleSheet(self._style())
        self.document().clear()
        self._settled = self._codes = self._open_at = 0

    def _grow(self) -> None:
        """Lay out what is new: what stands before the last block stays untouched, however long the answer is."""
        now = grown(
            self._markdown[self._settled :],
            markers=self._markers,
            inks=Inks.of(self._look.tokens),
            copy=self._look.tr("chat.copy_code"),
            codes=self._codes,
        )
        cursor = self._without_open()
        if now.settled:
            self._put(cursor, now.settled)
            self._settled += now.at
            self._codes = now.codes
            self._open_at = cursor.position()
        self._put(cursor, now.open)
        cursor.endEditBlock()

    def _put(self, cursor: QTextCursor, html: str) -> None:
        """Put blocks at the end of the document."""
        piece = SafeDocument()
        piece.setDefaultFont(self.document().defaultFont())
        piece.setIndentWidth(self.document().indentWidth())
        piece.setDefaultStyleSheet(self.document().defaultStyleSheet())
        piece.setHtml(html)
        first = piece.firstBlock()
        if first.textList() is None and first.length() > 1:  # a list or a table brings a block of its own
            if cursor.block().length() > 1:
                cursor.insertBlock(first.blockFormat(), first.charFormat())
            else:
                cursor.setBlockFormat(first.blockFormat())
        between = -1  # where an empty block comes to stand, which nobody wants
        if first.textList() is not None:
            if self.document().isEmpty():
                between = 0
            elif cursor.block().textList() is not None:  # or the two lists would become one
                cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
                between = cursor.position()
        cursor.insertFragment(QTextDocumentFragment(piece))
        if between >= 0:
            gap = QTextCursor(self.document())
            gap.setPosition(between)
            if gap.block().length() == 1:
                gap.deleteChar()

    def _style(self) -> str:
        tokens = self._look.tokens
        leading = self._look.leading(self._look.sizes.reading)
        mono = ", ".join(f"'{family}'" for family in MONOSPACE_FAMILIES)
        return (
            f"p {{ margin-top: 0px; margin-bottom: 10px; line-height: {leading}%; }}"
            f"li {{ margin-bottom: 4px; line-height: {leading}%; }}"
            f"ul, ol {{ margin-top: 0px; margin-bottom: 10px; }}"
            f"h3, h4, h5, h6 {{ margin-top: 12px; margin-bottom: 6px; font-size: {self._look.sizes.reading + 2}px; }}"
            f"a {{ color: {tokens.accent}; }}"
            f"code, pre {{ font-family: {mono}; font-size: {self._look.sizes.body}px; }}"
            f"blockquote {{ color: {tokens.muted}; margin-left: 16px; }}"
            f"table.grid {{ border-collapse: collapse; border: 1px solid {tokens.line_strong}; }}"
            f"th, td {{ border: 1px solid {tokens.line}; }}"
            f"table.code td {{ border: none; }}"
            f"table.grid, table.code {{ margin-top: 4px; margin-bottom: 12px; }}"
        )

    def show_values(self, sides: Sides) -> None:
        """Make chips of the values that the model did not see; none where another text is shown than is meant."""
        if sides != self._sides:
            self._sides = sides
            self.show_markdown(self._markdown, self._markers, writing=self._writing, force=True)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from link to link; which one has the focus is told as it is for the pointer."""
        stays = super().focusNextPrevChild(forward)
        cursor = self.textCursor()
        at = QTextCursor(cursor)
        at.setPosition(cursor.selectionEnd())
        self.highlighted.emit(QUrl(at.charFormat().anchorHref() if stays and cursor.hasSelection() else ""))
        return stays

    def relook(self) -> None:
        """New colours."""
        self.setAccessibleName(self._look.tr("chat.answer"))
        self.show_markdown(self._markdown, self._markers, writing=self._writing, force=True)

    def chip_rects(self, within: QRectF | None = None) -> list[QRectF]:
        """Where the citations stand, in viewport coordinates; those of the blocks that reach into `within`."""
        layout: QAbstractTextDocumentLayout = self.document().documentLayout()
        rects: list[QRectF] = []
        block = self.document().begin()
        if within is not None:
            block = self.document().findBlock(max(0, layout.hitTest(within.topLeft(), Qt.HitTestAccuracy.FuzzyHit)))
        while block.isValid():
            bounds = layout.blockBoundingRect(block)
            origin = bounds.topLeft()
            if within is not None and origin.y() > within.bottom():
                break
            iterator = block.begin()
            while not iterator.atEnd():
                fragment = iterator.fragment()
                if fragment.charFormat().anchorHref().startswith(f"{CITE_SCHEME}:"):
                    at = fragment.position() - block.position()
                    line = block.layout().lineForTextPosition(at)
                    if line.isValid():
                        left = x_of(line, at)
                        end = at + fragment.length()
                        right = x_of(line, end)
                        middle = line.y() + line.ascent() * 0.66
                        height = self._look.sizes.small * 1.42
                        rects.append(
                            QRectF(origin.x() + left + 1, origin.y() + middle - height / 2, right - left - 2, height)
                        )
                iterator += 1
            block = block.next()
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        """The grounds of the chips, then the text."""
        rects = self.chip_rects(QRectF(event.rect()))
        if rects or self._sides is not None:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_grounds(painter, self.document(), self._look)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._look.tokens.accent_soft))
            for rect in rects:
                painter.drawRoundedRect(rect, 5, 5)
            painter.end()
        super().paintEvent(event)

    def _trim_last_block(self) -> None:
        """No empty space below the last paragraph."""
        cursor = QTextCursor(self.document().lastBlock())
        block_format = cursor.blockFormat()
        block_format.setBottomMargin(0)
        cursor.setBlockFormat(block_format)

    @Slot(QUrl)
    def _clicked(self, url: QUrl) -> None:
        if url.scheme() == CITE_SCHEME:
            number = url.path()
            if number.isdigit():
                self.cited.emit(int(number))
            return
        if url.scheme() == COPY_SCHEME:
            self._copy_code(url.path())
            return
        if (chip := chip_number(url.toString())) is not None:
            self.value_clicked.emit(chip)
            return
        self.link_clicked.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    def _copy_code(self, number: str) -> None:
        blocks = code_blocks(self._markdown)
        if number.isdigit() and int(number) < len(blocks):
            QGuiApplication.clipboard().setText(blocks[int(number)])
            QToolTip.showText(QCursor.pos(), self._look.tr("chat.copied"), self)
