"""EPUB books: the chapters in the order of the spine, each read as the web page it is. Any thread."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import html
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, one_line
from studiolo.knowledge.parsers.packages import attribute, descendants, member_bytes, opened, xml_root
from studiolo.types import Gap

_PAGES = ("application/xhtml+xml", "text/html", "application/xml", "text/xml")


def read(path: Path, reading: Reading) -> Parsed:  # noqa: ARG001 - every format's module is called alike
    """The book's blocks. Raises UserError: damaged_file, archive_too_large, needs_password (copy protection)."""
    with opened(path) as archive:
        container = xml_root(member_bytes(archive, "META-INF/container.xml"))
        package = next((attribute(found, "full-path") for found in descendants(container, "rootfile")), "")
        root = xml_root(member_bytes(archive, package)) if package else None
        if root is None:
            raise UserError(Code.DAMAGED_FILE, path=str(path))
        folder = posixpath.dirname(package)
        files = {
            attribute(item, "id"): posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href"))))
            for item in descendants(root, "item")
            if attribute(item, "media-type") in _PAGES and "nav" not in attribute(item, "properties").split()
        }
        blocks: list[Block] = []
        gaps: list[Gap] = []
        for entry in descendants(root, "itemref"):
            name = files.get(attribute(entry, "idref"))
            if name is None:
                continue
            data = member_bytes(archive, name)
            markup = html.decoded(data) if data else None
            if markup is None:
                gaps.append(Gap(Code.DAMAGED_FILE.value, name=posixpath.basename(name)))
            else:
                blocks.extend(html.parse_markup(markup).blocks)
        if not blocks and "META-INF/rights.xml" in archive.namelist():
            raise UserError(Code.NEEDS_PASSWORD, path=str(path))
        title = next(("".join(found.itertext()) for found in descendants(root, "title")), "")
    return Parsed(title=one_line(title), blocks=tuple(blocks), gaps=tuple(gaps))
