"""The request bodies of the OpenAI-compatible API, and what is refused because it would silently be something else."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from studiolo.errors import Code, UserError
from studiolo.inference.logprobs import MOST_ALTERNATIVES
from studiolo.server.bodies import MOST_TOOLS, Adapters, Service, ToolName
from studiolo.types import AdapterUse, Chat, Message, Question, Reader, Sampling, Tool, ToolCall, ToolChoice

ANY_OBJECT = '{"type": "object"}'
MOST_CHOICES = 8
SERVICE_SAYS = "class of service: `batch` stands back for persons; not a field of OpenAI's"
_AS_SENT = (  # fields of a request that the engine knows by the same name and in the same range
    "temperature",
    "top_p",
    "min_p",
    "top_k",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "dry_multiplier",
    "dry_base",
    "dry_allowed_length",
    "reproducible",
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow")


class TextPart(_Body):
    """A piece of a message. Only text is read."""

    type: str
    text: str = ""


class FunctionCall(_Body):
    """What a tool was called with; `arguments` is JSON text."""

    name: str
    arguments: str = ""


class CalledTool(_Body):
    """A call of a tool of the client's, as an earlier answer asked for it."""

    id: str = Field("", max_length=200)
    function: FunctionCall


class FunctionTool(_Body):
    """A tool's name, what it is for, and the JSON schema of its arguments."""

    name: ToolName
    description: str | None = Field(None, max_length=100_000)
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class OfferedTool(_Body):
    """A tool that the model may ask to have called."""

    type: Literal["function"]
    function: FunctionTool

    def tool(self) -> Tool:
        """As the engine takes it."""
        function = self.function
        parameters = json.dumps(function.parameters or json.loads(ANY_OBJECT), ensure_ascii=False)
        return Tool(function.name, function.description or "", parameters, strict=bool(function.strict))


class NamedFunction(_Body):
    """A function by its name."""

    name: str


class NamedTool(_Body):
    """The tool that has to be called."""

    type: Literal["function"]
    function: NamedFunction


class ChatMessage(_Body):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None
    tool_calls: list[CalledTool] | None = None
    tool_call_id: str | None = Field(None, max_length=200)
    function_call: FunctionCall | None = None

    def text(self) -> str:
        """Its text. Raises UserError(bad_request) on pictures, sound and files."""
        if isinstance(self.content, list):
            if any(part.type != "text" for part in self.content):
                raise unsupported("messages", "only text parts are supported")
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(_Body):
    """What a stream carries beside the text."""

    include_usage: bool = False


