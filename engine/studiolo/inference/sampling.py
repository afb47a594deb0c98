"""How the next token is chosen: a chain of llama.cpp's own samplers for one answer.

The penalties and DRY look at what the answer says so far and never at the prompt: an answer from documents has to
repeat the passages' words. Threads: the context's owner.
"""

from __future__ import annotations

import ctypes
from typing import Any

from studiolo.errors import Code, EngineBug, UserError
from studiolo.inference.ambiguity import readings
from studiolo.inference.context import LlamaContext
from studiolo.inference.logprobs import token_logprob
from studiolo.inference.model import LlamaModel
from studiolo.inference.schema import grammar_for
from studiolo.types import Sampling, TokenLogprob

# llama.cpp's own, and the full-width colon: what ends a repetition, so that lists and dialogues may repeat their form.
_BREAKERS = ("\n", ":", "\uff1a", '"', "*")

_CANDIDATE = [("id", "i4"), ("logit", "f4"), ("p", "f4")]  # llama.h: llama_token_data


class Sampler:
    """Chooses the tokens of one answer. The same scores and the same seed give the same tokens.

    `logprob`: how likely the last token was, where that is asked for.
    """

    def __init__(self, model: LlamaModel, sampling: Sampling) -> None:
        """Raises UserError(bad_request) where a grammar cannot be kept."""
        self._lib = model.lib
        self._model = model
        self._size = model.vocabulary_size
        self._alternatives = sampling.logprobs
        self.logprob: TokenLogprob | None = None
        self._grammar_text = sampling.grammar or (grammar_for(sampling.json_schema) if sampling.json_schema else "")
        self._awaited = sampling.grammar_after.encode()  # what the answer has to say before the grammar holds
        self._end = b""  # of the answer, while that is awaited
        self._allowed: Any = None  # ids, where a grammar would need too long for others
        if sampling.grammar:
            self._allowed = _readable(model, sampling.grammar)
        self._grammar: Any = None
        if self._grammar_text and not self._awaited:
            self._grammar = self._started()
        self._chain: Any = self._lib.llama_sampler_chain_init(self._lib.llama_sampler_chain_default_params())
        for part in _parts(model, sampling):
            self._lib.llama_sampler_chain_add(self._chain, part)

    def next(self, context: LlamaContext, row: int = -1) -> int:
        """The token for a row of scores of the batch that `context` decoded last; it counts as written.

        Raises UserError(bad_request) where the grammar leaves no token that could follow.
        """
        if self._grammar is None:
            token = int(self._lib.llama_sampler_sample(self._chain, context.handle, row))
            if self._awaited and self._grammar_text:
                self._look_for_beginning(token)
        else:
            token = self._fitting(context, row)
            self._lib.llama_sampler_accept(self._grammar, token)
            self._lib.llama_sampler_accept(self._chain, token)
        if self._alternatives is not None:
            scores = self._scores(context, row)
            self.logprob = token_logprob(scores, token, top=self._alternatives, piece=self._model.piece)
        return token

    def close(self) -> None:
        """Free the samplers; the object is then unusable."""
        for sampler in (self._chain, self._grammar):
            if sampler:
                self._lib.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _started(self) -> Any:
        grammar = self._lib.llama_sampler_init_grammar(self._model.vocabulary, self._grammar_text.encode(), b"root")
        if not grammar:
            raise EngineBug(Code.INTERNAL, where="grammar")
        return grammar

    def _look_for_beginning(self, token: int) -> None:
        """Start the grammar behind what is awaited, where a token ends there: llama.cpp's own lazy grammars end the
        process over a token that goes on with something else."""
        self._end = (self._end + self._model.piece(token))[-4 * len(self._awaited) :]
        if self._end.rstrip().endswith(self._awaited):
            self._grammar = self._started()

    def _scores(self, context: LlamaContext, row: int) -> Any:
        """What the model says of each token of its vocabulary: float32, (vocabulary,), llama.cpp's own memory."""
        import numpy as np

        return np.ctypeslib.as_array(self._lib.llama_get_logits_ith(context.handle, row), (self._size,))

    def _fitting(self, context: LlamaContext, row: int) -> int:
        """A token that fits the grammar.

        What is chosen without the grammar mostly fits, and asking the grammar about one token is cheap, about a
        whole vocabulary not. Only where it does not fit, the grammar goes first and the choice is made again.
        """
        import numpy as np

        scores = self._scores(context, row)
        allowed = np.arange(self._size) if self._allowed is None else self._allowed
        for grammar_first in (False, True):
            candidates = np.zeros(len(allowed), dtype=_CANDIDATE)
            candidates["id"] = allowed
            candidates["logit"] = scores[allowed]
            if grammar_first:
                self._apply(self._grammar, candidates)
            chosen = self._apply(self._chain, candidates)
            token = int(chosen.data[chosen.selected].id)
            one = np.array([(token, 0, 0)], dtype=_CANDIDATE)
            self._apply(self._grammar, one)
            if np.isfinite(one["logit"][0]):
                return token
        # llama.cpp would end the process over a token that does not fit
        raise UserError(Code.BAD_REQUEST, field="grammar", problem="no token of the model could follow")

    def _apply(self, sampler: Any, candidates: Any) -> Any:
        """Scores changed in place; what the sampler left, which lives as long as `candidates` and the sampler."""
        lib = self._lib
        data = candidates.ctypes.data_as(lib.llama_token_data_p)
        array = lib.llama_token_data_array(data=data, size=len(candidates), selected=-1, sorted=False)
        lib.llama_sampler_apply(sampler, ctypes.byref(array))
        return array


