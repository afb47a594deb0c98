"""The process that the kills end: `python -m tests.soak.ingester real|light HOME [DOCUMENTS]`.

"real" is the engine with its models. "light" is the same knowledge base with an embedder that hashes words and a filter
of one rule, which starts in a second: for very many kills of the stores.

With DOCUMENTS it says "ready", adds them, and says the path of each file that is reported done. Without, it says in one
line of JSON how the home stands, lets the engine go on with what was interrupted, and says it again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from studiolo.bootstrap import open_local
from studiolo.events import FileDone
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from tests.unit.knowledge.conftest import HashEmbedder, find_phones

PATIENCE_S = 300


def main(arguments: list[str]) -> None:
    home = Home(Path(arguments[1]))
    if arguments[0] == "real":
        engine = open_local(home, environ=os.environ)
        base = engine._parts.knowledge
    else:
        engine = base = light(home)
    if len(arguments) > 2:
        say("ready")
        for event in engine.add([Path(arguments[2])]):
            if isinstance(event, FileDone):
                say(json.dumps([event.result.status, event.result.reason, event.result.path]))
        say("finished")
    else:
        say(json.dumps(standing(base)))
        base.resume()
        deadline = time.monotonic() + PATIENCE_S
        while base.busy and time.monotonic() < deadline:
            time.sleep(0.05)
        say(json.dumps({**standing(base), "busy": base.busy, "sound": base.check("default").sound}))
    engine.close()


def light(home: Home) -> KnowledgeBase:
    """The knowledge base without model files; as slow at embedding as a model, so that kills meet every step."""
    embedder = HashEmbedder()
    embed = embedder.embed_passages
    embedder.embed_passages = lambda texts: time.sleep(0.004 * len(texts)) or embed(texts)
    return KnowledgeBase(home, embedder_for=lambda _: embedder, screen=find_phones, clock=time.time)


def say(line: str) -> None:
    print(line, flush=True)


def standing(base: KnowledgeBase) -> dict[str, object]:
    """Which documents are complete (all their passages can be read, are screened, and have a vector), and doubles."""
    library = base._library("default")
    texts = set(base._store.numbers(library.id))
    vectors = set(base._store.vector_numbers(library.id, library.embedder))
    complete, claimed = [], []
    for record in base._shelf.records(library):
        document = record.document
        if document.status.value not in ("ready", "partial"):
            continue
        claimed.append(document.path)
        places = base._places.of_document(document.id, library_id=library.id)
        numbers = {number for number, _ in places}
        whole = len(places) == document.passages and numbers <= texts and numbers <= vectors
        if whole and all(passage.spans is not None for _, passage in places):
            complete.append(document.path)
    documents = Counter(document.path for document in base.documents())
    return {
        "complete": sorted(complete),
        "claimed": sorted(claimed),
        "documents": sorted(documents),
        "twice": sorted(path for path, times in documents.items() if times > 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
