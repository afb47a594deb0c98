"""What a PDF holds beside its pages' text: what was filled into its form, notes written on it, files attached to it.

Not for several threads: nor is pdfium.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Block, one_line

_ANNOTATIONS_MOST = 5_000  # of a page
_ATTACHMENTS_MOST = 1_000
_TEXT_MOST = 2_000_000  # bytes of one value
_OFF = "Off"  # the value of a box that is not ticked
_PASSWORD_FIELD = 1 << 13  # ISO 32000-1, table 228


class Notes:
    """The form's values and notes of one document, page after page, and its attachments at the end.

    To be made before the first page is loaded.
    """

    def __init__(self, document: Any) -> None:
        import pypdfium2

        with contextlib.suppress(pypdfium2.PdfiumError):  # a form that cannot be set up is none
            document.init_forms()  # does nothing where there is no form
        self._document = document
        self._told: set[str] = set()  # a field shown in several places is told once
        self._on_pages: list[tuple[str, bytes | UserError]] = []
        self.blocks: list[Block] = []

    def look(self, page: Any, number: int) -> None:
        """Take what lies on page `number` (from 1)."""
        from pypdfium2 import raw as pdfium

        lines: list[str] = []
        for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _ANNOTATIONS_MOST)):
            annotation = pdfium.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            try:
                kind = pdfium.FPDFAnnot_GetSubtype(annotation)
                if kind == pdfium.FPDF_ANNOT_WIDGET and self._document.formenv:
                    lines.append(self._field(annotation))
                elif kind in (pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_TEXT):
                    lines.append(one_line(_string(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")))
                elif kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                    self._on_pages.extend(self._taken_out(pdfium.FPDFAnnot_GetFileAttachment(annotation)))
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)
        text = "\n".join(line for line in lines if line)
        if text:
            self.blocks.append(Block("list" if "\n" in text else "paragraph", text, page=number))

    def attachments(self) -> Iterator[tuple[str, bytes | UserError]]:
        """The files attached to the document and its pages: name and bytes, or why they cannot be taken out."""
        from pypdfium2 import raw as pdfium

        for index in range(min(pdfium.FPDFDoc_GetAttachmentCount(self._document), _ATTACHMENTS_MOST)):
            yield from self._taken_out(pdfium.FPDFDoc_GetAttachment(self._document, index))
        yield from self._on_pages

    def _field(self, annotation: Any) -> str:
        """A widget's field as "name: value"; "" where it has no value, or it was told before."""
        from pypdfium2 import raw as pdfium

        form = self._document.formenv
        kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
        if kind in (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE):
            return ""
        is_text = kind == pdfium.FPDF_FORMFIELD_TEXTFIELD
        if is_text and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD:
            return ""
        value = one_line(_string(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation))
        if not value or (value == _OFF and not is_text):
            return ""
        # The alternate name is the one made for people.
        name = one_line(
            _string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
            or _string(pdfium.FPDFAnnot_GetFormFieldName, form, annotation)
        )
        line = f"{name}: {value}" if name else value
        if line in self._told:
            return ""
        self._told.add(line)
        return line

    def _taken_out(self, raw: Any) -> Iterator[tuple[str, bytes | UserError]]:
        import pypdfium2

        if not raw or len(self._on_pages) >= _ATTACHMENTS_MOST:
            return
        attachment = pypdfium2.PdfAttachment(raw, self._document)
        try:
            name = one_line(_unmangled(attachment.get_name())) or "?"
        except pypdfium2.PdfiumError:
            name = "?"
        try:
            yield name, bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            yield name, UserError(Code.DAMAGED_FILE, path=name)


def _unmangled(name: str) -> str:
    """A name that some programs write as UTF-16 where bytes are due, and pdfium takes for bytes."""
    if name.startswith("\xfe\xff"):
        with contextlib.suppress(UnicodeError):
            return name.encode("latin-1").decode("utf-16")
    return name


def _string(getter: Callable[..., int], *arguments: Any) -> str:
    """What pdfium writes as UTF-16 into a buffer, asked for its length first."""
    from pypdfium2 import raw as pdfium

    length = getter(*arguments, None, 0)
    if not 2 < length <= _TEXT_MOST:
        return ""
    buffer = (ctypes.c_char * length)()
    getter(*arguments, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return buffer.raw[: length - 2].decode("utf-16-le", "ignore")
