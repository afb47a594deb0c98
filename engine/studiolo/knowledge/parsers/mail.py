"""Mail: messages as RFC 5322 text (eml) and as Outlook's files (msg), with their attachments. Any thread.

The only import of oxmsg. Attachments are read as the files they are; pictures that only decorate the text are not.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import html, members, text
from studiolo.knowledge.parsers.blocks import Block, Parsed, Reading, one_line

_OLE = b"\xd0\xcf\x11\xe0"
_HEADERS = ("From", "To", "Cc", "Date")
_MARKUP = ("text/html", "application/xhtml+xml")


def read(path: Path, reading: Reading) -> Parsed:
    """Subject, head, body and attachments. Raises UserError: damaged_file, archive_too_large."""
    with path.open("rb") as file:
        is_outlook = file.read(4) == _OLE
    return _outlook(path, reading) if is_outlook else _internet(path, reading)


def _internet(path: Path, reading: Reading) -> Parsed:
    try:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    except (ValueError, LookupError, IndexError, AttributeError):
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    assert isinstance(message, EmailMessage)
    head = [(name, _header(message, name)) for name in _HEADERS]
    body, attached = _body(message)
    blocks = _parts(_header(message, "Subject"), head, body)
    return _with_attachments(path, reading, blocks, attached)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message[name] or ""))
    except (ValueError, LookupError, IndexError, AttributeError):  # the library stumbles over some malformed heads
        return ""


def _body(message: EmailMessage) -> tuple[list[Block], list[tuple[str, bytes | UserError]]]:
    """The text that stands first, and everything else as attachments. Of alternatives the plain one is taken."""
    body: list[Block] = []
    attached: list[tuple[str, bytes | UserError]] = []
    plain_in: set[int] = set()  # alternatives whose plain text has been taken
    for part, parent in _leaves(message):
        kind = part.get_content_type()
        name = _file_name(part)
        if part.get_content_disposition() != "attachment" and not name and kind.startswith("text/"):
            if kind in _MARKUP and id(parent) in plain_in:
                continue
            found = _text_blocks(_bytes(part), part.get_content_charset(), markup=kind in _MARKUP)
            body.extend(found)
            if kind == "text/plain" and found and parent is not None:
                plain_in.add(id(parent))
        elif kind == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner:
                attached.append((name or "message.eml", inner[0].as_bytes()))
        elif part.get_content_disposition() == "attachment" or (name and not part["Content-ID"]):
            attached.append((name or f"attachment.{part.get_content_subtype()}", _bytes(part)))
    return body, attached


def _leaves(message: Any, above: Any = None, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """The parts that hold something, each with the alternative it is one of (None = it is none)."""
    if depth > 30:
        return
    if message.get_content_maintype() == "multipart" and isinstance(message.get_payload(), list):
        alternative = message if message.get_content_subtype() == "alternative" else above
        for part in message.get_payload():
            yield from _leaves(part, alternative, depth + 1)
    else:
        yield message, above


def _file_name(part: Any) -> str:
    try:
        return one_line(part.get_filename() or "")
    except (ValueError, LookupError, AttributeError):
        return ""


def _bytes(part: Any) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        data = None
    return data if isinstance(data, bytes) else b""


def _text_blocks(data: bytes, charset: str | None, *, markup: bool) -> list[Block]:
    words: str | None = None
    if charset and not markup:
        try:
            words = data.decode("gb18030" if charset.lower() in ("gb2312", "gbk") else charset)
        except (LookupError, UnicodeDecodeError):
            words = None
    if markup:
        page = html.decoded(data, declared=charset)
        return list(html.parse_markup(page).blocks) if page else []
    words = words if words is not None else text.decode(data)
    return list(text.parse_text(words).blocks) if words else []


def _outlook(path: Path, reading: Reading) -> Parsed:
    from oxmsg import Message

    try:
        message = Message.load(str(path))
        head = {name.lower(): value for name, value in (message.message_headers or {}).items()}
        to = "; ".join(_person(one.name, one.email_address) for one in message.recipients)
        sent = message.sent_date.isoformat(" ", "minutes") if message.sent_date else head.get("date", "")
        sender = message.sender or head.get("from", "")
        subject, plain, markup = message.subject, message.body, message.html_body
        attached = list(_outlook_attachments(message))
    except UserError:
        raise
    except Exception as error:  # the library promises no exceptions of its own for damaged files
        if isinstance(error, MemoryError):
            raise
        raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
    body: Sequence[Block] = text.parse_text(plain).blocks if plain and plain.strip() else ()
    if not body and markup:
        body = html.parse_markup(markup).blocks
    lines = [("From", sender or ""), ("To", to), ("Date", sent)]
    return _with_attachments(path, reading, _parts(one_line(subject or ""), lines, list(body)), attached)


def _person(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


def _outlook_attachments(message: Any) -> Iterator[tuple[str, bytes | UserError]]:
    for attachment in message.attachments:
        name = attachment.file_name or "attachment"
        if not attachment.attached_by_value:
            yield name, UserError(Code.CONVERT_FIRST, path=name, suffix=".msg", better=".eml")
        elif not (attachment.mime_type or "").startswith("image/") or attachment.file_name:
            yield name, attachment.file_bytes or b""


def _parts(subject: str, head: Sequence[tuple[str, str]], body: list[Block]) -> list[Block]:
    """Subject as heading, the head's lines, then the body one level deeper."""
    blocks = [Block("heading", subject, level=1)] if subject else []
    lines = "\n".join(f"{name}: {one_line(value)}" for name, value in head if value)
    if lines:
        blocks.append(Block("paragraph", lines))
    deeper = (Block(b.kind, b.text, level=b.level + (b.kind == "heading"), header=b.header) for b in body)
    return [*blocks, *deeper]


def _with_attachments(
    path: Path, reading: Reading, blocks: list[Block], attached: list[tuple[str, bytes | UserError]]
) -> Parsed:
    inside, gaps = members.gather(attached, reading)
    if not blocks and not inside:
        raise members.all_failed(gaps, path=path)
    title = blocks[0].text if blocks and blocks[0].kind == "heading" else ""
    return Parsed(title=title, blocks=(*blocks, *inside), gaps=tuple(gaps))
