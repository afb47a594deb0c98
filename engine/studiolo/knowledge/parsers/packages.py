"""ZIP packages of XML, opened so that a hostile one costs nothing: sizes are capped, no entity is expanded, no network.

Office files, EPUB and OpenDocument are such packages. Any thread; a package is used by the one that opened it.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from studiolo.errors import Code, UserError

UNPACKED_BYTES = 600_000_000  # all members together; real office files stay far below
_MEMBERS_MOST = 50_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError)

Element = Any
"""An lxml element; lxml is untyped."""


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises UserError: damaged_file, archive_too_large (a member never yields more than it announces)."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError, EOFError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    with archive:
        members = archive.infolist()
        if len(members) > _MEMBERS_MOST or sum(member.file_size for member in members) > UNPACKED_BYTES:
            raise UserError(Code.ARCHIVE_TOO_LARGE, path=str(path), limit_bytes=UNPACKED_BYTES)
        yield archive


def member_bytes(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """A member's bytes, or None where it is missing, damaged or encrypted."""
    try:
        return archive.read(name)
    except _BROKEN:
        return None


def xml_root(data: bytes | None) -> Element | None:
    """The root of an XML document, or None. No entities, no DTD, no network, no depth or size beyond libxml2's own."""
    if not data:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def local(element: Element) -> str:
    """The element's name without its namespace ("" for entities): strict and transitional files read alike."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """An attribute by its local name, whatever its namespace; "" where there is none."""
    value = element.get(name)
    if value is None:
        value = next((given for key, given in element.items() if key.rpartition("}")[2] == name), "")
    return str(value)


def child(element: Element | None, *names: str) -> Element | None:
    """The first child along a path of local names."""
    for name in names:
        if element is None:
            return None
        element = next((inner for inner in element if local(inner) == name), None)
    return element


def descendants(element: Element | None, *names: str) -> Iterator[Element]:
    """All elements below with one of these local names, in document order."""
    if element is not None:
        for inner in element.iter():
            if inner is not element and local(inner) in names:
                yield inner


class Package:
    """An Office Open XML package (ECMA-376 part 2): parts, and which part is related to which."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}

    def root(self, part: str) -> Element | None:
        """The part's XML, or None."""
        name = self._names.get(part.lower())
        return xml_root(member_bytes(self._archive, name)) if name else None

    def main(self) -> str:
        """The name of the main document part; "" where the package names none."""
        return next(iter(self.related("", "officeDocument")), "")

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Id -> (last word of the type, part). What lies outside of the package is left out: nothing is fetched."""
        folder, name = posixpath.split(part)
        found = {}
        for relation in descendants(self.root(posixpath.join(folder, "_rels", f"{name}.rels")), "Relationship"):
            if attribute(relation, "TargetMode") != "External":
                target = unquote(attribute(relation, "Target"))
                whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = attribute(relation, "Type").rpartition("/")[2]
                found[attribute(relation, "Id")] = (kind, posixpath.normpath(whole))
        return found

    def related(self, part: str, *kinds: str) -> list[str]:
        """The parts related to `part` by one of these kinds, in the order given."""
        return [target for kind, target in self.relations(part).values() if kind in kinds]

    def title(self) -> str:
        """The title in the package's properties."""
        for part in self.related("", "core-properties"):
            for element in descendants(self.root(part), "title"):
                return "".join(element.itertext())
        return ""
