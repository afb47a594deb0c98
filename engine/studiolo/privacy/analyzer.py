"""Finds personal data in a text, in Presidio's frame. The only module that imports Presidio or spaCy.

Presidio's registry holds our recognisers and nothing else; its NLP engine is the no-op one with our names put in, so it
loads no model and fetches nothing; our recognisers do their own e-mail and URL parsing, so its public-suffix list is
never asked for.
Matched text is logged nowhere. Fails closed: any exception inside becomes PolicyBlock(filter_failed), without text.

Threads: `analyze` may be called from any thread; the first call loads (1-2 s), the others wait for it.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from studiolo.errors import Code, PolicyBlock, StudioloError, UserError, import_failed
from studiolo.imports import only_submodules, without
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.persons import parts_to_look_for
from studiolo.privacy.recognizers import context_families, rule_families
from studiolo.privacy.recognizers.base import Family, Match
from studiolo.privacy.recognizers.english import Decisions
from studiolo.privacy.recognizers.names import Entities, NameFinder, ScriptNames, only_a_title
from studiolo.privacy.spans import drop_swallowed, resolve, yielding
from studiolo.types import Span

ENGLISH_MODEL_ID = "en-core-web-sm"
Folder = Callable[[], Path]
_LANGUAGE = "any"  # our recognisers look at scripts; Presidio wants one language a request
_PROVEN = "studiolo_proven"
# Presidio imports transformers and, through it, torch for recognisers we do not use, and spaCy's thinc imports torch if
# it is there: 7.2 s and 590 MB instead of 1.2 s and 104 MB (measured, presidio-analyzer 2.2.366). Both can do without.
_HEAVY = ("torch", "transformers")
_PORTION = 8000  # code points that the English model reads at once
_SPACY_TYPES = {
    "PERSON": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}


class Analyzer:
    """Rules, and names by two models. Without the models there is no answer: the filter fails closed."""

    def __init__(self, *, spacy_folder: Folder, lac_folder: Folder, threads: int = 1) -> None:
        """The folders are asked for at first use; asking raises UserError(model_missing) where a model is absent."""
        self._names: NameFinder | None = NameModels(spacy_folder=spacy_folder, lac_folder=lac_folder, threads=threads)
        self._families = rule_families()
        self._of_context = context_families()
        self._lock = threading.Lock()
        self._engine: Any = None

    @classmethod
    def of(cls, *, names: NameFinder | None, families: Sequence[Family] | None = None) -> Analyzer:
        """With other parts, for tests and measurements; `names=None`: rules alone."""
        analyzer = cls(spacy_folder=Path, lac_folder=Path)
        analyzer._names = names
        if families is not None:
            analyzer._families = tuple(families)
            analyzer._of_context = ()
        return analyzer

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of rules, for the answer's stream."""
        return self._families

    @property
    def of_context(self) -> tuple[Family, ...]:
        """The families that judge by context, for sentences of an answer's stream."""
        return self._of_context

    @property
    def names(self) -> Callable[[Sequence[str]], list[list[Match]]] | None:
        """Finds names in a batch of folded texts, for an answer's stream; None: rules alone."""
        return None if self._names is None else self._names.find

    def warm(self) -> None:
        """Load Presidio and the name models now; raises what `analyze` would."""
        self.analyze("Warm 暖")

    def analyze(self, text: str) -> tuple[Span, ...]:
        """The values in `text`, in order, none overlapping another; offsets in code points of `text`.

        Raises PolicyBlock(filter_failed), UserError(model_missing, damaged_model), EnvironmentFault(missing_package).
        """
        return self.analyze_many([text])[0]

    def analyze_many(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What `analyze` gives for each text, several times faster than one by one. Raises what it does."""
        found: list[tuple[Span, ...]] = [()] * len(texts)
        written = [number for number, text in enumerate(texts) if text.strip()]
        if not written:
            return found
        try:
            folded = [fold(texts[number]) for number in written]
            read = self._engine_once().analyze_iterator([one.text for one in folded], _LANGUAGE, batch_size=len(folded))
            for number, one, results in zip(written, folded, read, strict=True):
                matches = resolve(one.text, drop_swallowed(yielding(_match(result) for result in results)))
                matches = resolve(one.text, [*matches, *_again(one.text, matches)])
                found[number] = tuple(
                    Span(m.type, *one.original(m.start, m.end), m.score)
                    for m in matches
                    if m.type != "PERSON" or not only_a_title(one.text[m.start : m.end])
                )
        except StudioloError:
            raise
        except Exception:  # noqa: BLE001 - the filter fails closed, whatever failed; the text stays here
            raise PolicyBlock(Code.FILTER_FAILED) from None
        return found

    def _engine_once(self) -> Any:
        with self._lock:
            if self._engine is None:
                self._engine = _build_engine((*self._families, *self._of_context), self._names)
            return self._engine


class NameModels:
    """The two name models, loaded at the first use: spaCy's small English one and LAC."""

    def __init__(self, *, spacy_folder: Folder, lac_folder: Folder, threads: int = 1) -> None:
        self._spacy_folder = spacy_folder
        self._lac_folder = lac_folder
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: ScriptNames | None = None

    def find(self, texts: Sequence[str]) -> list[list[Match]]:
        """PERSON, LOCATION and ORGANIZATION in each folded text."""
        with self._lock:
            if self._loaded is None:
                from studiolo.privacy.recognizers.lac import Lac

                lac = Lac(self._lac_folder(), threads=self._threads)
                self._loaded = ScriptNames(latin=_english(self._spacy_folder()), han=partial(lac.entities, refine=True))
        return self._loaded.find(texts)


def _english(folder: Path) -> Entities:
    """spaCy's English pipeline, its entity recogniser alone (which has a `tok2vec` of its own, inside)."""
    configs = sorted(folder.rglob("config.cfg"), key=lambda path: len(path.parts)) if folder.is_dir() else []
    if not configs:
        raise UserError(Code.MODEL_MISSING, model=ENGLISH_MODEL_ID)
    with without(*_HEAVY):
        try:
            import spacy  # noqa: TID251
        except (ImportError, OSError, MemoryError) as error:
            raise import_failed(error, package="spacy") from None
        try:
            pipeline = spacy.load(
                configs[0].parent,
                exclude=["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"],
            )
            decisions = Decisions(pipeline.get_pipe("ner"))
        except Exception:  # noqa: BLE001 - a damaged folder raises whatever its reader meets first
            raise UserError(Code.DAMAGED_MODEL, model=ENGLISH_MODEL_ID) from None

    _multiply_by_numpy(pipeline)
    lock = threading.Lock()  # the vocabulary grows while reading

    def named(texts: Sequence[str]) -> list[list[tuple[str, int, int]]]:
        known: dict[str, list[tuple[str, int, int]]] = {}
        for some in _portions(dict.fromkeys(texts)):
            with lock:  # for one portion, so that a question need not wait for a whole batch of passages
                found = decisions.entities([pipeline.make_doc(text) for text in some])
            for text, entities in zip(some, found, strict=True):
                known[text] = [(_SPACY_TYPES[kind], at, end) for kind, at, end in entities if kind in _SPACY_TYPES]
        return [known[text] for text in texts]

    return named


def _multiply_by_numpy(pipeline: Any) -> None:
    """Let numpy's BLAS multiply for spaCy, on one thread.

    spaCy multiplies with BLIS, whose package runs its plain C kernel on processors that it does not know: a third of
    the speed (measured, blis 1.3.4 on an AMD EPYC). numpy's OpenBLAS would wake a thread a core for matrices this
    small, and they burn time waiting for the next one; nothing else in the engine multiplies large ones with numpy.
    """
    from threadpoolctl import ThreadpoolController

    for layer in pipeline.get_pipe("ner").model.walk():
        layer.ops.use_blis = False
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)


