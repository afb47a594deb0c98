"""The request bodies of the native API, checked at the border. What a field means stands in its description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from studiolo.models.adapters import MOST_SCALE
from studiolo.tokens import Scope
from studiolo.types import (
    COMPARED_TOKENS,
    DEFAULT_LIBRARY,
    PAGE_WIDTH,
    AdapterUse,
    Chat,
    Message,
    Protection,
    Question,
    QuotesOf,
    Reader,
    Sampling,
    ServiceClass,
    Tool,
    ToolCall,
    ToolChoice,
)

MOST_TOOLS = 128
MOST_ADAPTERS = 8

Text = Annotated[str, Field(min_length=1, max_length=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
ToolName = Annotated[
    str, Field(pattern=r"^[\w.-]{1,64}$", description="letters of any script, digits, `_`, `-` and `.`")
]
ReaderName = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_-]{0,39}$",
        examples=["masked"],
        description="owner, restore, masked, blocked, or one that the policy names; of a named token without the scope "
        "restore, its profile counts instead",
    ),
]


Service = Annotated[
    ServiceClass, Field(description="`batch` stands back for persons, as `batch` tokens do", examples=["batch"])
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False)


class SettingsBody(_Body):
    """Settings to be changed, by name; `GET` lists them."""

    settings: dict[Name, bool | int | float | str] = Field(min_length=1, examples=[{"answer_tokens": 700}])


class LibraryBody(_Body):
    """A library to be made."""

    name: Name = Field(examples=["contracts"])
    embedder: Name | None = Field(None, description="model id; null takes the settings'")


class EmbedderBody(_Body):
    """The embedder a library is to be changed to."""

    model: Name = Field(examples=["multilingual-e5-small"])


class PathsBody(_Body):
    """Files and folders of this machine to be added."""

    paths: list[str] = Field(min_length=1, max_length=10_000, examples=[["/home/ada/lease.pdf"]])
    passwords: list[SecretStr] = Field(default_factory=list, max_length=100, description="tried on locked files")


class IdsBody(_Body):
    """Documents to be removed."""

    ids: list[Name] = Field(min_length=1, max_length=100_000)
    conversations: QuotesOf = Field("keep", description="what becomes of conversations that quote them")


class PageBody(_Body):
    """What is to be marked on a page, and how wide its picture is to be."""

    passage: Name | None = Field(None, description="id of a passage of the page; null marks nothing")
    quotes: list[Annotated[str, Field(max_length=100_000)]] = Field(
        default_factory=list, max_length=100, description="stretches of the page's text, marked in the passage's place"
    )
    width: int = Field(PAGE_WIDTH, ge=16, le=4_000, description="pixels")
    passwords: list[SecretStr] = Field(default_factory=list, max_length=100, description="tried on a locked file")


class QuotingBody(_Body):
    """Documents that conversations may quote."""

    ids: list[Name] = Field(max_length=100_000)


class ConversationBody(_Body):
    """What a person wants of a conversation; null leaves it as it is."""

    title: Annotated[str, Field(max_length=1_000)] | None = Field(None, examples=["Lease of the flat"])
    pinned: bool | None = Field(None, description="keep it at hand", examples=[True])


class FindBody(_Body):
    """What is looked for in conversations."""

    query: str = Field(max_length=1_000, examples=["deposit"])
    limit: int = Field(50, ge=1, le=1_000)


class NameBody(_Body):
    """A person, another value, or a token, that is to be erased."""

    name: Name


class ProtectionBody(_Body):
    """What is to keep the key of the pseudonyms."""

    by: Protection
    passphrase: SecretStr | None = Field(None, description="for `passphrase`; null keeps the one in use")


class FolderBody(_Body):
    """A folder of this machine."""

    folder: Text


class WatchBody(FolderBody):
    """A folder to be watched."""

    polling: bool | None = Field(None, description="look through it at intervals; null decides by its file system")


class ExportBody(_Body):
    """The file a library is to be written into."""

    path: Text
    paths: bool = Field(False, description="with the documents' whole paths, not their names alone")


class LibraryFileBody(_Body):
    """An exported library, a file of this machine."""

    path: Text
    name: Name | None = Field(None, description="null takes the name it was exported under")


class SearchBody(_Body):
    """A search."""

    query: Text = Field(examples=["term of the lease"])
    library: Name = DEFAULT_LIBRARY
    limit: int = Field(5, ge=1, le=100)
    document: str | None = Field(None, description="limits the search to one document: its name or id")
    reader: ReaderName = Reader.OWNER.value


class SamplingBody(_Body):
    """How the next token is chosen; what is absent takes the engine's default."""

    temperature: float = Field(Sampling().temperature, ge=0, le=2)
    top_p: float = Field(Sampling().top_p, gt=0, le=1)
    min_p: float = Field(Sampling().min_p, ge=0, le=1)
    seed: int = Field(Sampling().seed, ge=0, le=2**32 - 1)
    max_tokens: int = Field(Sampling().max_tokens, ge=1, le=131_072)
    stop: list[str] = Field(default_factory=list, max_length=16)
    top_k: int = Field(Sampling().top_k, ge=0, le=2**31 - 1, description="0 = all")
    repeat_penalty: float = Field(Sampling().repeat_penalty, gt=0, le=10, description="1 = off")
    presence_penalty: float = Field(Sampling().presence_penalty, ge=-2, le=2)
    frequency_penalty: float = Field(Sampling().frequency_penalty, ge=-2, le=2)
    dry_multiplier: float = Field(Sampling().dry_multiplier, ge=0, le=10, description="0 = off")
    dry_base: float = Field(Sampling().dry_base, ge=1, le=10)
    dry_allowed_length: int = Field(Sampling().dry_allowed_length, ge=1, le=1000)
    json_schema: str = Field("", max_length=100_000, description="JSON text; only in a chat")
    grammar: str = Field("", max_length=100_000, description="GBNF that the answer fits; only in a chat")
    grammar_after: str = Field("", max_length=200, description='the grammar holds from behind this on; "" = at once')
    logprobs: int | None = Field(None, ge=0, le=20, description="alternatives to each token; null = not asked for")
    speculative: bool = Field(
        Sampling().speculative,
        examples=[False],
        description="what the answer copies is checked many tokens at once; not with a grammar",
    )
    reproducible: bool = Field(
        Sampling().reproducible, description="the same text for the same prompt and seed, beside others too; slower"
    )

    def sampling(self) -> Sampling:
        """As the engine takes it."""
        return Sampling(**{**self.model_dump(), "stop": tuple(self.stop)})