class SampledBody(_Body):
    """What a request for text says of how it is written. `library` and `service` are ours."""

    model: str = Field("", max_length=400, examples=["qwen2.5-coder-1.5b@contracts"])
    library: str | None = Field(None, max_length=200, description="answer from this library's documents")
    service: Service = Field("interactive", description=SERVICE_SAYS)
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    min_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=0, le=2**31 - 1)
    seed: int | None = None
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    repeat_penalty: float | None = Field(None, gt=0, le=10)
    dry_multiplier: float | None = Field(None, ge=0, le=10)
    dry_base: float | None = Field(None, ge=1, le=10)
    dry_allowed_length: int | None = Field(None, ge=1, le=1000)
    reproducible: bool | None = Field(None, description="the same text for the same prompt and seed; slower")
    max_tokens: int | None = Field(None, ge=1, le=131_072)
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None

    def target(self) -> tuple[str | None, str | None]:
        """Model (None = the default) and library (None = no documents)."""
        model, at, library = self.model.partition("@")
        return model or None, self.library or (library if at and library else None)

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with what it cost."""
        return self.stream_options is not None and self.stream_options.include_usage

    def given(self, *, choice: int) -> dict[str, Any]:
        """The fields of Sampling that were sent; each choice has the next seed."""
        given = {name: value for name in _AS_SENT if (value := getattr(self, name)) is not None}
        given["seed"] = ((self.seed or 0) + choice) % 2**32
        if self.max_tokens:
            given["max_tokens"] = self.max_tokens
        given["stop"] = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return given


class CompletionBody(SampledBody):
    """A chat completion request."""

    messages: list[ChatMessage] = Field(
        min_length=1, max_length=10_000, examples=[[{"role": "user", "content": "How long is the term?"}]]
    )
    max_completion_tokens: int | None = Field(None, ge=1, le=131_072)
    n: int | None = Field(None, ge=1, le=MOST_CHOICES, description="answers; each has the next seed")
    logprobs: bool | None = Field(
        None,
        description="How likely each token of the shown text was, by the model alone, before samplers. A stretch that "
        "the filter restored or masked is one entry: the text as shown, the probability of all its tokens together, "
        "no alternatives; in a stream, entries from the first such stretch on come before the end. Not with tools.",
    )
    top_logprobs: int | None = Field(None, ge=0, le=MOST_ALTERNATIVES, description="alternatives to each token")
    tools: list[OfferedTool] | None = Field(None, max_length=MOST_TOOLS)
    tool_choice: ToolChoice | NamedTool | None = Field(None, description="a required call is forced by a grammar")
    parallel_tool_calls: bool | None = Field(
        None, description="false: the answer ends with its first call; where a call is required, only true allows more"
    )
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    grammar: str | None = Field(None, max_length=100_000, description="GBNF, as llama.cpp takes it")
    adapters: Adapters | None = Field(None, description="LoRA adapters to answer with; not a field of OpenAI's")

    @property
    def choices(self) -> int:
        """How many answers are wanted."""
        return self.n or 1

    def check(self) -> None:
        """Refuse what would silently be something else. Raises UserError(bad_request)."""
        if self.functions:
            raise unsupported("functions", "not supported; tools are")
        if self.top_logprobs and not self.logprobs:
            raise unsupported("top_logprobs", "only supported with logprobs")
        schema = self.schema_text()
        if self.target()[1] is None:
            return
        only_chats = {
            "response_format": schema,
            "n": self.choices > 1,
            "logprobs": self.logprobs,
            "tools": self.tools,
            "grammar": self.grammar,
        }
        for name, given in only_chats.items():
            if given:
                raise unsupported(name, "not supported where a library answers")

    def schema_text(self) -> str:
        """The JSON schema that the answer must fit, "" for text. Raises UserError(bad_request)."""
        match self.response_format or {"type": "text"}:
            case {"type": "text"}:
                return ""
            case {"type": "json_object"}:
                return ANY_OBJECT
            case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
                return json.dumps(schema)
            case _:
                raise unsupported("response_format", "text, json_object or json_schema with its schema is needed")

    def sampling(self, *, choice: int = 0) -> Sampling:
        """As the engine takes it; what is absent takes the engine's default. Each choice has the next seed."""
        given = self.given(choice=choice)
        if self.logprobs:
            given["logprobs"] = self.top_logprobs or 0
        if self.max_completion_tokens:
            given["max_tokens"] = self.max_completion_tokens
        return Sampling(**given, json_schema=self.schema_text(), grammar=self.grammar or "")

    def question(self, library: str) -> Question:
        """The last user message, asked of a library."""
        asked = next((message for message in reversed(self.messages) if message.role == "user"), None)
        if asked is None:
            raise unsupported("messages", "a user message is needed")
        return Question(
            asked.text(),
            library=library,
            model=self.target()[0],
            reader=Reader.OWNER,
            service=self.service,
            sampling=self.sampling(),
            adapters=self._adapters(),
        )

    def chat(self, *, choice: int = 0) -> Chat:
        """The conversation as it stands."""
        named = self.tool_choice.function.name if isinstance(self.tool_choice, NamedTool) else ""
        how: ToolChoice = "required" if isinstance(self.tool_choice, NamedTool) else self.tool_choice or "auto"
        return Chat(
            tuple(_message(message) for message in self.messages),
            model=self.target()[0],
            reader=Reader.OWNER,
            service=self.service,
            sampling=self.sampling(choice=choice),
            tools=tuple(tool.tool() for tool in self.tools or ()),
            tool_choice=how,
            tool_name=named,
            parallel_tool_calls=self.parallel_tool_calls,
            adapters=self._adapters(),
        )

    def _adapters(self) -> tuple[AdapterUse, ...]:
        return tuple(adapter.use() for adapter in self.adapters or ())


class EmbeddingsBody(_Body):
    """An embeddings request."""

    input: str | list[str] | list[int] | list[list[int]] = Field(
        description="texts; token ids are refused (langchain: check_embedding_ctx_length=False sends text)",
        examples=[["The term of the lease is twelve months.", "租期为十二个月。"]],
    )
    model: str = Field("", max_length=400, examples=["multilingual-e5-small"])
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None

    def texts(self) -> list[str]:
        """The texts. Raises UserError(bad_request) on token ids, which only the client's tokenizer could explain."""
        texts = [self.input] if isinstance(self.input, str) else list(self.input)
        if not texts or len(texts) > 2048:
            raise unsupported("input", "from 1 to 2048 texts are needed")
        if not all(isinstance(text, str) for text in texts):
            raise unsupported(
                "input", "token ids are not supported, send text (langchain: check_embedding_ctx_length=False)"
            )
        return [text for text in texts if isinstance(text, str)]


def unsupported(name: str, problem: str) -> UserError:
    """A field that is refused, with the reason in words."""
    return UserError(Code.BAD_REQUEST, field=name, problem=problem)


def _message(message: ChatMessage) -> Message:
    match message.role:
        case "system" | "developer":
            return Message("system", message.text())
        case "user":
            return Message("user", message.text())
        case "assistant":
            calls = [
                ToolCall(call.function.name, call.function.arguments, call.id) for call in message.tool_calls or ()
            ]
            if message.function_call:
                calls.append(ToolCall(message.function_call.name, message.function_call.arguments))
            return Message("assistant", message.text(), tuple(calls))
        case _:
            return Message("tool", message.text(), tool_call_id=message.tool_call_id or "")