def _portions(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in order, as many together as _PORTION code points hold (at least one)."""
    some: list[str] = []
    length = 0
    for text in texts:
        if some and length + len(text) > _PORTION:
            yield some
            some, length = [], 0
        some.append(text)
        length += len(text)
    if some:
        yield some


def _again(text: str, matches: Sequence[Match]) -> list[Match]:
    """Where a name found once stands again, whole or in part: a model sees one sentence and misses the next."""
    seen = KnownValues()
    for match in matches:
        value = text[match.start : match.end]
        if match.type != "PERSON" or (value.isascii() and " " not in value):
            continue
        seen.add("PERSON", value)
        for part in parts_to_look_for(value):
            seen.add("PERSON", part, exact_case=True)
    return seen.find(text)


def _match(result: Any) -> Match:
    proven = bool((result.recognition_metadata or {}).get(_PROVEN))
    return Match(result.entity_type, result.start, result.end, result.score, proven)


def _build_engine(families: Sequence[Family], names: NameFinder | None) -> Any:
    """Presidio's engine over our recognisers alone."""
    _no_probing()
    only_submodules("spacy.cli")  # its commands: a quarter of the time that spaCy takes to import
    with without(*_HEAVY):
        try:
            import presidio_analyzer as presidio  # noqa: TID251
            from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer  # noqa: TID251
            from presidio_analyzer.nlp_engine import NoOpNlpEngine  # noqa: TID251
        except (ImportError, OSError, MemoryError) as error:
            raise import_failed(error, package="presidio-analyzer") from None

    # Presidio logs patterns and timings; its decision trace would hold the text. Neither is ours to write.
    for name in ("presidio-analyzer", "decision_process"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)

    class Names(NoOpNlpEngine):  # type: ignore[misc]
        """The name models as Presidio's NLP engine: it asks one for many texts at once, before its recognisers."""

        def process_text(self, text: str, language: str) -> Any:
            """A text's names."""
            return next(iter(self.process_batch([text], language)))[1]

        def process_batch(self, texts: Iterable[str], language: str, **_rest: Any) -> Iterator[tuple[str, Any]]:
            """Each text with its names."""
            read = list(texts)
            for text, found in zip(read, names.find(read) if names else [[] for _ in read], strict=True):
                artifacts = super().process_text(text, language)
                artifacts.entities = found
                yield text, artifacts

    class FamilyRecognizer(presidio.LocalRecognizer):  # type: ignore[misc]
        """One of our families, or the names, as Presidio's recogniser. (Its own PatternRecognizer skips a pattern that
        times out, which lets a value through: not for a filter that fails closed.)"""

        def __init__(self, name: str, types: Sequence[str], find: Callable[[str], Iterator[Match]] | None) -> None:
            self._find = find  # None: the matches come with the artifacts
            super().__init__(supported_entities=list(types), name=name, supported_language=_LANGUAGE)

        def load(self) -> None:
            """Nothing to load."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
            """The family's matches as Presidio's results."""
            return [
                presidio.RecognizerResult(
                    m.type,
                    m.start,
                    m.end,
                    m.score,
                    recognition_metadata={
                        presidio.RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                        presidio.RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                        _PROVEN: m.proven,
                    },
                )
                for m in (self._find(text) if self._find is not None else nlp_artifacts.entities)
                if m.type in entities
            ]

    class RulesKnowContext(ContextAwareEnhancer):  # type: ignore[misc]
        """Our rules look at the words before a value themselves; Presidio's enhancer needs lemmas, and has none."""

        def __init__(self) -> None:
            super().__init__(
                context_similarity_factor=0.0,
                min_score_with_context_similarity=0.0,
                context_prefix_count=0,
                context_suffix_count=0,
            )

        def enhance_using_context(self, *, raw_results: list[Any], **_rest: Any) -> list[Any]:
            """As they are."""
            return raw_results

    recognizers = [FamilyRecognizer(family.name, family.types, family.find) for family in families]
    if names is not None:
        recognizers.append(FamilyRecognizer("names", ("PERSON", "LOCATION", "ORGANIZATION"), None))
    registry = presidio.RecognizerRegistry(recognizers=recognizers, supported_languages=[_LANGUAGE])
    engine = presidio.AnalyzerEngine(
        registry=registry,
        nlp_engine=Names(models=[{"lang_code": _LANGUAGE, "model_name": "none"}]),
        supported_languages=[_LANGUAGE],
        context_aware_enhancer=RulesKnowContext(),
        log_decision_process=False,
    )
    return presidio.BatchAnalyzerEngine(analyzer_engine=engine)


def _no_probing() -> None:
    """Import what Presidio's e-mail parser brings along without its look at the network.

    tldextract imports requests and so urllib3, which opens a socket and binds it to ::1 as it is imported, to learn
    whether there is IPv6 (urllib3.util.connection). Told that there is none, it does not ask. Nothing of ours uses it.
    """
    import socket

    told = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        importlib.import_module("urllib3.util.connection")
    except ImportError:
        pass
    finally:
        socket.has_ipv6 = told
