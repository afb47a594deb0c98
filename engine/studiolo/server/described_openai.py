"""What the OpenAI-compatible routes answer, with examples: a table for `described`. Made when it is asked for."""

from __future__ import annotations

from typing import Any

from studiolo import wire
from studiolo.errors import Code
from studiolo.server import answers_openai as answers
from studiolo.server.described import Says, Table
from studiolo.server.described_native import ANSWER_CODES, EMBEDDER_CODES

_MODEL = "qwen2.5-coder-1.5b"
_EVENTS = "text/event-stream"
_USAGE = {
    "prompt_tokens": 412, "completion_tokens": 9, "total_tokens": 421, "prompt_tokens_details": {"cached_tokens": 380},
}  # fmt: skip
_EXTRAS = {
    "citations": [
        {"document": "lease.pdf", "page": 3, "quote": "The term of the lease is twelve months.", "verified": True}
    ],
    "redactions": [{"type": "PERSON", "count": 1}],
    "timings": {"retrieve_s": 0.05, "load_s": 0.0, "first_token_s": 0.7, "total_s": 2.4},
}
_CITED = {
    "type": "url_citation",
    "url_citation": {
        "start_index": 26,
        "end_index": 29,
        "title": "lease.pdf, iii",
        "url": "http://127.0.0.1:8642/api/libraries/contracts/documents/5f2b7c0e9a1d4e83/pages/3?passage=8c1d0f6e2b7a4935",
        "file_id": "5f2b7c0e9a1d4e83",
        "filename": "lease.pdf",
        "page": 3,
        "quote": "The term of the lease is twelve months.",
        "verified": True,
    },
}


def openai_table() -> Table:
    """All OpenAI-compatible routes."""
    model = {"id": f"{_MODEL}@contracts", "object": "model", "created": 0, "owned_by": "studiolo"}
    codes = (Code.UNKNOWN_LIBRARY, *ANSWER_CODES)
    question = [{"role": "user", "content": "How long is the term?"}]
    embedded = {"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return {
        ("GET", "/v1/models"): Says(answers.ModelEntries, {"object": "list", "data": [model]}),
        ("GET", "/v1/models/{model_id}"): Says(answers.ModelEntry, model, (Code.UNKNOWN_MODEL,)),
        ("POST", "/v1/chat/completions"): Says(
            answers.ChatCompletion,
            _completion(),
            codes,
            other={_EVENTS: _stream()},
            body={"model": f"{_MODEL}@contracts", "messages": question, "service": "interactive"},
        ),
        ("POST", "/v1/completions"): Says(
            answers.TextCompletion,
            _text_completion(),
            codes,
            other={_EVENTS: _stream(text=True)},
            body={"model": _MODEL, "prompt": "The term of the lease is", "max_tokens": 8, "service": "batch"},
        ),
        ("POST", "/v1/embeddings"): Says(
            answers.Embeddings,
            {"object": "list", "data": [embedded], "model": "multilingual-e5-small", "usage": usage},
            EMBEDDER_CODES,
            body={"model": "multilingual-e5-small", "input": ["The term of the lease", "租期"]},
        ),
    }


def _base(kind: str, prefix: str) -> dict[str, Any]:
    return {"id": f"{prefix}-71c5e0a89d324b6f", "object": kind, "created": 1_767_225_600, "model": _MODEL}


def _completion() -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": "The term is twelve months [1].",
        "refusal": None,
        "annotations": [_CITED],
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_base("chat.completion", "chatcmpl"), "choices": [choice], "usage": _USAGE, **_EXTRAS}


def _text_completion() -> dict[str, Any]:
    choice = {"index": 0, "text": " twelve months.", "finish_reason": "stop", "logprobs": None}
    extras = {**_EXTRAS, "citations": []}
    return {**_base("text_completion", "cmpl"), "choices": [choice], "usage": _USAGE, **extras}


def _stream(*, text: bool = False) -> str:
    choice: dict[str, Any] = {"index": 0, "finish_reason": None, "logprobs": None}
    said = {"text": " twelve"} if text else {"delta": {"content": "The term"}}
    base = _base("text_completion", "cmpl") if text else _base("chat.completion.chunk", "chatcmpl")
    return f"data: {wire.dumps({**base, 'choices': [{**choice, **said}]})}\n\ndata: [DONE]\n\n"
