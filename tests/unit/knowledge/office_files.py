"""Office, mail and archive files for the tests, written by other libraries or from bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from email.message import EmailMessage


def zipped(members: dict[str, bytes | str], *, first: str = "") -> bytes:
    """A ZIP; the member called `first` stands first and unpacked, as EPUB and OpenDocument want their type."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members, key=lambda name: name != first):
            archive.writestr(name, members[name], zipfile.ZIP_STORED if name == first else None)
    return out.getvalue()


def saved(document) -> bytes:
    """What python-docx, python-pptx and openpyxl write."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def mail(subject: str, body: str, *, markup: str = "", attached: dict[str, bytes] | None = None) -> bytes:
    """A message."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Li Wei <li@example.org>", "anna@example.org"
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    message.set_content(body)
    if markup:
        message.add_alternative(markup, subtype="html")
    for name, data in (attached or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def opendocument(kind: str, body: str, *, manifest: str = "") -> bytes:
    """An OpenDocument package: `kind` is "text" or "presentation", `body` the XML inside of it."""
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in {
            "office": "office", "text": "text", "table": "table", "draw": "drawing", "presentation": "presentation",
            "style": "style",
        }.items()
    )  # fmt: skip
    content = f"<office:document-content {names}><office:body><office:{kind}>{body}</office:{kind}></office:body>"
    members = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "META-INF/manifest.xml": manifest or "<m/>"}
    return zipped({**members, "content.xml": f"{content}</office:document-content>"}, first="mimetype")


def epub(chapters: dict[str, str], *, title: str) -> bytes:
    """A book with one page a chapter, in order."""
    items = "".join(f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    package = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.idpf.org/2007/opf"><metadata>'
        f"<dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    members = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": package}
    pages = {f"OEBPS/{name}.xhtml": f"<html><body>{body}</body></html>" for name, body in chapters.items()}
    return zipped({**members, **pages}, first="mimetype")


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE file ([MS-CFB]) of streams in the root, each padded to the size from which the FAT alone holds it."""
    sector, free, end, fat_mark = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    chains: list[tuple[str, int, int]] = []
    body = b""
    fat: list[int] = []

    def add(data: bytes) -> int:
        nonlocal body
        start, count = len(fat), max(1, -(-len(data) // sector))
        fat.extend([*range(start + 1, start + count), end])
        body += data.ljust(count * sector, b"\0")
        return start

    for name, data in streams.items():
        padded = data.ljust(4096, b"\0")
        chains.append((name, add(padded), len(padded)))

    def entry(name: str, kind: int, *, left: int, right: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, left, right, child)
        return head + b"\0" * 36 + struct.pack("<IQ", start, size)

    ordered = sorted(chains, key=lambda chain: (len(chain[0]), chain[0].upper()))
    entries = [entry("Root Entry", 5, left=free, right=free, child=1 if ordered else free, start=end, size=0)]
    for number, (name, start, size) in enumerate(ordered, start=1):
        right = number + 1 if number < len(ordered) else free
        entries.append(entry(name, 2, left=free, right=right, child=free, start=start, size=size))
    directory = add(b"".join(entries).ljust(-(-len(entries) // 4) * sector, b"\0"))
    fat_at = len(fat)
    fat.append(fat_mark)
    assert len(fat) <= sector // 4
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, 1, directory, 0, 4096, end, 0, end, 0) + struct.pack("<I", fat_at)
    table = b"".join(struct.pack("<I", number) for number in fat).ljust(sector, b"\xff")
    return head.ljust(sector, b"\xff") + body + table


def word97(text: str, *, styles: dict[int, int] | None = None, flags: int = 0x0200) -> bytes:
    """A Word 97 file of one piece of UTF-16. `text` holds Word's own marks: CR for a paragraph, BEL for a cell; a BEL
    after a BEL ends a row. `styles` gives a paragraph (from 0) a style: 1-9 are headings."""
    at = 0x400
    raw = text.encode("utf-16-le")
    body_end = -(-(at + len(raw)) // 512)
    borders, said, begin, number = [], [], 0, 0
    for position, character in enumerate(text):
        if character in "\r\x07":
            borders.append(at + 2 * begin)
            ends_row = character == "\x07" and position > 0 and text[position - 1] == "\x07"
            said.append(struct.pack("<H", (styles or {}).get(number, 0)) + (b"\x17\x24\x01\0" if ends_row else b""))
            begin, number = position + 1, number + 1
    block = bytearray(512)
    block[511] = len(said)
    struct.pack_into(f"<{len(said) + 1}I", block, 0, *borders, at + 2 * begin)
    place = 510
    for run, properties in enumerate(said):
        size = len(properties) + 1 + (len(properties) + 1) % 2
        place -= size
        block[place : place + 1 + len(properties)] = bytes([(size) // 2]) + properties
        block[4 * (len(said) + 1) + 13 * run] = place // 2
    main = bytearray(at)
    struct.pack_into("<HH", main, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", main, 0x0A, flags)
    struct.pack_into("<I", main, 0x4C, len(text))
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, at, 0)
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    papx = struct.pack("<III", at, at + len(raw), body_end)
    struct.pack_into("<II", main, 0x1A2, 0, len(clx))
    struct.pack_into("<II", main, 0x102, len(clx), len(papx))
    whole = (bytes(main) + raw).ljust(body_end * 512, b"\0") + bytes(block)
    return ole({"WordDocument": whole, "1Table": clx + papx})


def _record(kind: int, content: bytes, *, container: bool = False, instance: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if container else 0), kind, len(content)) + content


def powerpoint97(slides: list[tuple[str, str, str]]) -> bytes:
    """A PowerPoint 97 file: each slide has a title, a body in the outline and a text box of its own."""
    outline = b""
    drawn: list[bytes] = []
    for number, (title, body, box) in enumerate(slides, start=2):
        outline += _record(0x03F3, struct.pack("<IIiII", number, 0, 0, 0, 0))
        outline += _record(0x0F9F, struct.pack("<I", 0)) + _record(0x0FA0, title.encode("utf-16-le"))
        outline += _record(0x0F9F, struct.pack("<I", 1)) + _record(0x0FA0, body.encode("utf-16-le"))
        text = _record(0x0F9F, struct.pack("<I", 4)) + _record(0x0FA8, box.encode("latin-1"))
        drawn.append(_record(0x03EE, _record(0x040C, _record(0xF00D, text), container=True), container=True))
    stream = _record(0x03E8, _record(0x0FF0, outline, container=True), container=True)
    places = [0]
    for slide in drawn:
        places.append(len(stream))
        stream += slide
    directory = len(stream)
    entry = struct.pack("<I", 1 | len(places) << 20) + struct.pack(f"<{len(places)}I", *places)
    stream += _record(0x1772, entry)
    edit = len(stream)
    stream += _record(0x0FF5, struct.pack("<IIIIIII", 0, 0, 0, directory, 1, 0, 0))
    user = _record(0x0FF6, struct.pack("<III", 20, 0xE391C05F, edit) + b"\0" * 12)
    return ole({"Current User": user, "PowerPoint Document": stream})
