"""A loaded model that somebody holds: what of it a request needs, from tokens counted to text written.

Threads: any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING

from studiolo.inference.runtime import Runtime
from studiolo.inference.steps import Prompt, Service, Step
from studiolo.inference.template import Segment, TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.adapters import AdapterFile
from studiolo.types import Sampling

if TYPE_CHECKING:
    from studiolo.inference.scheduler import Scheduler


class Lease:
    """A loaded model that stays loaded while the lease is held."""

    def __init__(
        self,
        scheduler: Scheduler,
        model_id: str,
        runtime: Runtime,
        load_s: float,
        *,
        adapters: Sequence[AdapterFile] = (),
    ) -> None:
        """`adapters`: with which the model reads and answers the prompts made here."""
        self._scheduler = scheduler
        self._runtime = runtime
        self.model_id = model_id
        self.load_s = load_s
        self._prefixes: dict[str, tuple[int, ...]] = {}
        self._adapters = tuple(adapters)

    def using(self, adapters: Sequence[AdapterFile]) -> Lease:
        """The same lease, for prompts that the model reads and answers with these adapters."""
        return Lease(self._scheduler, self.model_id, self._runtime, self.load_s, adapters=adapters)

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._runtime.context_tokens

    def count(self, text: str) -> int:
        """Tokens of a text that people wrote."""
        return len(self._runtime.tokenize(text, control=False))

    def compose(self, messages: Sequence[TemplateMessage], *, exact: str = "", groups: Sequence[str] = ()) -> Prompt:
        """The prompt for `messages`: only the template's own text is tokenised with special tokens parsed.

        `exact`: the part that is to be kept with all before it (see Prompt). `groups`: what the prompt is made of.
        """
        return self._prompt(self._runtime.template.render(messages), exact=exact, groups=groups)

    def bare(self, text: str) -> Prompt:
        """The prompt that is `text` itself, without a chat template: the model goes on with it."""
        return self._prompt(self._runtime.template.bare(text))

    def _prompt(self, segments: Sequence[Segment], *, exact: str = "", groups: Sequence[str] = ()) -> Prompt:
        lengths = accumulate(len(segment.text) for segment in segments)
        ends = tuple(zip(lengths, (segment.control for segment in segments), strict=True))
        parts: list[tuple[int, ...]] = []
        behind: dict[int, tuple[int, ...]] = {}
        exact_parts = 0
        for segment in segments:
            part = self._tokens(segment)
            if not part:
                continue
            if segment.behind:
                behind[len(parts)] = self._before(segment.behind)
            parts.append(part)
            if exact and not exact_parts and not segment.control and segment.text == exact:
                exact_parts = len(parts)
        text = "".join(segment.text for segment in segments)
        return Prompt(
            tuple(parts), text, ends, behind, exact=exact_parts, groups=tuple(groups), adapters=self._adapters
        )

    def ahead(self, text: str, *, behind: str, groups: Sequence[str]) -> Prompt:
        """The prompt that reads a part ahead behind the system message `behind`, and stores it."""
        prefix, part = self._before(behind), tuple(self._runtime.tokenize(text, control=False))
        return Prompt((prefix, part), behind={1: prefix}, keep=True, groups=tuple(groups), adapters=self._adapters)

    def stored(self, prompt: Prompt) -> bool:
        """Whether all of a prompt that can come from stored readings is stored."""
        return self._runtime.stored(prompt)

    def _tokens(self, segment: Segment) -> tuple[int, ...]:
        return tuple(self._runtime.tokenize(segment.text, control=segment.control))

    def _before(self, system: str) -> tuple[int, ...]:
        """What stands before the first message of a user's, where `system` is the system message."""
        known = self._prefixes.get(system)
        if known is None:
            rendered = self._runtime.template.render(
                [TemplateMessage("system", (system,)), TemplateMessage("user", ("-",), (system,))]
            )
            before = takewhile(lambda segment: not segment.behind, rendered)
            known = tuple(token for segment in before for token in self._tokens(segment))
            self._prefixes[system] = known
        return known

    def generate(
        self,
        prompt: Prompt,
        *,
        sampling: Sampling,
        cancel: CancelToken,
        service: Service = Service.PERSON,
        client: str = "",
    ) -> Iterator[Step]:
        """Reading..., Piece..., Ended, as they come. Waits for a place; clients of one class take turns.

        Raises StudioloError.
        """
        return self._scheduler.run(
            self._runtime, prompt, sampling=sampling, cancel=cancel, service=service, client=client
        )
