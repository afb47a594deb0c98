"""From a question to the passages that fit: keywords, meaning and exact strings, weighed by our own fusion.

LanceDB's fusion has no weights, and a leg that does not know the language pulls the other down with it: so a leg that
cannot know is left out, not weighed low. Scores are fused, not ranks: a passage far ahead of the rest stays ahead.

Knows the store and an embedder; nothing of files, states or models that write. Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studiolo.knowledge.finder import Finder
from studiolo.knowledge.language import HAN, fold, language_of
from studiolo.knowledge.seams import Found, TextEmbedder
from studiolo.types import Hit, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Weights:
    """What each leg counts for, and how many passages it is asked for.

    Equal shares of keywords and meaning were best or within .002 of it (nDCG@10) on XQuAD in English and Chinese and on
    Cranfield, with E5 and with MiniLM; so was a depth of 60 against 30 and 100.
    """

    keyword: float = 0.5  # meaning has the rest
    keyword_across: float = 0.2  # the same where passage and question are of two languages: names and figures only
    exact: float = 0.5  # an identifier or a short Chinese term that occurs as it was asked settles most ties
    earlier: float = 0.3  # the last questions' words beside this one's
    earlier_dependent: float = 0.7  # the same where this question leans on them ("and how much is it?")
    depth: int = 60


# Letters and digits mixed or joined by signs: part numbers, clauses, versions, dates. Words cannot tell PN-4471-B from
# PN-4471-C.
_IDENTIFIER = re.compile(
    r"(?=[^\s]*\d)[A-Za-z0-9]+(?:[-_./:#][A-Za-z0-9]+)+|(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{3,}"
)
_HAN_RUN = re.compile(f"{HAN.pattern}+")
_SHORT_HAN = 4  # a query of so few Chinese characters is a name or a term, and ICU may have cut it otherwise
_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|that|this|those|these|he|she|his|her|there|then|same|one|ones|else|also|again)\b"
    r"|^(?:and|but|so|what about|how about|why)\b"
    r"|[它他她这那其此]|呢|^(?:那|还|为什么)",
    re.IGNORECASE,
)
_SHORT_QUESTION = 4  # words, below which a question can hardly stand alone


class Retrieval:
    """Searches one store."""

    def __init__(self, store: Finder, *, weights: Weights | None = None) -> None:
        self._store = store
        self._weights = weights or Weights()

    def search(
        self,
        query: str,
        *,
        library_id: str,
        embedder: TextEmbedder,
        limit: int,
        documents: Sequence[str] | None = None,
        context: Sequence[str] = (),
    ) -> list[Hit]:
        """The passages that fit best, best first. `documents` are ids to keep to; `context` earlier questions."""
        weights = self._weights
        depth = max(weights.depth, limit)
        lean = 0.0
        if context:
            lean = weights.earlier_dependent if leans_on_earlier(query) else weights.earlier
        meant = knows(embedder.languages, query)
        with ThreadPoolExecutor(1, thread_name_prefix="query") as pool:
            # The embedder has a thread of its own, and the first time it takes seconds to load.
            vector = pool.submit(_query_vector, embedder, query, context, lean) if meant else None
            keyword = _share_of_best(self._store.keyword(library_id, query, limit=depth, documents=documents))
            if context:
                earlier = self._store.keyword(library_id, " ".join(context), limit=depth, documents=documents)
                keyword = _merged(keyword, _share_of_best(earlier), weight=lean)
            exact = self._exact(query, library_id, depth, documents)
        if vector is None:
            return fuse(keyword, {}, exact, share=lambda _: 1.0, exact_weight=weights.exact, limit=limit)
        languages = (*embedder.languages, "") if embedder.languages else ()
        nearest = self._store.nearest(
            library_id, vector.result(), limit=depth, documents=documents, languages=languages
        )
        language = language_of(query)

        def share(passage: Passage) -> float:
            """What keywords count for, the rest being meaning's."""
            if languages and passage.language not in languages:
                return 1.0  # meaning could not know it
            across = passage.language and language and passage.language != language
            return weights.keyword_across if across else weights.keyword

        return fuse(keyword, _spread(nearest), exact, share=share, exact_weight=weights.exact, limit=limit)

    def _exact(
        self, query: str, library_id: str, depth: int, documents: Sequence[str] | None
    ) -> dict[str, tuple[Passage, float]]:
        """Passages by the share of the query's exact terms that occur in them."""
        terms = exact_terms(query)
        found: dict[str, tuple[Passage, float]] = {}
        for term in terms:
            for entry in self._store.containing(library_id, term, limit=depth, documents=documents):
                before = found.get(entry.passage.id, (entry.passage, 0.0))[1]
                found[entry.passage.id] = (entry.passage, before + 1.0 / len(terms))
        return found


