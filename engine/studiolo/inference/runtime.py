"""A loaded model that several requests read and write with at once, a batch at a time: token ids in, text out.

Must not know what a passage, a person or a conversation is, nor who waits for what: whoever calls `advance` says whose
turn it is.

Threads: everything but `tokenize`, `template` and `interrupt` is for one thread, the scheduler's. `tokenize` only reads
the vocabulary; it and `interrupt` may be called from any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from studiolo.errors import Code, EngineBug, StudioloError, UserError
from studiolo.inference.adapters import AdapterSet, ContextAdapters
from studiolo.inference.context import BATCH_TOKENS, MOST_SCORES, LlamaContext, Run
from studiolo.inference.model import LlamaModel
from studiolo.inference.readings import ReadingStore
from studiolo.inference.request import Request
from studiolo.inference.sampling import Sampler
from studiolo.inference.speculation import Drafts
from studiolo.inference.steps import Ended, Failure, Prompt, Reading, Step
from studiolo.inference.stored import StoredReadings
from studiolo.inference.template import ChatTemplate
from studiolo.inference.tuning import Tuning, default_tuning
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

REQUESTS = 8  # that have a sequence at the same time
_READ_BESIDE_WRITING = 64  # tokens read in one batch while others write: their next word waits for it
_DRAFT_ROWS = MOST_SCORES - REQUESTS  # tokens of one batch that are written or may be


class Running(Protocol):
    """A request that has a place in the context."""

    @property
    def ended(self) -> bool:
        """Whether it has given its last step."""
        ...


class Runtime(Protocol):
    """A loaded model with room for several requests."""

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        ...

    @property
    def template(self) -> ChatTemplate:
        """The model's own chat template."""
        ...

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`."""
        ...

    def begin(self, prompt: Prompt, sampling: Sampling) -> Running | None:
        """Give a request a place; None where there is none for now.

        Raises UserError: prompt_too_long; damaged_model, model_kind, adapter_misfit, unknown_adapter of its adapters.
        """
        ...

    def advance(self, running: Sequence[Running]) -> list[list[Step]]:
        """Run one batch for these and give the steps of each, in order; none where it was interrupted, and none for
        those whose adapters have to wait for their turn.
        """
        ...

    def stored(self, prompt: Prompt) -> bool:
        """Whether all of a prompt that may come from stored readings is stored."""
        ...

    def end(self, running: Running) -> None:
        """Take its place from a request, whether or not it has ended."""
        ...

    def park(self, running: Running) -> None:
        """Take its place from a request that is to go on later."""
        ...

    def unpark(self, running: Running) -> bool:
        """Give a parked request a place again; False where there is none for now."""
        ...

    def interrupt(self) -> None:
        """Make the `advance` that runs now come back early, with nothing changed."""
        ...

    def resume(self) -> None:
        """Take back an `interrupt` that came too late."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class LlamaRuntime:
    """A GGUF model and one context over it.

    What a request has read and written stays until its place is needed, so that a prompt which begins the same is not
    read again.
    """

    def __init__(
        self,
        path: Path,
        *,
        model_id: str,
        context_tokens: int = 8192,
        threads: int = 0,
        tuning: Tuning | None = None,
        store: ReadingStore | None = None,
        digest: str = "",
    ) -> None:
        """Load the file. `store` keeps readings under `digest`, the SHA-256 of the file. No `tuning`: the
        default's, with `threads`.

        Raises UserError(damaged_model), EnvironmentFault(not_enough_memory, unsupported_cpu).
        """
        self.model = LlamaModel(path, model_id=model_id)
        try:
            self.template = self.model.chat_template()
            self._context = LlamaContext(
                self.model, cells=context_tokens, tuning=tuning or default_tuning(threads), sequences=REQUESTS
            )
        except BaseException:
            self.model.close()
            raise
        self.context_tokens = self._context.cells
        self._adapters = ContextAdapters(self.model, self._context.handle, sequences=REQUESTS)
        self._readings: StoredReadings | None = None
        if store is not None and digest and self._context.can_shift:
            self._readings = StoredReadings(store, self._context, model_digest=digest)
        self._running: dict[int, Request] = {}
        self._unused = list(range(REQUESTS))  # sequences, the one that was let go longest ago first

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Token ids of `text`; special tokens are recognised only with `control`. No BOS is added."""
        return self.model.tokenize(text, control=control)

    def begin(self, prompt: Prompt, sampling: Sampling) -> Running | None:
        """Give a request a place, and in it what the context holds of its prompt already."""
        tokens = prompt.tokens
        if not tokens or len(tokens) >= self.context_tokens:
            raise UserError(Code.PROMPT_TOO_LONG, tokens=len(tokens), limit=self.context_tokens - 1)
        most = len(tokens) if prompt.keep else min(len(tokens) + sampling.max_tokens, self.context_tokens)
        request = Request(tokens, list(tokens), len(tokens), sampling, most, groups=prompt.groups)
        request.adapters = self._adapters.hold(request, prompt.adapters)
        placed = False
        try:
            if self._readings is not None and not sampling.reproducible:
                self._readings.note(request, prompt)
            placed = self.unpark(request)
        finally:
            if not placed:
                self._adapters.let_go(request)
        if not placed:
            return None
        request.reused = self._context.length(request.sequence)
        return request

    def stored(self, prompt: Prompt) -> bool:
        """Whether all of a prompt that may come from stored readings is stored. Any thread."""
        return self._readings is not None and self._readings.holds(prompt)

    def advance(self, running: Sequence[Running]) -> list[list[Step]]:
        """Run one batch: the next token of all who write, and of the first who read as much as there is room for.

        All of them work with the same adapters: those whose turn it is.
        """
        everybody = [request for request in running if isinstance(request, Request)]
        every_step: list[list[Step]] = [[] for _ in everybody]
        turn = self._adapters.turn([request.adapters for request in everybody])
        in_turn = [both for both in zip(everybody, every_step, strict=True) if both[0].adapters == turn]
        self._adapters.put_in(turn)
        requests, steps = [request for request, _ in in_turn], [out for _, out in in_turn]
        for request, out in zip(requests, steps, strict=True):
            if self._readings is not None:
                self._readings.put_back(request)  # a batch was broken off, or the request was parked
                self._readings.take_up(request)
            if not request.told:
                request.told = True
                out.append(self._reading(request))
        runs = self._runs(requests)
        rows = self._context.decode(runs)
        if rows is None:
            return every_step
        self._adapters.ran(max(len(run.tokens) for run in runs))
        first_rows = {run.sequence: row for run, row in zip(runs, rows, strict=True)}
        for request, out in zip(requests, steps, strict=True):
            if request.sequence in first_rows:
                try:
                    out.extend(self._after_batch(request, first_rows[request.sequence]))
                except StudioloError as error:
                    request.ended = True
                    out.append(Failure(error))
        return every_step

    def generate(self, prompt: Sequence[int], *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        """One request alone, on the thread that calls: for those who own a runtime themselves."""
        running = self.begin(Prompt((tuple(prompt),)), sampling)
        assert running is not None, "others are running"
        cancel.on_cancel(self.interrupt)
        try:
            while not running.ended and not cancel.cancelled:
                for step in self.advance([running])[0]:
                    if isinstance(step, Failure):
                        raise step.error
                    yield step
            if not running.ended:
                yield Ended("cancelled")
        finally:
            self.end(running)
            self.resume()

    def end(self, running: Running) -> None:
        """Take its place from a request; what it has read and written stays until the place is needed."""
        if not isinstance(running, Request):
            return
        running.ended = True
        if running.sampler is not None:
            running.sampler.close()
            running.sampler = None
        self._adapters.let_go(running)
        self.park(running)

    def park(self, running: Running) -> None:
        """Take its place from a request that is to go on later; what it has read may have to be read again then."""
        # by identity: where a parked request stood, another one may stand now
        if isinstance(running, Request) and self._running.get(running.sequence) is running:
            del self._running[running.sequence]
            self._unused.append(running.sequence)

    def unpark(self, running: Running) -> bool:
        """Give a request a place, and in it what the context holds of its tokens already."""
        assert isinstance(running, Request)
        alone = any(one.sampling.reproducible for one in (running, *self._running.values()))
        reserved = sum(request.most for request in self._running.values())
        if not self._unused or (alone and self._running) or reserved + running.most > self.context_tokens:
            return False
        fresh = running.sampling.reproducible
        running.sequence = self._place(running.marks[:-1], running.most, running.adapters, fresh=fresh)
        self._adapters.give(running.sequence, running.adapters)
        self._running[running.sequence] = running
        return True

    def interrupt(self) -> None:
        """Make the `advance` that runs now come back early."""
        self._context.abort()

    def resume(self) -> None:
        """Take back an `interrupt`."""
        self._context.resume()

    def close(self) -> None:
        """Free context and model; the object is then unusable."""
        if self._readings is not None:
            self._readings.close()
        for request in list(self._running.values()):
            self.end(request)
        self._adapters.close()
        self._context.close()
        self.model.close()

    def _place(self, tokens: Sequence[int], most: int, adapters: AdapterSet, *, fresh: bool) -> int:
        """A sequence that holds as much of `tokens` as there is in the context, and enough free cells for `most`.

        What was read with other adapters than these does not count.

        `fresh`: an empty one in an empty context, so that nothing depends on what was there before.
        """
        context = self._context
        if fresh:
            for sequence in self._unused:
                context.cut(sequence, 0)
            return self._unused.pop(0)

        def held(sequence: int) -> int:
            return context.common(sequence, tokens) if self._adapters.read_with(sequence) == adapters else 0

        best = max(range(context.sequences), key=held)
        common = held(best)
        # A conversation that goes on is taken over where it stands. One that only begins alike is left as it is.
        if best in self._unused and common * 2 > context.length(best):
            self._unused.remove(best)
            context.cut(best, common)
            self._make_room(most - context.length(best))
            return best
        sequence = min(self._unused, key=lambda one: (context.length(one) > 0, self._unused.index(one)))
        if sequence == best:
            context.cut(sequence, common)
        else:
            context.cut(sequence, 0)
            context.share(best, sequence, common)
        self._unused.remove(sequence)
        self._make_room(most - context.length(sequence))
        return sequence

    def _make_room(self, cells: int) -> None:
        """Empty sequences that nobody uses, longest unused first, until so many cells are free beside the promised."""
        promised = sum(max(0, one.most - self._context.length(one.sequence)) for one in self._running.values())
        for sequence in self._unused:
            if self._context.free >= cells + promised:
                return
            self._context.cut(sequence, 0)

    def _runs(self, requests: Sequence[Request]) -> list[Run]:
        context = self._context
        missing = {one.sequence: len(one.tokens) - context.length(one.sequence) for one in requests}
        writing = [one for one in requests if one.sampler and missing[one.sequence] == 1]
        self._draft(requests, writing)
        runs = [Run(one.sequence, [one.tokens[-1], *one.draft], 1 + len(one.draft)) for one in writing]
        room = _READ_BESIDE_WRITING if runs else BATCH_TOKENS
        for one in requests:
            left = missing[one.sequence]
            if room <= 0 or (one.sampler and left == 1):
                continue
            start = context.length(one.sequence)
            tokens = one.tokens[start : min(start + room, one.border(start))]
            marks = one.marks[start : start + len(tokens)]
            runs.append(Run(one.sequence, tokens, int(len(tokens) == left), marks))
            room -= len(tokens)
        if not runs:
            raise EngineBug(Code.INTERNAL, where="a batch of nothing")
        return runs

    def _draft(self, requests: Sequence[Request], writing: Sequence[Request]) -> None:
        """Give those who write what to check in this batch behind their next token: all of them or none.

        Such a batch takes as long as many others: who has nothing to check would wait for those who have.
        """
        for one in requests:
            one.draft = []  # a batch that was broken off leaves its own
        drafts = []
        for one in writing:
            rows = min(self._context.tuning.draft + 1, _DRAFT_ROWS // len(writing), one.most - len(one.tokens))
            draft = one.drafts.next(one.tokens, most=rows - 1) if one.drafts else []
            if not draft:
                return
            drafts.append(draft)
        for one, draft in zip(writing, drafts, strict=True):
            one.draft = draft

    def _drafts(self, sampling: Sampling) -> Drafts | None:
        """What makes drafts for an answer, where it may have any."""
        alone = sampling.reproducible or not sampling.speculative
        guided = bool(sampling.grammar or sampling.json_schema) or sampling.logprobs is not None
        if alone or guided or not self._context.tuning.draft or not self._context.can_cut:
            return None
        return Drafts(self.model.piece)

    def _reading(self, request: Request) -> Reading:
        done = min(self._context.length(request.sequence), request.prompt_size)
        return Reading(done, request.prompt_size, request.reused, request.loaded)

    def _after_batch(self, request: Request, row: int) -> list[Step]:
        held = self._context.length(request.sequence)
        if request.sampler is None:
            out: list[Step] = [self._reading(request)]
            if self._readings is not None:
                self._readings.keep(request)
            if held < len(request.tokens):
                return out
            if request.keep is not None:
                request.ended = True
                return [*out, Ended("length")]
            self._context.refuse_nonsense(row)
            request.sampler = Sampler(self.model, request.sampling)
            request.drafts = self._drafts(request.sampling)
            return out + self._written(request, row)
        if request.draft:
            return self._checked(request, row)
        return self._written(request, row) if held == len(request.tokens) else []

    def _checked(self, request: Request, row: int) -> list[Step]:
        """Choose tokens of a request for as long as they are those of its draft, and the one behind them."""
        assert request.drafts is not None
        out: list[Step] = []
        draft, before, right = request.draft, len(request.tokens), 0
        while True:
            out += self._written(request, row + right)
            if request.ended or right == len(draft) or request.tokens[-1] != draft[right]:
                break
            right += 1
        request.drafts.told(drafted=len(draft), right=right)
        if self._context.cut(request.sequence, before + right) < before + right:
            request.drafts = None  # all was let go: it is read again, once
        return out

    def _written(self, request: Request, row: int) -> list[Step]:
        """Choose the next token of a request."""
        assert request.sampler is not None
        token = request.sampler.next(self._context, row)
        if self.model.ends(token):
            return self._close(request, "stop")
        request.tokens.append(token)
        request.marks.append(token)
        request.pending += 1
        if request.sampler.logprob is not None:
            request.logprobs.append(request.sampler.logprob)
        text = request.decoder.decode(self.model.piece(token))
        out: list[Step] = []
        if text:
            out.append(request.piece(text))
        if len(request.tokens) >= request.most:
            return out + self._close(request, "length")
        return out

    def _close(self, request: Request, reason: str) -> list[Step]:
        out: list[Step] = []
        text = request.decoder.decode(b"", final=True)
        if text or request.pending:
            out.append(request.piece(text))
        request.ended = True
        out.append(Ended("stop" if reason == "stop" else "length"))
        return out
