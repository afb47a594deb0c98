"""Models, and what a comparison of two says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

COMPARED_TOKENS = 4096  # of each text that models are compared on


ModelKind = Literal["chat", "embedder", "names", "adapter"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a person sees it. `names` models find persons, places and organisations for the filter; an `adapter`
    (LoRA) changes chat models of one architecture and cannot answer alone."""

    id: str
    kind: ModelKind
    title: str
    size_bytes: int
    memory_bytes: int  # what it needs at run time, estimated
    licence: str
    languages: tuple[str, ...]
    sha256: str
    installed: bool
    default: bool = False
    note: str = ""
    architecture: str = ""  # of an imported GGUF, as llama.cpp names it; of an adapter, of the models that it fits
    base: str = ""  # id of the model that it was made from, by quantizing
    licence_url: str = ""  # where its text stands, "" = not known
    conditions: bool = False  # the licence binds its users to more than naming who made it


@dataclass(frozen=True, slots=True)
class ModelFit:
    """How a chat model would do on this machine."""

    model: str  # id
    needed_bytes: int  # of memory, with the context that the settings ask for
    free_bytes: int  # that a model may take now; of the loaded one, what it takes counts as free
    total_bytes: int  # the machine's memory
    fits: bool  # now
    write_tokens_s: float  # 0 = not known
    read_tokens_s: float = 0.0  # 0 = not known
    measured: bool = False  # by a calibration; else told from how fast memory is


@dataclass(frozen=True, slots=True)
class TextQuality:
    """How well a model foretells one text. `name`: "en", "zh"; "" for a text of the user's. Counts are of what was
    scored."""

    name: str
    tokens: int
    size_bytes: int  # of UTF-8
    perplexity: float  # a token
    bits_per_byte: float  # comparable between vocabularies


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """One of two models that were compared: what it costs, and how well it foretells the texts."""

    id: str
    size_bytes: int
    memory_bytes: int  # measured: weights, keys and values of `Comparison.memory_tokens`, and buffers
    read_tokens_per_s: float  # median of the rounds
    write_tokens_per_s: float
    spread: float  # fastest round / slowest one, the worse of reading and writing: well above 1, the machine was busy
    tokens: int
    perplexity: float
    bits_per_byte: float
    texts: tuple[TextQuality, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same texts, in one run. What needs one vocabulary is None where there are two.

    Texts are read in windows of `window_tokens`, each beginning `stride_tokens` after the last; every token is scored
    once, with at least window - stride tokens before it but for a text's first window, whose tokens are all scored.
    """

    model: ModelQuality
    other: ModelQuality
    window_tokens: int
    stride_tokens: int
    memory_tokens: int
    same_vocabulary: bool
    perplexity_ratio: float | None  # other / model
    perplexity_ratio_error: float | None  # its standard error, from the differences token by token
    agreement: float | None  # share of tokens for which both find the same one most likely
    kl_divergence: float | None  # mean over the tokens, in nats: of other's distribution from model's
