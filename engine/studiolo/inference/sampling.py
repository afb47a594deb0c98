"""How the next token is chosen: a chain of llama.cpp's own samplers for one answer.

The penalties and DRY look at what the answer says so far and never at the prompt: an answer from documents has to
repeat the passages' words. Threads: the context's owner.
"""

from __future__ import annotations

import ctypes
from typing import Any

from studiolo.errors import Code, EngineBug
from studiolo.inference.context import LlamaContext
from studiolo.inference.model import LlamaModel
from studiolo.inference.schema import grammar_for
from studiolo.types import Sampling

# llama.cpp's own, and the full-width colon: what ends a repetition, so that lists and dialogues may repeat their form.
_BREAKERS = ("\n", ":", "\uff1a", '"', "*")

_CANDIDATE = [("id", "i4"), ("logit", "f4"), ("p", "f4")]  # llama.h: llama_token_data


class Sampler:
    """Chooses the tokens of one answer. The same scores and the same seed give the same tokens."""

    def __init__(self, model: LlamaModel, sampling: Sampling) -> None:
        self._lib = model.lib
        self._size = model.vocabulary_size
        self._grammar: Any = None
        if sampling.json_schema:
            grammar = grammar_for(sampling.json_schema).encode()
            self._grammar = self._lib.llama_sampler_init_grammar(model.vocabulary, grammar, b"root")
            if not self._grammar:
                raise EngineBug(Code.INTERNAL, where="grammar")
        self._chain: Any = self._lib.llama_sampler_chain_init(self._lib.llama_sampler_chain_default_params())
        for part in _parts(model, sampling):
            self._lib.llama_sampler_chain_add(self._chain, part)

    def next(self, context: LlamaContext, row: int = -1) -> int:
        """The token for a row of scores of the batch that `context` decoded last; it counts as written."""
        if self._grammar is None:
            return int(self._lib.llama_sampler_sample(self._chain, context.handle, row))
        token = self._fitting(context, row)
        self._lib.llama_sampler_accept(self._grammar, token)
        self._lib.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        """Free the samplers; the object is then unusable."""
        for sampler in (self._chain, self._grammar):
            if sampler:
                self._lib.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _fitting(self, context: LlamaContext, row: int) -> int:
        """A token that fits the grammar.

        What is chosen without the grammar mostly fits, and asking the grammar about one token is cheap, about a
        whole vocabulary not. Only where it does not fit, the grammar goes first and the choice is made again.
        """
        import numpy as np

        scores = np.ctypeslib.as_array(self._lib.llama_get_logits_ith(context.handle, row), (self._size,))
        for grammar_first in (False, True):
            candidates = np.zeros(self._size, dtype=_CANDIDATE)
            candidates["id"] = np.arange(self._size)
            candidates["logit"] = scores
            if grammar_first:
                self._apply(self._grammar, candidates)
            chosen = self._apply(self._chain, candidates)
            token = int(chosen.data[chosen.selected].id)
            one = np.array([(token, 0, 0)], dtype=_CANDIDATE)
            self._apply(self._grammar, one)
            if np.isfinite(one["logit"][0]):
                return token
        # llama.cpp would end the process over a token that does not fit
        raise EngineBug(Code.INTERNAL, where="grammar without a way on")

    def _apply(self, sampler: Any, candidates: Any) -> Any:
        """Scores changed in place; what the sampler left, which lives as long as `candidates` and the sampler."""
        lib = self._lib
        data = candidates.ctypes.data_as(lib.llama_token_data_p)
        array = lib.llama_token_data_array(data=data, size=len(candidates), selected=-1, sorted=False)
        lib.llama_sampler_apply(sampler, ctypes.byref(array))
        return array


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