class AdapterBody(_Body):
    """An installed LoRA adapter that the model is to answer with."""

    name: Name = Field(description="its model id", examples=["my-lora"])
    scale: float = Field(1.0, ge=-MOST_SCALE, le=MOST_SCALE, description="times what it changes; 0 = nothing")

    def use(self) -> AdapterUse:
        """As the engine takes it."""
        return AdapterUse(self.name, self.scale)


Adapters = Annotated[list[AdapterBody], Field(max_length=MOST_ADAPTERS, examples=[[{"name": "my-lora", "scale": 0.8}]])]


class AskBody(_Body):
    """A question."""

    question: Text = Field(examples=["How long is the term of the lease?"])
    library: Name | None = Field(DEFAULT_LIBRARY, description="null asks the model alone")
    model: str | None = None
    adapters: Adapters = Field(default_factory=list, description="LoRA adapters, for this answer alone")
    stream: bool = Field(True, description="server-sent events, or one JSON")
    document: str | None = Field(None, description="limits the answer to one document: its name or id")
    whole: bool | None = Field(
        None, description="read the whole document, where it fits; null does where it was read so before"
    )
    conversation_id: str | None = Field(None, description="null starts a conversation")
    instead_of: str | None = Field(None, description="a turn that this is another version of; it is kept")
    limit: int | None = Field(None, ge=1, le=50)
    reader: ReaderName = Reader.OWNER.value
    service: Service = "interactive"
    sampling: SamplingBody = Field(default_factory=lambda: SamplingBody.model_validate({}))

    def asked(self) -> Question:
        """As the engine takes it."""
        return Question(
            self.question,
            library=self.library,
            document=self.document,
            model=self.model or None,
            adapters=tuple(adapter.use() for adapter in self.adapters),
            conversation_id=self.conversation_id,
            instead_of=self.instead_of,
            reader=self.reader,
            service=self.service,
            sampling=self.sampling.sampling(),
            limit=self.limit,
            whole=self.whole,
        )


class ToolCallBody(_Body):
    """A call of a tool of the client's."""

    name: Name
    arguments: str = Field(max_length=1_000_000, description="JSON text")
    id: str = Field("", max_length=200)


