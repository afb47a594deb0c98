"""Pages to be looked at: drawn in a parser process, marked on picture and text, in English and Chinese."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.knowledge.pdf_files import encrypted, pdf

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.knowledge.pages import TEXT_MOST, Pages
from studiolo.knowledge.parsers import is_drawn
from studiolo.knowledge.parsers.drawing import LONG_SIDE_MOST
from studiolo.knowledge.parsers.marking import ranges_of
from studiolo.types import Document, DocumentStatus, Passage

LINES = [
    ("Lease", 20.0),
    ("The term of the lease is twelve mon-", 12.0),
    ("ths from the first day.", 12.0),
    ("", 12.0),
    ("租期为十二个月。租金每月一号支付。", 12.0),
]


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    made = Pages()
    yield made
    made.close()


def document(path: Path, *, pages: int) -> Document:
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "0" * 64
    return Document(
        "d1", "default", path.name, str(path), digest, 1, DocumentStatus.READY, "", pages, 1, 0.0
    )  # fmt: skip


def passage(text: str, *, start: int = 0, page: int = 1, number: int = 1) -> Passage:
    return Passage(f"p{number}", "d1", "x", page, page, start, start + len(text), (), text, "en", ())


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    path = tmp_path / "租约 lease.pdf"
    path.write_bytes(pdf([[("Cover", 30.0)], LINES]))
    return path


def size_of(png: bytes) -> tuple[int, int]:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return picture.size


def test_a_page_is_drawn_and_its_passage_marked(pages: Pages, lease: Path) -> None:
    found = passage("The term of the lease is twelve months from the first day.", page=2)
    view = pages.view(document(lease, pages=2), [found], page=2, width=800, passage="p1")
    assert (view.page, view.pages, view.reason) == (2, 2, "")
    assert size_of(view.png) == (view.width, view.height)
    assert 800 <= view.width <= 801
    assert (view.text, view.ranges) == (found.text, ((0, len(found.text)),))
    assert len(view.boxes) == 2  # it stands on two lines
    first, second = view.boxes
    assert 0.05 < first.left < first.right < 1
    assert 0 < first.top < first.bottom <= second.top + 0.01
    assert second.bottom < 0.2


def test_quotes_are_marked_in_their_own_script(pages: Pages, lease: Path) -> None:
    found = passage("租期为十二个月。租金每月一号支付。", page=2)
    view = pages.view(document(lease, pages=2), [found], page=2, width=400, quotes=["租金每月一号支付"])
    assert view.ranges == ((8, 16),)
    (box,) = view.boxes
    whole = pages.view(document(lease, pages=2), [found], page=2, width=400, passage="p1").boxes[0]
    assert whole.left < box.left < box.right <= whole.right


def test_a_turned_page_is_marked_where_it_shows(pages: Pages, tmp_path: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([LINES])))
    writer.pages[0].rotate(90)
    path = tmp_path / "turned.pdf"
    with path.open("wb") as out:
        writer.write(out)
    view = pages.view(document(path, pages=1), [passage("Lease")], page=1, width=842, passage="p1")
    (box,) = view.boxes
    assert view.width > view.height
    assert box.left > 0.8  # what was the top is now on the right
    assert box.bottom < 0.4


def test_a_picture_that_cannot_be_had_is_said_and_its_text_is_there(pages: Pages, tmp_path: Path) -> None:
    found = passage("Twelve months.")
    gone = pages.view(document(tmp_path / "gone.pdf", pages=1), [found], page=1, width=100, passage="p1")
    assert (gone.reason, gone.png, gone.text, gone.ranges) == ("file_missing", b"", found.text, ((0, 14),))
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(encrypted(pdf([LINES]), password="geheim 密"))
    assert pages.view(document(locked, pages=1), [found], page=1, width=100).reason == "needs_password"
    opened = pages.view(document(locked, pages=1), [found], page=1, width=100, passwords=["no", "geheim 密"])
    assert opened.reason == ""
    assert opened.png
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing")
    assert pages.view(document(broken, pages=1), [found], page=1, width=100).reason == "damaged_file"
    short = tmp_path / "short.pdf"
    short.write_bytes(pdf([LINES]))
    assert pages.view(document(short, pages=9), [], page=9, width=100).reason == "damaged_file"


def test_a_photograph_is_drawn_no_larger_than_it_is(pages: Pages, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "扫描.jpg"
    Image.new("RGB", (300, 200), "white").save(path)
    assert size_of(pages.view(document(path, pages=1), [], page=1, width=150).png) == (150, 100)
    assert size_of(pages.view(document(path, pages=1), [], page=1, width=900).png) == (300, 200)


def test_text_is_put_together_from_passages_without_what_overlaps(pages: Pages, tmp_path: Path) -> None:
    parts = [passage("One. Two.", number=1, page=0), passage("Two. 三。", start=5, number=2, page=0)]
    parts.append(passage("End 完。", start=20, number=3, page=0))
    view = pages.view(document(tmp_path / "a.md", pages=0), parts, page=0, width=100, passage="p2")
    assert view.text == "One. Two. 三。\n\nEnd 完。"
    assert view.text[slice(*view.ranges[0])] == "Two. 三。"
    assert (view.png, view.reason, view.start) == (b"", "", 0)


def test_of_a_long_text_without_pages_the_part_around_the_passage_is_shown(pages: Pages, tmp_path: Path) -> None:
    size = TEXT_MOST // 4
    parts = [passage("x" * size, start=n * (size + 2), number=n, page=0) for n in range(12)]
    view = pages.view(document(tmp_path / "a.txt", pages=0), parts, page=0, width=100, passage="p7")
    assert view.start > 0
    assert len(view.text) <= TEXT_MOST + 10
    assert view.ranges[0][1] - view.ranges[0][0] == size


@pytest.mark.parametrize(
    ("page", "chosen", "field"), [(0, None, "page"), (3, None, "page"), (2, "p1", "passage"), (1, "none", "passage")]
)
def test_no_such_page_or_passage(pages: Pages, lease: Path, page: int, chosen: str | None, field: str) -> None:
    with pytest.raises(UserError) as caught:
        pages.view(document(lease, pages=2), [passage("Cover")], page=page, width=100, passage=chosen)
    assert (caught.value.code, caught.value.values["field"]) == (Code.BAD_REQUEST, field)


def test_what_has_taken_the_files_place_is_not_drawn(pages: Pages, lease: Path, tmp_path: Path) -> None:
    read, found = document(lease, pages=2), passage("租期为十二个月。", page=2)
    assert pages.view(read, [found], page=2, width=100).png
    other = tmp_path / "日记 diary.pdf"
    other.write_bytes(pdf([[("Cover", 30.0)], [("Nobody else's", 12.0)]]))
    lease.unlink()
    lease.symlink_to(other)
    view = pages.view(read, [found], page=2, width=100)
    assert (view.png, view.reason, view.text) == (b"", "file_changed", found.text)
    lease.unlink()
    assert pages.view(read, [found], page=2, width=100).reason == "file_missing"


@pytest.mark.parametrize("size", [(100_000, 100_000), (100_000, 1), (0.01, 14_400), (1, 1)])
def test_a_page_of_any_size_makes_a_picture_of_a_bounded_one(
    pages: Pages, tmp_path: Path, size: tuple[float, float]
) -> None:
    path = tmp_path / "odd.pdf"
    path.write_bytes(pdf([[("租约 lease", 12.0)]]).replace(b"[0 0 595 842]", f"[0 0 {size[0]} {size[1]}]".encode()))
    view = pages.view(document(path, pages=1), [], page=1, width=4_000)
    assert max(view.width, view.height) <= LONG_SIDE_MOST + 1
    assert view.png or view.reason


def test_once_closed_nothing_is_drawn(lease: Path) -> None:
    closed = Pages()
    closed.close()
    with pytest.raises(EnvironmentFault) as caught:
        closed.view(document(lease, pages=2), [], page=1, width=100)
    assert caught.value.code is Code.ENGINE_GONE


@pytest.mark.parametrize(
    ("wanted", "text", "marked"),
    [
        ("twelve months", "It is twelve mon-\nths long", "twelve mon-\nths"),
        ("ﬁnal ＡＢＣ", "The final abc.", "final abc"),
        ("租期 为十二个月", "合同租期为\n十二个月。", "租期为\n十二个月"),
        ("Not here. The rent is due.", "First the rent is due. Then not.", "the rent is due"),
        ("", "nothing", ""),
        ("short x. or", "no such thing", ""),
    ],
)
def test_a_stretch_is_found_however_it_is_broken(wanted: str, text: str, marked: str) -> None:
    assert [text[start:end] for start, end in ranges_of([wanted], text)] == ([marked] if marked else [])


def test_what_may_be_drawn_is_told_by_its_name() -> None:
    assert [is_drawn(Path(name)) for name in ("a.PDF", "b.jpg", "c.docx", "d.md", "e")] == [
        True,
        True,
        False,
        False,
        True,
    ]
