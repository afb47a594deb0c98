"""From a question to the places that answer it: keywords, meaning and exact strings, fused and told apart.

The order of a search is `Retrieval.search`, top to bottom. Knows the store's protocol and an embedder; nothing of
files, states or models that write. Any thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studiolo.knowledge import fit, fusion, meaning
from studiolo.knowledge.asking import leans_on_earlier, question_itself
from studiolo.knowledge.background import Background
from studiolo.knowledge.distinct import places
from studiolo.knowledge.figures import lines_behind
from studiolo.knowledge.fusion import Leg
from studiolo.knowledge.language import HAN, fold, language_of
from studiolo.knowledge.meaning import knows
from studiolo.knowledge.naming import Named, NameIndex
from studiolo.knowledge.seams import Found, Reranker, SearchedPassages, Shelved, TextEmbedder
from studiolo.types import Hit, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign counts for. One set for all libraries; `make bench SUITE=retrieval` says how it was chosen."""

    keyword: float = 0.4  # meaning has the rest
    keyword_chinese: float = 0.3  # the same for a Chinese question: a word cut otherwise is a word missed
    keyword_across: float = 0.2  # the same where passage and question are of two languages: names and figures only
    exact: float = 0.5  # an identifier or a short Chinese term that occurs as it was asked settles most ties
    exact_alone: float = 2.0  # the same where nothing else is asked for
    earlier: float = 0.3  # the last questions' words beside this one's
    earlier_dependent: float = 0.5  # the same where this question leans on them ("and how much is it?")
    figures: float = 1.0  # the lines that a figure is worked out from, beside the question's own words
    figures_meant: float = 1.0  # the same, beside the question's meaning
    feedback: float = 0.6  # how far the best passages draw the question towards them
    feedback_from: int = 3
    named: float = 0.8  # a document that the question surely means
    named_softly: float = 0.15  # one that it may mean
    crowding: float = 0.02  # off a passage for each place that its document already has
    depth: int = 60  # passages that each leg is asked for
    reranked: int = 20


Shelves = Sequence[Shelved] | Callable[[], Sequence[Shelved]]

# Letters and digits mixed or joined by signs: part numbers, clauses, versions, dates. Words cannot tell PN-4471-B from
# PN-4471-C.
_IDENTIFIER = re.compile(
    r"(?=[^\s]*\d)[A-Za-z0-9]+(?:[-_./:#][A-Za-z0-9]+)+|(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{3,}"
)
_YEAR_WORD = re.compile(r"fy\d{2,4}|\d+-?[kq]|q[1-4]")  # look like identifiers, stand on every page of a report
_HAN_RUN = re.compile(f"{HAN.pattern}+")
_MOSTLY = 0.7
_SHORT_HAN = 4  # a query of so few Chinese characters is a name or a term, and ICU may have cut it otherwise


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question as it is searched for."""

    query: str
    words: str  # the query as keywords: without the name of the document that is searched
    context: tuple[str, ...]
    lean: float
    library_id: str
    embedder: TextEmbedder
    depth: int
    meant: bool  # whether the embedder is asked


@dataclass(frozen=True, slots=True)
class _Searched:
    """What was found, by passage id: scores 0..1, the passages, how far they stand out in meaning."""

    scores: dict[str, float]
    passages: dict[str, Passage]
    near: dict[str, float]

    def over(self, other: _Searched) -> _Searched:
        """Both, this one's word counting where both found a passage."""
        return _Searched(
            {**other.scores, **self.scores}, {**other.passages, **self.passages}, {**other.near, **self.near}
        )


