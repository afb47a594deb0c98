"""A thousand adds and removals in one home: it stays small, and no removed text is in any of its files.

Every round adds a document with a word of its own in it and removes another. Now and then the files are decoded: the
words of documents that are there must be found in them (else the looking is blind), those of removed ones must not.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from studiolo.events import FileDone
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from tests.soak.decoded import holding
from tests.soak.papers import paper
from tests.soak.scenario import Round
from tests.unit.knowledge.conftest import HashEmbedder, find_phones

KEPT = 20  # documents in the library
LOOK_EVERY = 50  # rounds
LARGEST = 1.5  # times the size of a fresh home with the same documents
SHARED = "Both parties choose the courts of the town on the estuary, whatever the other papers say. " * 8


class Removals:
    """The scenario; a round adds one document and removes one."""

    name = "removals"
    rounds = 1000
    quick_s = 4.0

    def start(self, folder: Path) -> None:
        shutil.rmtree(folder / "work", ignore_errors=True)
        self._folder = folder / "work"
        (self._folder / "papers").mkdir(parents=True)
        self._home = Home(self._folder / "home")
        self._base = opened(self._home)
        self._there: dict[str, str] = {}  # path -> word
        self._gone: list[str] = []

    def play(self, this: Round) -> None:
        dice = this.random
        word = planted(dice)
        name = f"{this.number:05d}{dice.choice(('.txt', '.md', '.html'))}"
        also = (
            f"The password of the cellar is {word}, and nobody else knows it. {SHARED if dice.random() < 0.3 else ''}"
        )
        path = paper(self._folder / "papers", name, dice, sentences=dice.randint(2, 30), also=also)
        (result,) = [event.result for event in self._base.add([path]) if isinstance(event, FileDone)]
        assert result.status == "added", result.reason
        self._there[str(path)] = word
        if len(self._there) > KEPT:
            removed = dice.choice(sorted(self._there))
            if this.number % LOOK_EVERY == 0:
                assert holding(self._home.root, self._there[removed]), "the looking is blind"
            self._base.remove_document(self._base.document("default", removed).id)
            self._gone.append(self._there.pop(removed))
            if this.number % LOOK_EVERY == 0:
                self._look()

    def stop(self) -> None:
        if self._gone:
            self._look()
        self._base.close()

    def _look(self) -> None:
        held = {word: holding(self._home.root, word) for word in (*self._gone[-40:], *self._gone[:5])}
        assert not any(held.values()), f"removed text is in {[str(p) for paths in held.values() for p in paths]}"
        library = self._base._library("default")
        for path, word in self._there.items():
            (found,) = self._base._finder.keyword(library.id, word, limit=1)
            assert found.passage.document == Path(path).name
        assert self._base.check("default").sound
        fresh = Home(self._folder / "fresh")
        shutil.rmtree(fresh.root, ignore_errors=True)
        base = opened(fresh)
        list(base.add([Path(path) for path in self._there]))
        base.close()
        ratio = size(self._home.root) / size(fresh.root)
        assert ratio <= LARGEST, f"{ratio:.2f} times a fresh home"


def opened(home: Home) -> KnowledgeBase:
    """A knowledge base without model files."""
    return KnowledgeBase(
        home, embedder_for=lambda _: HashEmbedder(dimension=384), screen=find_phones, clock=lambda: 0.0
    )


def planted(dice: random.Random) -> str:
    """A word that stands nowhere else."""
    return "".join(dice.choice("bcdfghjklmnpqrstvwxz") + dice.choice("aeiou") for _ in range(7))


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