class MessageBody(_Body):
    """One message of a chat."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = Field(max_length=1_000_000)
    tool_calls: list[ToolCallBody] = Field(default_factory=list, max_length=1_000)
    tool_call_id: str = Field("", max_length=200, description="of a tool's: which call it answers")

    def message(self) -> Message:
        """As the engine takes it."""
        calls = tuple(ToolCall(call.name, call.arguments, call.id) for call in self.tool_calls)
        return Message(self.role, self.content, calls, self.tool_call_id)


class ToolBody(_Body):
    """A tool that the model may ask to have called."""

    name: ToolName
    description: str = Field("", max_length=100_000)
    parameters: str = Field('{"type": "object"}', max_length=100_000, description="JSON schema as text")
    strict: bool = Field(False, description="refuse a schema that no grammar can keep")


class ChatBody(_Body):
    """A conversation that the client keeps, to be answered once."""

    messages: list[MessageBody] = Field(min_length=1, max_length=10_000)
    model: str | None = None
    adapters: Adapters = Field(default_factory=list, description="LoRA adapters, for this answer alone")
    reader: ReaderName = Reader.OWNER.value
    service: Service = "interactive"
    sampling: SamplingBody = Field(default_factory=lambda: SamplingBody.model_validate({}))
    tools: list[ToolBody] = Field(default_factory=list, max_length=MOST_TOOLS)
    tool_choice: ToolChoice = "auto"
    tool_name: str = Field("", max_length=64, description="with `required`: this one")
    parallel_tool_calls: bool | None = None
    raw: bool = Field(
        False, examples=[True], description="go on with the one message's text as it stands, without a chat template"
    )

    def asked(self) -> Chat:
        """As the engine takes it."""
        return Chat(
            tuple(message.message() for message in self.messages),
            model=self.model or None,
            adapters=tuple(adapter.use() for adapter in self.adapters),
            reader=self.reader,
            service=self.service,
            sampling=self.sampling.sampling(),
            tools=tuple(Tool(tool.name, tool.description, tool.parameters, tool.strict) for tool in self.tools),
            tool_choice=self.tool_choice,
            tool_name=self.tool_name,
            parallel_tool_calls=self.parallel_tool_calls,
            raw=self.raw,
        )


class PolicyBody(_Body):
    """What the home's policy file is to say of a library, as its section in TOML would."""

    library: str = Field("", max_length=200, description='"" = the home itself')
    policy: dict[str, Any] = Field(examples=[{"profile": "strict", "types": {"LOCATION": "pseudonymise"}}])


class PreviewBody(PolicyBody):
    """A section that is being thought about, and a text to try it on."""

    text: str = Field(max_length=100_000, examples=["Call Ada on +44 20 7946 0958."])
    direction: Name = Field("question", description="where the text would go: question, passage, tool, export, ...")


class AheadBody(_Body):
    """What is to change of reading ahead; null leaves it."""

    on: bool | None = None
    budget_mb: int | None = Field(None, ge=0, le=1_000_000, description="disk in MiB", examples=[4096])


class RedactBody(_Body):
    """A text to be screened, several of them, or a document of this machine: one of the three."""

    text: str | None = Field(None, max_length=10_000_000, examples=["Call Ada on +44 20 7946 0958."])
    texts: list[Annotated[str, Field(max_length=10_000_000)]] | None = Field(None, max_length=10_000)
    path: Text | None = Field(None, description="a document, read as it would be read into a library")
    passwords: list[SecretStr] = Field(default_factory=list, max_length=100, description="tried on a locked document")
    profile: Name | None = Field(None, description="by which policy; null takes the home's")

    @model_validator(mode="after")
    def one_of_them(self) -> RedactBody:
        """Refuse none and several."""
        if sum(given is not None for given in (self.text, self.texts, self.path)) != 1:
            raise PydanticCustomError("one_of_text_texts_path", "one of text, texts and path is needed")
        return self


class RevealBody(_Body):
    """A token of a turn."""

    token: Name = Field(examples=["<PERSON_1>"])


class ModelBody(_Body):
    """An installed chat model."""

    model: Name = Field(examples=["qwen2.5-coder-0.5b"])


class QuantizeBody(_Body):
    """A smaller model to be made."""

    model: Name = Field(examples=["qwen2.5-coder-1.5b"])
    to: Name = Field(description="the layout", examples=["q4_0"])
    name: Name | None = Field(None, description="id of the new model; null takes MODEL-LAYOUT")


class CompareBody(_Body):
    """Two models to be compared on a text."""

    model: Name
    other: Name
    text: Text | None = Field(None, description="a document of this machine; null takes the samples")
    tokens: int = Field(COMPARED_TOKENS, ge=2, le=1_000_000, description="of each text")


class FileBody(_Body):
    """A file of this machine."""

    path: Text


class TokenBody(_Body):
    """A named token to be made."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$", examples=["nightly"])
    scopes: list[Scope] = Field(min_length=1, max_length=10, examples=[["ingest", "search"]])
    expires_s: int | None = Field(None, ge=1, le=10 * 366 * 86400, description="seconds from now; null = never")
    profile: ReaderName | None = Field(None, description="null: `restore` with that scope, else `masked`")
    rate_per_minute: int | None = Field(None, ge=1, le=100_000, description="requests; null = no limit")
    concurrent: int | None = Field(None, ge=1, le=1000, description="requests at a time; null = 64")
    service: Service = "batch"
    roots: list[Text] = Field(default_factory=list, max_length=100, description="folders that its paths have to be in")
