"""Pages that hang or kill the child, the file's time running out, passwords, labels, progress and pictures of text."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from tests.unit.knowledge.pdf_files import encrypted, pdf

from studiolo.errors import Code, UserError
from studiolo.jobs import CancelToken
from studiolo.knowledge.parsers import Budget, child, images, ocr, parse
from studiolo.knowledge.parsers.blocks import OutOfTime, Reading
from studiolo.knowledge.parsers.child import Cancelled, ParserProcess
from studiolo.knowledge.parsers.layout import Line
from studiolo.knowledge.parsers.pool import ParserPool
from studiolo.types import Gap

WORDS = ["Apples are red.", "Pears are green.", "Plums are blue.", "Figs are brown."]
CHINESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.pdf"
    path.write_bytes(pdf([[(words, 11.0)] for words in WORDS]))
    return path


def trapped(monkeypatch: pytest.MonkeyPatch, page: int, trap: str) -> None:
    """Make the child run `trap` when it comes to `page` (from 1)."""
    code = (
        "import sys, os, time, threading; sys.path.append(sys.argv[1])\n"
        "from studiolo.knowledge.parsers import pdf, worker\n"
        "whole = pdf._page\n"
        f"def page(document, number, notes):\n    if number == {page - 1}:\n        {trap}\n"
        "    return whole(document, number, notes)\n"
        "pdf._page = page\nworker.main()"
    )
    monkeypatch.setattr(child, "_BOOT", code)


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("time.sleep(1000)", "parse_timeout"),
        ("os._exit(1)", "damaged_file"),
        ("raise MemoryError", "file_too_large"),
        ("raise ZeroDivisionError", "damaged_file"),
    ],
)
def test_a_page_that_breaks_the_parser_is_left_out_and_said_to_be(monkeypatch, book, trap, reason):
    trapped(monkeypatch, 3, trap)
    parser = ParserProcess(budget=Budget(page_time_s=1.5))
    try:
        parsed = parser.parse(book)
    finally:
        parser.close()
    assert [(block.text, block.page) for block in parsed.blocks] == [(WORDS[0], 1), (WORDS[1], 2), (WORDS[3], 4)]
    assert (parsed.pages, parsed.gaps) == (4, (Gap(reason, 3, 3),))


def test_after_too_many_lost_pages_the_rest_is_given_up(monkeypatch, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[(f"Words {number}.", 11.0)] for number in range(1, 10)]))
    trapped(monkeypatch, 1, "pass\n    if number > 0:\n        os._exit(1)")
    parser = ParserProcess()
    try:
        parsed = parser.parse(path)
    finally:
        parser.close()
    assert [block.text for block in parsed.blocks] == ["Words 1."]
    assert parsed.gaps == (Gap("damaged_file", 2, 9),)


def test_a_document_of_one_page_that_hangs_has_timed_out(monkeypatch, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[("Words", 11.0)]]))
    trapped(monkeypatch, 1, "time.sleep(1000)")
    parser = ParserProcess(budget=Budget(page_time_s=1.0))
    try:
        with pytest.raises(UserError) as caught:
            parser.parse(path)
    finally:
        parser.close()
    assert caught.value.code is Code.PARSE_TIMEOUT


def test_when_the_time_is_up_what_was_read_is_the_result(book):
    def page(number: int, _pages: int) -> None:
        if number == 3:
            raise OutOfTime

    parsed = parse(book, reading=Reading(page=page))
    assert [block.text for block in parsed.blocks] == WORDS[:2]
    assert parsed.gaps == (Gap("parse_timeout", 3, 4),)


def test_cancel_stops_a_page_that_hangs_and_close_one_that_runs(monkeypatch, book):
    trapped(monkeypatch, 2, "time.sleep(1000)")
    parser = ParserProcess()
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        parser.parse(book, cancel=cancel, progress=lambda page, pages: cancel.cancel())
    threading.Timer(0.3, parser.close).start()
    with pytest.raises(Cancelled):
        parser.parse(book)


def test_progress_tells_the_pages(book):
    heard: list[tuple[int, int]] = []
    parser = ParserProcess()
    try:
        parser.parse(book, progress=lambda page, pages: heard.append((page, pages)))
    finally:
        parser.close()
    assert heard[0] == (1, 4)


def test_a_password_that_fits_opens_the_file_and_others_do_not(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(encrypted(pdf([[("Secret words", 11.0)]]), password="密码"))
    parser = ParserProcess()
    try:
        assert parser.parse(path, passwords=("wrong", "密码")).text == "Secret words"
        with pytest.raises(UserError) as caught:
            parser.parse(path, passwords=("wrong",))
    finally:
        parser.close()
    assert caught.value.code is Code.NEEDS_PASSWORD
    assert "wrong" not in repr(Reading(passwords=("wrong",)))


def test_page_labels_are_given_where_they_are_not_the_number(tmp_path, book):
    import pypdf

    writer = pypdf.PdfWriter(clone_from=book)
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 3, style="/D", start=1)
    path = tmp_path / "labels.pdf"
    writer.write(path)
    assert [(b.page, b.label) for b in parse(path).blocks] == [(1, "i"), (2, "ii"), (3, "1"), (4, "2")]
    assert [b.label for b in parse(book).blocks] == [""] * 4


def test_a_large_block_comes_through_in_pieces(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("字" * 1_300_000 + "\n\nLast.", encoding="utf-8")
    parser = ParserProcess()
    try:
        assert parser.parse(path) == parse(path)
    finally:
        parser.close()


def test_a_pool_serves_several_threads(tmp_path):
    paths = [tmp_path / f"{number}.txt" for number in range(8)]
    for path in paths:
        path.write_text(f"Words of {path.stem}", encoding="utf-8")
    pool = ParserPool(children=2)
    found: dict[str, str] = {}

    def work(mine: list[Path]) -> None:
        for path in mine:
            found[path.stem] = pool.parse(path).text

    threads = [threading.Thread(target=work, args=(paths[start::2],)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert found == {path.stem: f"Words of {path.stem}" for path in paths}
    with pytest.raises(Cancelled):
        pool.parse(paths[0])


def drawn(words: str, font) -> object:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), words, font=font, fill="black")
    return picture


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
def test_words_in_pictures_are_recognised_in_the_child(tmp_path):
    from PIL import ImageFont

    english = drawn("The lease ends in March 2027", ImageFont.load_default(48))
    english.save(tmp_path / "scan.png")
    english.save(tmp_path / "scan.pdf")
    parser = ParserProcess()
    try:
        for name in ("scan.png", "scan.pdf"):
            assert parser.parse(tmp_path / name).text == "The lease ends in March 2027"
        if CHINESE_FONT.exists():
            drawn("租赁合同的期限为二十四个月", ImageFont.truetype(str(CHINESE_FONT), 48)).save(tmp_path / "zh.png")
            assert parser.parse(tmp_path / "zh.png").text == "租赁合同的期限为二十四个月"
    finally:
        parser.close()


@pytest.mark.skipif(not ocr.is_installed(), reason="Pillow comes with the extra `ocr`")
def test_without_recognition_pictures_are_gaps_or_an_error(monkeypatch, tmp_path):
    from PIL import ImageFont

    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    picture = drawn("Words", ImageFont.load_default(48))
    for name in ("a.png", "a.pdf"):
        picture.save(tmp_path / name)
        with pytest.raises(UserError) as caught:
            parse(tmp_path / name)
        assert caught.value.code is Code.NEEDS_OCR


def test_a_picture_that_is_none_is_damaged(tmp_path):
    if not ocr.is_installed():
        pytest.skip("the extra `ocr` is not installed")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture" * 50)
    with pytest.raises(UserError) as caught:
        parse(tmp_path / "a.png")
    assert caught.value.code is Code.DAMAGED_FILE


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
def test_a_slender_picture_is_read_in_pieces_cut_between_lines():
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (400, 2600), "white")
    font = ImageFont.load_default(32)
    words = [f"Item {number} costs {number * 7}" for number in range(10, 36)]
    for number, text in enumerate(words):
        ImageDraw.Draw(picture).text((20, 20 + 98 * number), text, font=font, fill="black")
    pieces = ocr._pieces(picture)
    assert len(pieces) == 4
    assert (pieces[0][0], pieces[-1][1]) == (0, 2600)
    assert all(first[1] == second[0] for first, second in itertools.pairwise(pieces))
    lines = ocr.lines_of(picture)
    assert [line.text for line in lines] == words
    assert [line.bottom for line in lines] == sorted((line.bottom for line in lines), reverse=True)


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
def test_frames_beyond_what_is_read_are_a_gap(monkeypatch, tmp_path):
    from PIL import Image

    frames = [Image.new("RGB", (60, 40), shade) for shade in ("white", "gray", "black")]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(images, "_FRAMES_MOST", 2)
    monkeypatch.setattr(ocr, "lines_of", lambda picture: [Line("Words")])
    parsed = parse(tmp_path / "a.tif")
    assert [block.page for block in parsed.blocks] == [1, 2]
    assert (parsed.pages, parsed.gaps) == (3, (Gap("file_too_large", 3, 3),))


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
@pytest.mark.parametrize("shade", ["black", "white"])
def test_writing_on_a_transparent_ground_is_read(tmp_path, shade):
    from PIL import Image, ImageDraw, ImageFont

    for words, font in (
        ("The keys are red", ImageFont.load_default(48)),
        ("租赁合同的期限", ImageFont.truetype(str(CHINESE_FONT), 48) if CHINESE_FONT.exists() else None),
    ):
        if font is None:
            continue
        picture = Image.new("RGBA", (700, 160), (0, 0, 0, 0))
        ImageDraw.Draw(picture).text((40, 50), words, font=font, fill=shade)
        picture.save(tmp_path / "a.png")
        assert parse(tmp_path / "a.png").text == words