Leg = dict[str, tuple[Passage, float]]
"""Passages with a score 0..1, by id."""


def fuse(
    keyword: Leg, meaning: Leg, exact: Leg, *, share: Callable[[Passage], float], exact_weight: float, limit: int
) -> list[Hit]:
    """The weighted mean of what the legs say of each passage: `share` goes to keywords, the rest to meaning.

    A leg that found nothing at all has no say. Passages of the very same text (copies of one document) are given once,
    the best first.
    """
    extra = exact_weight if exact else 0.0
    scores: dict[str, float] = {}
    passages = {key: passage for leg in (exact, meaning, keyword) for key, (passage, _) in leg.items()}
    for key, passage in passages.items():
        words = share(passage) if keyword and meaning else 1.0 if keyword else 0.0
        score = words * _score(keyword, key) + (1.0 - words) * _score(meaning, key) + extra * _score(exact, key)
        scores[key] = score / (1.0 + extra)
    hits: list[Hit] = []
    seen: set[str] = set()
    for key in sorted(scores, key=lambda key: (-scores[key], key)):
        if passages[key].text not in seen:
            seen.add(passages[key].text)
            hits.append(Hit(passage=passages[key], score=min(max(scores[key], 0.0), 1.0)))
        if len(hits) == limit:
            break
    return hits


def _score(leg: Leg, key: str) -> float:
    return leg[key][1] if key in leg else 0.0


def knows(languages: Sequence[str], text: str) -> bool:
    """Whether an embedder of these languages (() = many) can be trusted with `text`."""
    language = language_of(text)
    if not languages:
        return True
    return language in languages or (not language and not HAN.search(text))


def exact_terms(query: str) -> list[str]:
    """Identifiers in the query, and the query's Chinese itself where it is a character or a short term."""
    folded = fold(query)
    terms = [match.group() for match in _IDENTIFIER.finditer(folded)]
    runs = _HAN_RUN.findall(folded)
    if sum(len(run) for run in runs) <= _SHORT_HAN:
        terms.extend(runs)
    return list(dict.fromkeys(terms))


def leans_on_earlier(query: str) -> bool:
    """Whether a question points back at what was said before, or is too short to stand alone."""
    words = len(query.split()) if language_of(query) != "zh" else len(query) // 2
    return words < _SHORT_QUESTION or _LEANING.search(query.strip()) is not None


def _query_vector(embedder: TextEmbedder, query: str, context: Sequence[str], lean: float) -> NDArray[np.float32]:
    """The query's vector, drawn towards that of the query asked together with the earlier questions."""
    import numpy as np

    vector = embedder.embed_query(query)
    together = " ".join([*context, query])
    if not lean or not knows(embedder.languages, together):
        return vector
    drawn = (1.0 - lean) * vector + lean * embedder.embed_query(together)
    return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)


def _share_of_best(found: Sequence[Found]) -> Leg:
    """BM25 has no upper end: scores as shares of the best one."""
    best = max((entry.score for entry in found), default=0.0)
    return {entry.passage.id: (entry.passage, entry.score / best) for entry in found} if best > 0 else {}


def _spread(found: Sequence[Found]) -> Leg:
    """Cosines lie close together (.75 to .9 with E5): scores spread over 0..1 between the last and the best."""
    if not found:
        return {}
    best, last = found[0].score, found[-1].score
    span = best - last
    return {entry.passage.id: (entry.passage, (entry.score - last) / span if span > 1e-6 else 1.0) for entry in found}


def _merged(first: Leg, second: Leg, *, weight: float) -> Leg:
    """Two keyword legs as one: the second's scores count by `weight`."""
    merged = {key: (passage, score / (1 + weight)) for key, (passage, score) in first.items()}
    for key, (passage, score) in second.items():
        before = merged.get(key, (passage, 0.0))[1]
        merged[key] = (passage, before + weight * score / (1 + weight))
    return merged


def named(hits: Sequence[Hit], names: dict[str, str]) -> list[Hit]:
    """The hits with their documents' names filled in; one whose document is not known (any more) is left out."""
    return [
        replace(hit, passage=replace(hit.passage, document=names[hit.passage.document_id]))
        for hit in hits
        if hit.passage.document_id in names
    ]
