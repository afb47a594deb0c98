"""A file that was received over HTTP goes with its document or library; a person's own file never does."""

from __future__ import annotations

from tests.contract.conftest import House

from studiolo.events import FileDone
from studiolo.originals import library_folder


def test_a_removed_document_takes_its_received_original_along(house: House) -> None:
    folder = library_folder(house.home, "received")
    folder.mkdir(parents=True)
    received, own = folder / "a.txt", house.files / "own.txt"
    received.write_text("The boiler is serviced in May.", encoding="utf-8")
    own.write_text("The roof is inspected in June.", encoding="utf-8")
    done = [
        event.result for event in house.engine.add([received, own], library="received") if isinstance(event, FileDone)
    ]
    assert [result.status for result in done] == ["added", "added"]
    for result in done:
        house.engine.remove_document(result.document_id, library="received")
    assert not received.exists()
    assert own.exists()


def test_a_removed_library_takes_all_of_them_along(house: House) -> None:
    folder = library_folder(house.home, "合同")
    folder.mkdir(parents=True)
    (folder / "b.txt").write_text("锅炉每年五月检修。", encoding="utf-8")
    list(house.engine.add([folder / "b.txt"], library="合同"))
    house.engine.remove_library("合同")
    assert not folder.exists()
