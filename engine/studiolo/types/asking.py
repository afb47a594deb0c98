"""What is asked of an engine: questions, chats, and how they are answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studiolo.types.documents import DEFAULT_LIBRARY
from studiolo.types.screening import Reader


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. temperature 0 is greedy. Defaults suit answers from documents."""

    temperature: float = 0.0
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0
    max_tokens: int = 512
    stop: tuple[str, ...] = field(default=(), repr=False)
    top_k: int = 0  # the k most likely alone; 0 = all
    # against repetition, 1 and 0 = off; each counts what the answer says so far, never the prompt
    repeat_penalty: float = 1.0  # divides the score of what was written
    presence_penalty: float = 0.0  # taken once from the score of what was written
    frequency_penalty: float = 0.0  # taken each time it was
    dry_multiplier: float = 0.0  # DRY: against repeated runs, by multiplier * base ** (length - allowed)
    dry_base: float = 1.75
    dry_allowed_length: int = 2  # tokens of a run that may repeat
    json_schema: str = field(default="", repr=False)  # JSON text; the answer of a chat is then JSON that fits it
    grammar: str = field(default="", repr=False)  # GBNF; the answer of a chat then fits it
    grammar_after: str = field(default="", repr=False)  # the grammar holds from behind this on; "" = at once
    logprobs: int | None = None  # how likely each token was, with so many alternatives; None = not asked for
    speculative: bool = True  # what the answer copies is checked many tokens at once, where that was found to be faster
    reproducible: bool = False  # alone and from nothing: the same prompt and seed give the same text, at a price


ServiceClass = Literal["interactive", "batch"]
"""For whom a request is served: a person who waits, or a script, which stands back for persons."""


@dataclass(frozen=True, slots=True)
class AdapterUse:
    """An installed LoRA adapter that the model answers with. What it changes is multiplied by `scale`; 0 = nothing."""

    name: str  # its model id
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a library. `library` None asks the model alone; `document` limits it (name or id)."""

    text: str = field(repr=False)
    library: str | None = DEFAULT_LIBRARY
    document: str | None = field(default=None, repr=False)
    model: str | None = None  # None = the settings' model
    adapters: tuple[AdapterUse, ...] = ()
    conversation_id: str | None = None  # None starts a conversation
    instead_of: str | None = None  # a turn that this is another version of; it stays, in a branch of its own
    reader: str = Reader.OWNER  # a Reader, or an API profile that the privacy policy names
    sampling: Sampling = field(default_factory=Sampling)
    limit: int | None = None  # passages at most; None = the settings'
    whole: bool | None = None  # read the whole `document`, where it fits; None = where it was read so before
    service: ServiceClass = "interactive"
    client: str = ""  # who asks, by name: several of one class are served in turn; "" = the owner


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a client's tool that an earlier answer asked for; `arguments` is JSON text."""

    name: str
    arguments: str = field(repr=False)
    id: str = ""  # by which what it gave back is told from others


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat without a library (the OpenAI-compatible endpoint). A tool's holds what it gave back."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = field(repr=False)
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""  # of a tool's: which call it answers


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of a client's that the model may ask to have called. `parameters` is a JSON schema as text.

    `strict`: where a call is forced, a schema that cannot be kept is refused instead of taken as "any object".
    """

    name: str
    description: str = field(default="", repr=False)
    parameters: str = field(default='{"type": "object"}', repr=False)
    strict: bool = False


ToolChoice = Literal["none", "auto", "required"]
"""Whether an answer may ask for calls of tools: never, as the model decides, or always."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation as a client sends it whole, answered once and not stored."""

    messages: tuple[Message, ...]
    model: str | None = None
    adapters: tuple[AdapterUse, ...] = ()
    reader: str = Reader.MASKED  # as of a question
    sampling: Sampling = field(default_factory=Sampling)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    tool_name: str = ""  # with "required": this one
    parallel_tool_calls: bool | None = None  # several calls in one answer; None = as the model decides, one if required
    raw: bool = False  # the one message, a user's, is text to be gone on with as it stands: no chat template, no tools
    service: ServiceClass = "interactive"
    client: str = ""  # as of a question