def _readable(model: LlamaModel, grammar: str) -> Any:
    """The tokens that the grammar can be asked about in short time, int (n,); None: all of them."""
    import numpy as np

    found = readings(grammar)
    if not found.ambiguous:
        return None
    characters, starts = model.spelled
    return np.flatnonzero(found.short_enough(characters, starts[:-1]))


def _parts(model: LlamaModel, sampling: Sampling) -> list[Any]:
    """The samplers in order: what changes scores, what drops candidates, what chooses."""
    lib = model.lib
    parts = _against_repetition(model, sampling)
    if sampling.temperature <= 0:
        return [*parts, lib.llama_sampler_init_greedy()]
    if sampling.top_k > 0:
        parts.append(lib.llama_sampler_init_top_k(sampling.top_k))
    return [
        *parts,
        # min-p before top-p: it drops nearly all candidates without sorting them, which top-p has to do
        lib.llama_sampler_init_min_p(sampling.min_p, 1),
        lib.llama_sampler_init_top_p(sampling.top_p, 1),
        lib.llama_sampler_init_temp(sampling.temperature),
        # 2**32 - 1 means "another seed each time" to llama.cpp; a seed has to give the same text again
        lib.llama_sampler_init_dist(sampling.seed % lib.LLAMA_DEFAULT_SEED),
    ]


def _against_repetition(model: LlamaModel, sampling: Sampling) -> list[Any]:
    lib = model.lib
    parts: list[Any] = []
    window = min(sampling.max_tokens, model.trained_tokens)  # the whole answer
    if sampling.repeat_penalty != 1 or sampling.frequency_penalty or sampling.presence_penalty:
        parts.append(
            lib.llama_sampler_init_penalties(
                model.vocabulary_size,
                window,
                sampling.repeat_penalty,
                sampling.frequency_penalty,
                sampling.presence_penalty,
            )
        )
    if sampling.dry_multiplier > 0:
        breakers = (ctypes.c_char_p * len(_BREAKERS))(*(text.encode() for text in _BREAKERS))
        parts.append(
            lib.llama_sampler_init_dry(
                model.vocabulary,
                sampling.dry_multiplier,
                sampling.dry_base,
                sampling.dry_allowed_length,
                window,
                breakers,
                len(_BREAKERS),
            )
        )
    return parts
