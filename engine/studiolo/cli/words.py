"""What the terminal calls a document's state, the parts of it that are missing, a place in it, and lengths of time.

English and Chinese; a test checks that each state has words. Whole sentences of errors stand in `sentences.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from studiolo.cli.sentences import sentence_of
from studiolo.cli.terminal import one_line
from studiolo.errors import Code
from studiolo.events import Tally
from studiolo.types import Document, DocumentStatus, Gap, Redaction

STATES: dict[DocumentStatus, tuple[str, str]] = {
    DocumentStatus.QUEUED: ("waiting to be read", "等待读取"),
    DocumentStatus.READING: ("being read", "正在读取"),
    DocumentStatus.KEYWORD: (
        "found by its words; still being read for meaning",
        "可按字词查找；语义仍在读取中",
    ),
    DocumentStatus.READY: ("ready", "就绪"),
    DocumentStatus.PARTIAL: ("read in part", "部分已读取"),
    DocumentStatus.FAILED: ("not read", "未读取"),
}
# Why a part is missing, in a few words. A code that is not here is named as it is.
REASONS: dict[str, tuple[str, str]] = {
    Code.NEEDS_PASSWORD: ("password needed", "需要密码"),
    Code.NEEDS_OCR: ("pictures of text", "文字为图片"),
    Code.DAMAGED_FILE: ("damaged", "已损坏"),
    Code.DAMAGED_STORE: ("lost from the store", "存储中已丢失"),
    Code.PARSE_TIMEOUT: ("took too long", "读取超时"),
    Code.FILE_TOO_LARGE: ("too large", "过大"),
    Code.ARCHIVE_TOO_LARGE: ("unpacks to too much", "解压后过大"),
    Code.CONVERT_FIRST: ("old format", "旧格式"),
    Code.UNKNOWN_FORMAT: ("unknown format", "格式未知"),
    Code.EMPTY_DOCUMENT: ("no text", "没有文字"),
    Code.FILE_UNREADABLE: ("cannot be read", "无法读取"),
    Code.NOT_ENOUGH_MEMORY: ("not enough memory", "内存不足"),
    Code.MISSING_PACKAGE: ("a package is missing", "缺少软件包"),
    Code.REFUSED_BY_POLICY: ("refused by the privacy policy", "被隐私策略拒绝"),
    Code.FILTER_FAILED: ("could not be screened", "未能过滤"),
}
_PAGE = ("page {first}", "第 {first} 页")
_PAGES = ("pages {first}-{last}", "第 {first}-{last} 页")


def state_words(document: Document, *, chinese: bool) -> str:
    """How far a document is, with what is missing of it or why it could not be read."""
    words = STATES[document.status][chinese]
    colon, comma = ("：", "；") if chinese else (": ", ", ")
    if document.status is DocumentStatus.FAILED and document.reason:
        types = ", ".join(found.type for found in document.redactions)
        return words + colon + reason_sentence(document.reason, document.path, chinese=chinese, types=types)
    if document.gaps:
        return words + colon + comma.join(gap_words(gap, chinese=chinese) for gap in document.gaps)
    return words


def gap_words(gap: Gap, *, chinese: bool) -> str:
    """A part that could not be read: "pages 3-5 (password needed)"."""
    parts = [one_line(gap.name)] if gap.name else []
    if gap.first:
        template = _PAGES if gap.last > gap.first else _PAGE
        parts.append(template[chinese].format(first=gap.first, last=gap.last))
    reason = reason_words(gap.reason, chinese=chinese)
    where = (" " if chinese else ", ").join(parts)
    if not where:
        return reason
    return f"{where}（{reason}）" if chinese else f"{where} ({reason})"


def reason_words(reason: str, *, chinese: bool) -> str:
    """Why a part is missing, in a few words."""
    return REASONS[reason][chinese] if reason in REASONS else reason


def reason_sentence(reason: str, path: str, *, chinese: bool, types: str = "") -> str:
    """Why a file could not be read, as a sentence; what the code's own values would say is left open.

    `types` of personal data, where that was the reason.
    """
    try:
        code = Code(reason)
    except ValueError:
        return reason
    return sentence_of(code, {"path": path, **({"types": types} if types else {})}, chinese=chinese)


def place_words(page: int, label: str, *, chinese: bool) -> str:
    """Where a passage stands, "" where the format has no pages: "p. 3", "iv (p. 4)", "Costs!2-40"."""
    number = (f"第 {page} 页" if chinese else f"p. {page}") if page else ""
    if not label:
        return number
    if not number:
        return one_line(label)
    return f"{one_line(label)}（{number}）" if chinese else f"{one_line(label)} ({number})"


def redaction_words(redactions: Sequence[Redaction]) -> str:
    """Personal data found, by type: "3 PERSON, 1 PHONE_NUMBER"."""
    return ", ".join(f"{item.count} {item.type}" for item in redactions)


def tally_words(tally: Tally, *, chinese: bool) -> str:
    """How far an ingestion is: files, passages, rate and the time left."""
    parts = [
        f"{tally.files}/{tally.files_total} 个文件" if chinese else f"{tally.files}/{tally.files_total} files",
        f"{tally.passages} 个段落" if chinese else f"{tally.passages} passages",
    ]
    if tally.passages_per_s:
        parts.append(f"{tally.passages_per_s:.1f} 个/秒" if chinese else f"{tally.passages_per_s:.1f}/s")
    if tally.left_s is not None:
        left = duration_words(tally.left_s, chinese=chinese)
        parts.append(f"剩余约 {left}" if chinese else f"about {left} left")
    return ("，" if chinese else ", ").join(parts)


def duration_words(seconds: float, *, chinese: bool) -> str:
    """A length of time, rounded as an estimate deserves: "50 s", "3 min", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒" if chinese else f"{whole} s"
    minutes = -(-whole // 60)
    if minutes < 60:
        return f"{minutes} 分钟" if chinese else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} 小时 {minutes} 分钟" if chinese else f"{hours} h {minutes} min"