class Retrieval:
    """Searches one store."""

    def __init__(
        self, store: SearchedPassages, *, weights: Weights | None = None, reranker: Reranker | None = None
    ) -> None:
        self._store = store
        self._weights = weights or Weights()
        self._reranker = reranker
        self._background = Background()
        self._indices: dict[str, tuple[Sequence[Shelved], NameIndex]] = {}
        self._lock = threading.Lock()

    def search(
        self,
        query: str,
        *,
        library_id: str,
        embedder: TextEmbedder,
        limit: int,
        documents: Sequence[str] | None = None,
        context: Sequence[str] = (),
        shelved: Shelves = (),
        by_words: bool = False,
    ) -> list[Hit]:
        """The places that fit best, best first; `Hit.score` is how surely it answers (see `types.FITS`).

        `documents` are ids to keep to; `context` earlier questions; `shelved` the library's documents, the same object
        for as long as they do not change (what names them is indexed once). `by_words`: where words find anything,
        the embedder is not asked.
        """
        weights = self._weights
        index = self._index(library_id, shelved() if callable(shelved) else shelved)
        named = index.named(query)
        # A question that names its document stands on its own feet, whatever it begins with.
        dependent = bool(context) and not named.strong and leans_on_earlier(query)
        if dependent:
            named = _named_before(index, context) or named
        query = question_itself(query)
        asked = _Asked(
            query=query,
            words=query,
            context=tuple(context),
            lean=(weights.earlier_dependent if dependent else weights.earlier) if context else 0.0,
            library_id=library_id,
            embedder=embedder,
            depth=max(weights.depth, limit),
            meant=not by_words and knows(embedder.languages, query),
        )
        found = self._searched(asked, documents)
        if by_words and not found.scores:  # nothing is not said before meaning was asked
            asked = replace(asked, meant=knows(embedder.languages, query))
            found = self._searched(asked, documents)
        meant = [key for key in named.strong if documents is None or key in documents]
        if meant and (documents is None or len(documents) > len(meant) or named.words):
            inside = replace(asked, words=_without(query, named.words))
            found = self._searched(inside, meant).over(found)
        scores, passages = found.scores, found.passages
        if self._reranker is not None:
            scores = self._reranked(query, scores, passages)
        sure = frozenset(meant)
        ranked = {key: score + _boost(passages[key].document_id, named, sure, weights) for key, score in scores.items()}
        crowding = 0.0 if sure or (documents is not None and len(documents) == 1) else weights.crowding
        chosen = places(ranked, passages, limit=max(limit, fit.READ), crowding=crowding)
        hits = fit.graded(" ".join([*context, query]) if dependent else query, chosen, found.near)[:limit]
        return hits if asked.meant else [replace(hit, by="words") for hit in hits]

    def _searched(self, asked: _Asked, documents: Sequence[str] | None) -> _Searched:
        """Every leg over `documents`, fused."""
        weights = self._weights
        with ThreadPoolExecutor(1, thread_name_prefix="query") as pool:
            # The embedder has a thread of its own, and the first time it takes seconds to load.
            vector = None
            if asked.meant:
                vector = pool.submit(self._vector, asked)
            keyword = self._keyword(asked, documents)
            exact = self._exact(asked, documents)
        near: list[Found] = []
        if vector is not None:
            near = meaning.nearest(
                self._store,
                asked.library_id,
                vector.result(),
                query=asked.query,
                embedder=asked.embedder,
                background=self._background,
                limit=asked.depth,
                documents=documents,
            )
        share = self._share(asked)
        exactly = weights.exact_alone if is_exact(asked.query) else weights.exact
        found = fusion.spread(near)
        scores = fusion.fuse(keyword, found, exact, share=share, exact_weight=exactly)
        language = language_of(asked.query)
        at_home = all(entry.passage.language in (language, "") for entry in near)
        if vector is not None and near and at_home:  # across languages it draws everything to one of them
            order = sorted((key for key in scores if key in found), key=lambda key: (-scores[key], key))
            best = order[: weights.feedback_from]
            found = fusion.spread(meaning.refined(near, best, vector=vector.result(), weight=weights.feedback))
            scores = fusion.fuse(keyword, found, exact, share=share, exact_weight=exactly)
        passages = fusion.passages_of(exact, found, keyword)
        return _Searched(scores, passages, fit.nearness(near))

    def _vector(self, asked: _Asked) -> NDArray[np.float32]:
        """The question's vector, with the earlier questions and the lines behind its figures in it."""
        vector = meaning.query_vector(asked.embedder, asked.query, context=asked.context, lean=asked.lean)
        lines = lines_behind(asked.query)
        if not lines:
            return vector
        return meaning.unit(vector + self._weights.figures_meant * asked.embedder.embed_query(lines))

    def _keyword(self, asked: _Asked, documents: Sequence[str] | None) -> Leg:
        """Passages by their words; the earlier questions' words count by how much this one leans on them."""

        def found(words: str) -> Leg:
            return fusion.share_of_best(
                self._store.keyword(asked.library_id, words, limit=asked.depth, documents=documents)
            )

        leg = found(asked.words)
        lines = lines_behind(asked.query)
        if lines:
            leg = fusion.merged(leg, found(lines), weight=self._weights.figures)
        return fusion.merged(leg, found(" ".join(asked.context)), weight=asked.lean) if asked.context else leg

    def _exact(self, asked: _Asked, documents: Sequence[str] | None) -> Leg:
        """Passages by the share of the query's exact terms that occur in them."""
        terms = exact_terms(asked.query)
        leg: Leg = {}
        for term in terms:
            for entry in self._store.containing(asked.library_id, term, limit=asked.depth, documents=documents):
                before = fusion.score_of(leg, entry.passage.id)
                leg[entry.passage.id] = (entry.passage, before + 1.0 / len(terms))
        return leg

    def _share(self, asked: _Asked) -> Callable[[Passage], float]:
        """What keywords count for in a passage, the rest being meaning's."""
        known = (*asked.embedder.languages, "") if asked.embedder.languages else ()
        language = language_of(asked.query)

        def share(passage: Passage) -> float:
            if known and passage.language not in known:
                return 1.0  # meaning could not know it
            across = passage.language and language and passage.language != language
            if across:
                return self._weights.keyword_across
            return self._weights.keyword_chinese if language == "zh" else self._weights.keyword

        return share

    def _index(self, library_id: str, shelved: Sequence[Shelved]) -> NameIndex:
        with self._lock:
            kept = self._indices.get(library_id)
            if kept is None or kept[0] is not shelved:
                kept = self._indices[library_id] = (shelved, NameIndex(shelved))
            return kept[1]

    def _reranked(self, query: str, scores: dict[str, float], passages: dict[str, Passage]) -> dict[str, float]:
        """The likeliest in the order in which the reranker sees them, over the scores that they had."""
        assert self._reranker is not None
        top = sorted(scores, key=lambda key: (-scores[key], key))[: self._weights.reranked]
        said = self._reranker.scores(query, [passages[key].text for key in top])
        order = [key for _, key in sorted(zip(said, top, strict=True), key=lambda pair: -pair[0])]
        return {**scores, **dict(zip(order, sorted((scores[key] for key in top), reverse=True), strict=True))}


