"""PDF files written byte by byte for the tests: English in Helvetica, Chinese in a standard CID font, no library."""

from __future__ import annotations

from collections.abc import Sequence

Line = tuple[str, float]  # text, size; a negative size means bold


def pdf(pages: Sequence[Sequence[Line]], *, title: str = "", outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF of these pages. `outline` holds (title, page from 1)."""
    objects: list[bytes] = [b""] * 7
    objects[2] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects[3] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"
    objects[4] = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>"
    )
    objects[5] = (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /DW 1000 "
        b"/FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [0 -200 1000 900] "
        b"/ItalicAngle 0 /Ascent 850 /Descent -150 /CapHeight 800 /StemV 80 >> >>"
    )
    objects[6] = f"<< /Title ({title}) >>".encode("latin-1")
    kids: list[int] = []
    for lines in pages:
        content = b"".join(_lines(lines))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R /B 4 0 R /C 5 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    root = b"<< /Type /Catalog /Pages 2 0 R"
    if outline:
        first = len(objects) + 2
        objects.append(b"<< /Type /Outlines /First %d 0 R /Last %d 0 R >>" % (first, first + len(outline) - 1))
        root += b" /Outlines %d 0 R" % len(objects)
        for number, (text, page) in enumerate(outline):
            after = b" /Next %d 0 R" % (first + number + 1) if number + 1 < len(outline) else b""
            objects.append(
                b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit]%s >>"
                % (text.encode("latin-1"), first - 1, kids[page - 1], after)
            )
    objects[0] = root + b" >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    return _assembled(objects)


def _lines(lines: Sequence[Line]) -> list[bytes]:
    y = 780.0
    parts = []
    for text, size in lines:
        height = abs(size)
        if text:
            if text.isascii():
                font, shown = (b"B" if size < 0 else b"F"), b"(" + _escaped(text) + b")"
            else:
                font, shown = b"C", b"<" + text.encode("utf-16-be").hex().encode() + b">"
            parts.append(b"BT /%s %.1f Tf 60 %.1f Td %s Tj ET\n" % (font, height, y, shown))
        y -= height * 1.3
    return parts


def _escaped(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("ascii")


def _assembled(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def encrypted(data: bytes, *, password: str, owner: str = "owner") -> bytes:
    """The same file, opened only by `password` ("" = by anybody, though it is encrypted)."""
    import io

    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=password, owner_password=owner, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def attached(data: bytes, files: Sequence[tuple[str, bytes]]) -> bytes:
    """The same file with these attached to it."""
    import io

    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    for name, content in files:
        writer.add_attachment(name, content)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def annotated(data: bytes, notes: Sequence[tuple[int, str, str]]) -> bytes:
    """The same file with (page from 1, "FreeText" or "Text", contents) written on it."""
    import io

    import pypdf
    from pypdf.annotations import FreeText, Text

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    for page, kind, contents in notes:
        make = FreeText if kind == "FreeText" else Text
        writer.add_annotation(page - 1, make(text=contents, rect=(50, 50, 200, 90)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def form(data: bytes, fields: Sequence[tuple[int, dict[str, object]]]) -> bytes:
    """The same file with a form: (page from 1, the field's entries; text as str, names as "/Name", numbers as int)."""
    import io

    import pypdf
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, TextStringObject

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    made = ArrayObject()
    for page, entries in fields:
        field = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/Rect"): ArrayObject(FloatObject(n) for n in (50, 50, 200, 90)),
            }
        )
        for key, value in entries.items():
            if isinstance(value, int):
                field[NameObject(key)] = NumberObject(value)
            elif str(value).startswith("/"):
                field[NameObject(key)] = NameObject(str(value))
            else:
                field[NameObject(key)] = TextStringObject(str(value))
        made.append(writer._add_object(field))
        annotations = writer.pages[page - 1].setdefault(NameObject("/Annots"), ArrayObject())
        annotations.append(made[-1])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): made})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
