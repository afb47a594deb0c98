"""The map of a library: its passages as points, near ones about similar things. Any thread; only reads.

Of more than `MOST` passages an even sample is drawn, every n-th in the order in which they were taken in: so each
document keeps its share, and the same library gives the same map.
"""

from __future__ import annotations

from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.records import LibraryRow
from studiolo.types import LibraryMap, MapPoint

MOST = 3_000
WORDS = 160  # code points of a passage's beginning


def library_map(tools: Tools, library: LibraryRow, *, most: int = MOST) -> LibraryMap:
    """The points of all passages that have a vector, or of an even sample. Raises EnvironmentFault(damaged_store)."""
    from studiolo.knowledge.projection import evenly, project  # numpy

    known = tools.places.numbers(library.id)
    embedded = tools.places.embedded_numbers(library.id)
    vectors = tools.store.vectors(library.id, library.embedder, evenly(embedded, most))
    texts = {number: row.text for number, row in tools.store.rows(library.id, sorted(vectors)).items()}
    passages = tools.places.passages(texts, library_id=library.id)
    numbers = sorted(passages)
    points: list[MapPoint] = []
    if numbers:
        import numpy as np

        places = project(np.stack([vectors[number] for number in numbers]))
        for number, (x, y) in zip(numbers, places.tolist(), strict=True):
            passage = passages[number]
            points.append(
                MapPoint(
                    passage=passage.id,
                    document_id=passage.document_id,
                    document=passage.document,
                    page=passage.page,
                    x=x,
                    y=y,
                    text=" ".join(passage.text.split())[:WORDS],
                    label=passage.label,
                )
            )
    return LibraryMap(
        library=library.name, points=tuple(points), passages=len(known), without_vector=len(known) - len(embedded)
    )