def exact_terms(query: str) -> list[str]:
    """Identifiers in the query, and the query's Chinese itself where it is a character or a short term."""
    folded = fold(query)
    terms = [match.group() for match in _IDENTIFIER.finditer(folded) if not _YEAR_WORD.fullmatch(match.group())]
    runs = _HAN_RUN.findall(folded)
    if sum(len(run) for run in runs) <= _SHORT_HAN:
        terms.extend(runs)
    return list(dict.fromkeys(terms))


def is_exact(query: str) -> bool:
    """Whether a query is exact terms and little else."""
    return sum(len(term) for term in exact_terms(query)) >= _MOSTLY * len("".join(query.split()))


def _named_before(index: NameIndex, context: Sequence[str]) -> Named | None:
    """What the latest of the earlier questions that named a document said of it."""
    return next((named for named in map(index.named, reversed(context)) if named.strong), None)


def _boost(document_id: str, named: Named, sure: frozenset[str], weights: Weights) -> float:
    strength = named.strengths.get(document_id, 0.0)
    return strength * (weights.named if document_id in sure else weights.named_softly)


def _without(query: str, words: frozenset[str]) -> str:
    """The query without the words that only say which document; as it was where nothing else is left."""
    rest = query
    for word in sorted(words, key=len, reverse=True):
        edge = "" if HAN.search(word) else r"\b"
        rest = re.sub(rf"{edge}{re.escape(word)}(?:['’]s)?{edge}", " ", rest, flags=re.IGNORECASE)
    return rest if len(rest.split()) > 1 or len("".join(rest.split())) > 3 else query
