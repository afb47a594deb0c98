"""The leg that searches by meaning: within the question's language, across languages, and with what it found first.

Knows the store's protocol and an embedder. Any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from studiolo.knowledge.background import LANGUAGES, Background
from studiolo.knowledge.language import HAN, language_of
from studiolo.knowledge.seams import Found, SearchedPassages, TextEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BACKGROUND = 12  # passages that a search must have found for their later half to be a background
ACROSS = 0.5  # share of the background taken off a question for passages in another language


def knows(languages: Sequence[str], text: str) -> bool:
    """Whether an embedder of these languages (() = many) can be trusted with `text`."""
    language = language_of(text)
    if not languages:
        return True
    return language in languages or (not language and not HAN.search(text))


def query_vector(embedder: TextEmbedder, query: str, *, context: Sequence[str], lean: float) -> NDArray[np.float32]:
    """The query's vector, drawn by `lean` (0..1) towards that of the query asked with the earlier questions."""
    vector = embedder.embed_query(query)
    together = " ".join([*context, query])
    if not lean or not knows(embedder.languages, together):
        return vector
    return unit((1.0 - lean) * vector + lean * embedder.embed_query(together))


def nearest(
    store: SearchedPassages,
    library_id: str,
    vector: NDArray[np.float32],
    *,
    query: str,
    embedder: TextEmbedder,
    background: Background,
    limit: int,
    documents: Sequence[str] | None,
) -> list[Found]:
    """The passages nearest in meaning, those in the question's language and those in others on one scale."""
    asked = language_of(query)
    if embedder.languages:
        languages = (*embedder.languages, "")
        return store.nearest(library_id, vector, limit=limit, documents=documents, languages=languages)
    if asked not in LANGUAGES:
        return store.nearest(library_id, vector, limit=limit, documents=documents)
    others = tuple(language for language in LANGUAGES if language != asked)
    shifted = unit(vector - ACROSS * background.mean(embedder, asked))
    with ThreadPoolExecutor(1, thread_name_prefix="query") as pool:
        beyond = pool.submit(store.nearest, library_id, shifted, limit=limit, documents=documents, languages=others)
        same = store.nearest(library_id, vector, limit=limit, documents=documents, languages=(asked, ""))
        across = beyond.result()
    if min(len(same), len(across)) < _BACKGROUND:  # too few to know how far the languages lie apart
        return [*same, *_as_near_as_before(across, vector)]
    return [*same, *_on_scale_of(same, across)]


def refined(found: Sequence[Found], best: Sequence[str], *, vector: NDArray[np.float32], weight: float) -> list[Found]:
    """`found` measured again with the vector drawn towards the passages `best` (ids): what fits the best ones fits.

    Pseudo-relevance feedback (Rocchio 1971) over what was found, without a second search.
    """
    import numpy as np

    chosen = [entry.vector for entry in found if entry.passage.id in best and entry.vector is not None]
    if not chosen or any(entry.vector is None for entry in found):
        return list(found)
    drift = weight * np.mean(chosen, axis=0, dtype=np.float32)
    whole = vector + drift
    length = float(np.linalg.norm(whole))
    moved = []
    for entry in found:
        assert entry.vector is not None
        moved.append(replace(entry, score=(entry.score + float(entry.vector @ drift)) / length))
    return moved


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at length 1."""
    import numpy as np

    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)


def _on_scale_of(same: Sequence[Found], across: Sequence[Found]) -> list[Found]:
    """The scores of passages in another language as if these were in the question's.

    What each search found last is its background: scores are measured by how far they stand out of it, for similarity
    within a language is higher and wider spread than across.
    """
    home, spread_home = _background(same)
    level, spread = _background(across)
    return [replace(entry, score=home + (entry.score - level) * spread_home / spread) for entry in across]


def _as_near_as_before(found: Sequence[Found], vector: NDArray[np.float32]) -> list[Found]:
    """`found` in the order that it has, with scores of the level and spread of the cosines to `vector`."""
    if not found:
        return []
    plain = [replace(one, score=float(vector @ one.vector)) for one in found if one.vector is not None]
    (home, spread_home), (level, spread) = _level(plain), _level(found)
    return [replace(one, score=home + (one.score - level) * spread_home / spread) for one in found]


def _background(found: Sequence[Found]) -> tuple[float, float]:
    """Mean and deviation of the scores of the later half of what a search found."""
    return _level(found[len(found) // 2 :])


def _level(found: Sequence[Found]) -> tuple[float, float]:
    """Mean and deviation of scores."""
    scores = [entry.score for entry in found]
    mean = sum(scores) / len(scores)
    return mean, max((sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5, 1e-4)
