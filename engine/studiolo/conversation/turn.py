"""One question and its answer, from the first screening to the last row written. Read `_steps` top to bottom.

The model reads pseudonyms, never raw values; retrieval uses the raw question, inside the engine. A passage that has
not been screened never enters a prompt. Threads: one turn is one thread's; several turns may run at once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from studiolo.conversation import citations
from studiolo.conversation.history import History, StoredTurn, TurnExtras
from studiolo.conversation.injection import is_suspicious
from studiolo.conversation.prompt import (
    MOST_SHOWN,
    TURN_STEP,
    Composed,
    PromptPassage,
    PromptTurn,
    compose,
    compose_whole,
    reading,
)
from studiolo.conversation.seams import ModelPool, Retriever, Screener
from studiolo.conversation.sources import prompt_passage, screened_passage, shown_hit, shown_name
from studiolo.conversation.writing import Writing, write
from studiolo.errors import Code, PolicyBlock, StudioloError, UserError, unexpected
from studiolo.events import (
    Cited,
    Delta,
    Event,
    Failed,
    Finished,
    LeftOut,
    Progress,
    Redacted,
    Retrieved,
    Started,
)
from studiolo.hardware.energy import EnergyMeter
from studiolo.inference.lease import Lease
from studiolo.inference.steps import Prompt, Service
from studiolo.jobs import CancelToken
from studiolo.models.adapters import AdapterFile
from studiolo.privacy.detector import DETECTOR_VERSION
from studiolo.types import Citation, Edit, Hit, Question, Reader, Redaction, Screened, Timings, TurnState

TURNS_IN_VIEW = 6  # earlier turns offered to the prompt, at most; the budget decides how many stay
PASSAGES = 5  # where neither question nor settings say
_LIBRARY = "library:"
LONGEST_TOKENS = 16  # characters a token of a text at most, on average: what is longer than that cannot fit
QUESTIONS_IN_VIEW = 2  # earlier questions that retrieval looks at


@dataclass(frozen=True, slots=True)
class _Source:
    """A passage of the prompt: as found, and as the model sees it."""

    hit: Hit
    screened: Screened


@dataclass(slots=True)
class _Running:
    """A turn under way: what it was asked, and what it has come to, so that any end of it can be stored."""

    question: Question
    turn_id: str
    model_id: str
    adapters: tuple[AdapterFile, ...]
    meter: EnergyMeter
    scope: str  # whose pseudonyms
    cancel: CancelToken
    elapsed: Callable[[], float]
    screened_by: str = ""  # the digest of the rules
    screened_question: str = field(default="", repr=False)
    question_edits: tuple[Edit, ...] = ()
    prompt_ends: tuple[tuple[int, bool], ...] = ()
    writing: Writing = field(default_factory=Writing)
    sources: tuple[_Source, ...] = ()
    lines: bool = False  # whether those that fit the question were quoted before it
    shown: tuple[str, ...] = ()  # documents of which earlier turns show passages
    asked_whole: int = 0  # passages of the document that was to be read whole
    citations: tuple[Citation, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    timings: Timings = field(default_factory=Timings)


class Turns:
    """Answers questions and stores them."""

    def __init__(
        self,
        *,
        retriever: Retriever,
        screener: Screener,
        models: ModelPool,
        history: History,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        meter: Callable[[], EnergyMeter] = EnergyMeter,
    ) -> None:
        """`clock` gives Unix seconds, `monotonic` seconds that never go back. `meter()` begins to measure energy."""
        self._retriever = retriever
        self._screener = screener
        self._models = models
        self._history = history
        self._clock = clock
        self._monotonic = monotonic
        self._meter = meter

    def ask(
        self, question: Question, *, model_id: str, cancel: CancelToken, adapters: Sequence[AdapterFile] = ()
    ) -> Iterator[Event]:
        """Answer one question. The stream ends with Finished or Failed; leaving it early cancels the turn.

        `adapters`: those that the question names, as files.
        """
        started = self._monotonic()
        question = self._placed(question)
        conversation_id = question.conversation_id or uuid.uuid4().hex
        turn_id = uuid.uuid4().hex
        if question.conversation_id:
            known = self._history.conversation(question.conversation_id)
            if known.library != (question.library or ""):
                # its pseudonyms are those of its library: another's would be read back as somebody else's names
                raise UserError(Code.BAD_REQUEST, field="library", problem="other_library")
        self._history.begin(
            conversation_id=conversation_id,
            turn_id=turn_id,
            question=question.text,
            library=question.library or "",
            model=model_id,
            now=self._clock(),
            instead_of=question.instead_of or "",
        )
        question = replace(question, conversation_id=conversation_id)
        turn = _Running(
            question,
            turn_id,
            model_id,
            scope=pseudonym_scope(question),
            cancel=cancel,
            elapsed=lambda: self._monotonic() - started,
            meter=self._meter(),
            adapters=tuple(adapters),
        )
        stored = False
        try:
            with self._models.arriving(model_id, Service.of(question.service)):  # not only once the model reads it
                yield Started(conversation_id, turn_id, model_id)
                yield from self._steps(turn)
            self._finish(turn, "cancelled" if turn.writing.reason == "cancelled" else "complete")
            stored = True
            yield Finished(turn.writing.reason, turn.timings, turn.writing.usage)
        except StudioloError as error:
            self._give_up(turn)
            yield Failed(error.code.value, error.values)
        except GeneratorExit:
            cancel.cancel()
            if not stored:
                self._finish(turn, "cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a turn: its row must not stay "running"
            self._give_up(turn)
            told = unexpected(error, model=turn.model_id)
            yield Failed(told.code.value, told.values)

    def _placed(self, question: Question) -> Question:
        """A question in place of another turn is in that one's conversation. Raises UserError(bad_request)."""
        if not question.instead_of or question.conversation_id:
            return question
        return replace(question, conversation_id=self._history.turn(question.instead_of).turn.conversation_id)

    def _steps(self, turn: _Running) -> Iterator[Event]:
        question, scope = turn.question, turn.scope
        if not question.text.strip():
            raise UserError(Code.BAD_REQUEST, field="question", problem="empty")
        if question.sampling.json_schema:
            raise UserError(Code.BAD_REQUEST, field="json_schema", problem="only a chat is answered in JSON")
        if question.sampling.grammar:
            raise UserError(Code.BAD_REQUEST, field="grammar", problem="only a chat is answered by a grammar")
        if question.sampling.logprobs is not None:
            raise UserError(Code.BAD_REQUEST, field="logprobs", problem="only a chat tells them")
        turn.screened_by = self._screener.rules_digest(library_id=scope, reader=question.reader)
        self._models.warm(turn.model_id)  # the file is read while we search
        earlier = self._history.before(turn.turn_id)

        searched = turn.elapsed()
        found = self._search(question, [row.turn.question for row in earlier])
        retrieve_s = turn.elapsed() - searched
        sources, withheld = self._sources(turn, found)

        # After the passages: a name that stands in one of them is now known, and found in the question too.
        screened = self._screener.screen(question.text, library_id=scope, direction="question", reader=question.reader)
        turn.screened_question, turn.question_edits = screened.text, screened.edits
        asked = [question.text[edit.start : edit.end].casefold() for edit in screened.edits]
        if any(value in source.screened.text.casefold() for value in asked for source in sources):
            sources, withheld = self._sources(turn, found)  # one that only the question gave away
        yield from self._note(turn, "question", screened.redactions)
        if not earlier:
            self._entitle(question, scope)

        with self._lease(turn) as lease:
            if lease.load_s:
                yield Progress(stage="load", done=1, total=1)
            budget = lease.context_tokens - min(question.sampling.max_tokens, lease.context_tokens // 2)
            turns_in_view, first_turn, blocked = self._in_view(turn, earlier)
            whole = self._whole(turn, turns_in_view, budget, lease)
            if whole is not None:
                composed, prompt = whole
            else:
                passages = [self._prompt_passage(source, scope) for source in sources]
                composed = compose(
                    screened.text,
                    passages=passages,
                    turns=turns_in_view,
                    first_turn=first_turn,
                    budget_tokens=budget,
                    count=lease.count,
                    quote=_read_ahead(passages, lease),
                )
                turn.sources = tuple(sources[: composed.passages])
                prompt = _prompt(turn, composed, lease)
            refused = tuple(Redaction(kind, count) for kind, count in withheld.items())
            yield from self._note(turn, "passages", _sum(refused, *(s.screened.redactions for s in turn.sources)))
            if question.library is not None:
                yield Retrieved(
                    tuple(self._shown(source, scope, question.reader) for source in turn.sources), retrieve_s
                )
            left_out = max(composed.left_out_passages, turn.asked_whole - len(turn.sources))
            left_out_turns = first_turn + blocked + composed.left_out_turns  # those out of view, too
            if left_out or left_out_turns:
                yield LeftOut(left_out, left_out_turns, composed.left_out_tokens)
            turn.lines = composed.lines
            yield from self._write(turn, prompt, lease)
            load_s = lease.load_s
        yield from self._cite(turn)
        turn.timings = turn.writing.timings(
            retrieve_s=retrieve_s, load_s=load_s, total_s=turn.elapsed(), energy_j=turn.meter.joules()
        )

    @contextmanager
    def _lease(self, turn: _Running) -> Iterator[Lease]:
        """The turn's model with the turn's adapters."""
        with self._models.lease(turn.model_id) as lease:
            yield lease.using(turn.adapters)

    def _entitle(self, question: Question, scope: str) -> None:
        title = self._screener.screen(question.text, library_id=scope, direction="title", reader=question.reader)
        self._history.note_title(question.conversation_id or "", title.text)

    def _in_view(self, turn: _Running, earlier: Sequence[StoredTurn]) -> tuple[list[PromptTurn], int, int]:
        """The last turns with their passages, screened as the policy is now; the number of the first of them, and how
        many the policy has come to block.

        They leave the view a few together (see `prompt`).
        """
        complete = [row for row in earlier if row.turn.state == "complete" and row.question_screened]
        first = max(0, -(-(len(complete) - TURNS_IN_VIEW) // TURN_STEP)) * TURN_STEP
        shown = [said for row in complete[first:] if (said := self._said(turn, row)) is not None]
        return shown, first, len(complete) - first - len(shown)

    def _said(self, turn: _Running, row: StoredTurn) -> PromptTurn | None:
        """An earlier turn as the model may read it now; None where the policy blocks what was said in it."""
        question, answer = row.question_screened, row.turn.answer
        screener, scope, reader = self._screener, turn.scope, turn.question.reader
        learnt = any(screener.holds_known(text, library_id=scope, reader=reader) for text in (question, answer))
        if learnt or row.screened_by != turn.screened_by:
            try:
                question = screener.screen(
                    row.turn.question, library_id=scope, direction="question", reader=reader
                ).text
                answer = screener.screen_again(answer, library_id=scope, direction="history", reader=reader).text
            except PolicyBlock as error:
                if error.code is Code.BLOCKED_BY_POLICY:
                    return None
                raise
        return PromptTurn(
            question,
            citations.without_markers(answer),
            self._passages_of(turn, row),
            lines=row.lines,
            nothing_found=not row.turn.sources,
        )

    def _passages_of(self, turn: _Running, row: StoredTurn) -> tuple[PromptPassage, ...]:
        """What an earlier turn showed of documents that are still there and may still be shown."""
        hits = row.turn.sources
        if len(hits) > MOST_SHOWN:
            return ()
        if row.detector != DETECTOR_VERSION:  # a newer filter may find more
            hits = tuple(replace(hit, passage=replace(hit.passage, spans=None, stale=True)) for hit in hits)
        found = [self._source(turn, hit, Counter()) for hit in hits if hit.passage.id]
        sources = [source for source in found if source is not None]
        turn.shown = tuple(dict.fromkeys((*turn.shown, *(source.hit.passage.document_id for source in sources))))
        return tuple(self._prompt_passage(source, turn.scope) for source in sources)

    def _whole(
        self, turn: _Running, turns_in_view: Sequence[PromptTurn], budget: int, lease: Lease
    ) -> tuple[Composed, Prompt] | None:
        """The prompt over a whole document, and its sources set; None where it does not fit or is not wanted.

        Where nobody said, it is wanted once the document has been read: reading it would take long.
        """
        question = turn.question
        if question.library is None or question.document is None or question.whole is False:
            return None
        hits = self._retriever.whole(question.document, library=question.library)
        turn.asked_whole = len(hits) if question.whole else 0
        if sum(len(hit.passage.text) for hit in hits) > budget * LONGEST_TOKENS:  # a book is not screened for nothing
            return None
        sources = [source for hit in hits if (source := self._source(turn, hit, Counter())) is not None]
        if len(sources) < len(hits):
            return None  # not all of it may be read
        composed = compose_whole(
            turn.screened_question,
            passages=[self._prompt_passage(source, turn.scope) for source in sources],
            turns=turns_in_view,
            budget_tokens=budget,
            count=lease.count,
        )
        if composed is None:
            return None
        turn.sources = tuple(sources)
        prompt = _prompt(turn, composed, lease)
        if question.whole or lease.stored(prompt):
            return composed, prompt
        turn.sources = ()
        return None

    def _prompt_passage(self, source: _Source, scope: str) -> PromptPassage:
        return prompt_passage(source.hit.passage, source.screened, self._screener, scope=scope)

    def _write(self, turn: _Running, prompt: Prompt, lease: Lease) -> Iterator[Event]:
        self._history.note_prompt(
            turn.turn_id,
            question_screened=turn.screened_question,
            model_saw=prompt.text,
            sources=tuple(source.hit for source in turn.sources),
            prompt_ends=prompt.ends,
            shown=turn.shown,
            screened_by=turn.screened_by,
            question_edits=turn.question_edits,
        )
        turn.prompt_ends = prompt.ends
        stream = self._screener.stream(library_id=turn.scope, reader=turn.question.reader, seen=[prompt.text])
        yield from write(
            lease,
            prompt,
            stream=stream,
            sampling=turn.question.sampling,
            cancel=turn.cancel,
            writing=turn.writing,
            elapsed=turn.elapsed,
            service=Service.of(turn.question.service),
            client=turn.question.client,
        )
        if stream.redactions:
            yield Redacted("answer", stream.redactions)

    def _search(self, question: Question, earlier_questions: Sequence[str]) -> list[Hit]:
        if question.library is None:
            return []
        hits = self._retriever.search(
            question.text,
            library=question.library,
            limit=question.limit or PASSAGES,
            document=question.document,
            context=tuple(earlier_questions[-QUESTIONS_IN_VIEW:]),
        )
        return [hit for hit in hits if hit.passage.spans is not None or hit.passage.stale]

    def _sources(self, turn: _Running, found: Sequence[Hit]) -> tuple[list[_Source], Counter[str]]:
        """What of the hits the model may see, and what the policy blocked, by type."""
        withheld: Counter[str] = Counter()
        return [source for hit in found if (source := self._source(turn, hit, withheld)) is not None], withheld

    def _source(self, turn: _Running, hit: Hit, withheld: Counter[str]) -> _Source | None:
        """A passage as the model may see it; None where it may not, with the types that the policy blocks counted.

        One that an older filter has screened is screened now; where that fails, it is withheld.
        """
        passage = hit.passage
        try:
            screened = screened_passage(passage, self._screener, scope=turn.scope, reader=turn.question.reader)
        except PolicyBlock as error:
            if error.code is Code.BLOCKED_BY_POLICY:
                withheld.update(str(error.values.get("types", "")).split(","))
            elif not passage.stale:
                raise
            return None
        return _Source(replace(hit, suspicious=is_suspicious(passage)), screened)

    def _cite(self, turn: _Running) -> Iterator[Event]:
        """The quotes are found in what the model saw and shown as they stand on the page, to who may see that."""
        reader = turn.question.reader
        cited = []
        for evidence in citations.check(turn.writing.text, [s.screened.text for s in turn.sources]):
            source = turn.sources[evidence.index]
            passage = source.hit.passage
            start, end = _raw_span(source.screened, evidence.start, evidence.end)
            quote, document, label = passage.text[start:end], passage.document, passage.label
            if reader != Reader.OWNER:
                shown = source.screened.text[evidence.start : evidence.end]
                quote = self._screener.restore(shown, library_id=turn.scope, reader=reader)
                document = self._masked(document, turn.scope, reader)
                label = self._masked(label, turn.scope, reader) if label else ""
            cited.append(
                Citation(
                    marker=evidence.marker,
                    document_id=passage.document_id,
                    document=document,
                    page=passage.page,
                    passage_id=passage.id,
                    quote=quote,
                    verified=evidence.verified,
                    label=label,
                    suspicious=source.hit.suspicious,
                )
            )
        turn.citations = tuple(cited)
        if cited and not citations.has_markers(turn.writing.text):
            markers = " " + "".join(f"[{citation.marker}]" for citation in cited)
            turn.writing.text += markers
            yield Delta(markers)
        for citation in cited:
            yield Cited(citation)

    def _shown(self, source: _Source, scope: str, reader: str) -> Hit:
        """A hit as `reader` may see it."""
        return shown_hit(source.hit, source.screened, self._screener, scope=scope, reader=reader)

    def _masked(self, text: str, scope: str, reader: str) -> str:
        return shown_name(text, self._screener, scope=scope, reader=reader)

    def _finish(self, turn: _Running, ended: TurnState) -> None:
        extras = TurnExtras(
            citations=turn.citations,
            redactions=turn.redactions,
            sources=tuple(source.hit for source in turn.sources),
            timings=turn.timings,
            usage=turn.writing.usage,
            prompt_ends=turn.prompt_ends,
            lines=turn.lines,
            shown=turn.shown,
            detector=DETECTOR_VERSION,
            adapters=turn.question.adapters,
            question_edits=turn.question_edits,
        )
        self._history.finish(
            turn.turn_id, answer_screened=turn.writing.text, state=ended, extras=extras, now=self._clock()
        )

    def _give_up(self, turn: _Running) -> None:
        """Store that the turn failed. Where the disk takes no more, its row says so from the next start on."""
        with suppress(StudioloError):
            self._finish(turn, "failed")

    @staticmethod
    def _note(
        turn: _Running, direction: Literal["question", "passages"], redactions: tuple[Redaction, ...]
    ) -> Iterator[Event]:
        if redactions:
            turn.redactions = _sum(turn.redactions, redactions)
            yield Redacted(direction, redactions)


def _prompt(turn: _Running, composed: Composed, lease: Lease) -> Prompt:
    documents = dict.fromkeys(source.hit.passage.document_id for source in turn.sources)
    groups = (*documents, turn.question.library) if turn.question.library else ()
    return lease.compose(composed.messages, exact=composed.exact, groups=groups)


def _read_ahead(passages: Sequence[PromptPassage], lease: Lease) -> bool:
    """Whether all were read ahead. Such passages have not seen one another: the lines that fit are quoted then."""
    return bool(passages) and all(
        lease.stored(lease.ahead(text, behind=behind, groups=())) for behind, text in map(reading, passages)
    )


def pseudonym_scope(question: Question) -> str:
    """Whose pseudonym table a turn uses: the library's, or the conversation's own where it has none."""
    if question.library is not None:
        return library_scope(question.library)
    return f"conversation:{question.conversation_id}"


def library_scope(library: str) -> str:
    """The name of a library's pseudonym table."""
    return f"{_LIBRARY}{library}"


def library_of(scope: str) -> str:
    """The library whose pseudonym table has that name; "" where it is none's."""
    return scope.removeprefix(_LIBRARY) if scope.startswith(_LIBRARY) else ""


def _sum(*groups: tuple[Redaction, ...]) -> tuple[Redaction, ...]:
    counts: dict[str, int] = {}
    for redaction in (item for group in groups for item in group):
        counts[redaction.type] = counts.get(redaction.type, 0) + redaction.count
    return Redaction.of(counts)


def _raw_span(screened: Screened, start: int, end: int) -> tuple[int, int]:
    """A stretch of the screened text in the offsets of the raw one; a pseudonym it cuts is taken whole."""
    return _raw_offset(screened, start, after=False), _raw_offset(screened, end, after=True)


def _raw_offset(screened: Screened, offset: int, *, after: bool) -> int:
    shift = 0
    for edit in screened.edits:
        if offset <= edit.new_start:
            break
        if offset < edit.new_end:
            return edit.end if after else edit.start
        shift = edit.end - edit.new_end
    return offset + shift
