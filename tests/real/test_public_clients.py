"""The public `openai` and `langchain-openai` packages, unmodified, against a served engine with real models."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import SecretStr
from tests.real.conftest import SMALL, open_study
from tests.served import TOKEN, Served, served

from studiolo.paths import Home

pytestmark = pytest.mark.real_model

SAMPLES = Path(__file__).resolve().parent.parent.parent / "assets" / "samples"
LEASE = "lease-alder-wharf.pdf"
QUESTION: list[Any] = [{"role": "user", "content": "How long is the term of the lease?"}]
PHONE = "13800138000"
COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "绿"]}, "count": {"type": "integer"}},
    "required": ["colour", "count"],
    "additionalProperties": False,
}
DIAL: Any = {
    "type": "function",
    "function": {
        "name": "dial",
        "description": "Calls a number.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"enum": [PHONE, "none"]}},
            "required": ["number"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, models_home: Home) -> Iterator[Served]:
    study = open_study(Home(tmp_path_factory.mktemp("clients") / "home"), models_home)
    try:
        list(study.engine.add([SAMPLES / LEASE], library="contracts"))
        study.engine.warm_up()
        study.engine.search("term", library="contracts")  # its threads begin here, not in a test
        with served(study.engine, study.home) as found:
            yield found
    finally:
        study.engine.close()


@pytest.fixture(scope="module")
def client(site: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=240) as found:
        yield found


def test_models(client: openai.OpenAI) -> None:
    listed = [model.id for model in client.models.list()]
    assert {SMALL, f"{SMALL}@contracts", "multilingual-e5-small"} <= set(listed)
    assert client.models.retrieve(f"{SMALL}@contracts").object == "model"


def test_a_chat_in_a_stream_is_the_same_as_whole(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": SMALL,
        "messages": [{"role": "user", "content": "Count from one to ten. 从一数到十。"}],
        "max_tokens": 12,
        "seed": 3,
        "extra_body": {"reproducible": True},
    }
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens > 0
    assert whole.choices[0].finish_reason == "length"


def test_several_answers_with_their_likelihoods(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=SMALL, messages=QUESTION, n=2, seed=1, temperature=1.5, max_tokens=6, logprobs=True, top_logprobs=2
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    for choice in answer.choices:
        assert choice.logprobs is not None
        assert choice.logprobs.content is not None
        assert "".join(entry.token for entry in choice.logprobs.content) == choice.message.content
        assert all(len(entry.top_logprobs) == 2 and entry.logprob <= 0 for entry in choice.logprobs.content)


def test_an_answer_ends_before_its_stop(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": SMALL, "messages": QUESTION, "max_tokens": 16}
    whole = client.chat.completions.create(**asked).choices[0].message.content or ""
    word = whole.split()[2]
    stopped = client.chat.completions.create(**asked, stop=[word]).choices[0]
    assert (stopped.message.content, stopped.finish_reason) == (whole[: whole.index(word)], "stop")


def test_json_that_fits_a_schema(client: openai.OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "found", "schema": COLOUR, "strict": True}}
    answer = client.chat.completions.create(
        model=SMALL,
        messages=[{"role": "user", "content": "Name a colour. 说一种颜色。"}],
        response_format=form,
        max_tokens=40,
    )
    found = json.loads(answer.choices[0].message.content or "")
    assert found["colour"] in ("red", "绿")
    assert isinstance(found["count"], int)


def test_a_tool_that_has_to_be_called(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": SMALL,
        "messages": [{"role": "user", "content": f"请拨打{PHONE}"}],
        "tools": [DIAL],
        "tool_choice": "required",
        "max_tokens": 40,
    }
    whole = client.chat.completions.create(**asked).choices[0]
    assert whole.finish_reason == "tool_calls"
    assert whole.message.tool_calls is not None
    function: Any = whole.message.tool_calls[0]
    assert function.function.name == "dial"
    assert json.loads(function.function.arguments)["number"] in (PHONE, "none")
    with client.chat.completions.stream(**asked) as stream:  # the client's own accumulator
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.name == "dial"


@pytest.mark.parametrize("stream", [False, True])
def test_a_library_answers_any_client_with_citations(site: Served, client: openai.OpenAI, stream: bool) -> None:
    way: dict[str, Any] = {"model": f"{SMALL}@contracts"} if stream else {"model": SMALL}
    more: dict[str, Any] = {} if stream else {"extra_body": {"library": "contracts"}}
    answer = client.chat.completions.create(**way, **more, messages=QUESTION, max_tokens=24, stream=stream)
    if stream:
        last = list(answer)[-1]
        extras, holder = last.model_extra or {}, last.choices[0].delta.model_extra or {}
        annotations = holder.get("annotations", [])
    else:
        extras = answer.model_extra or {}
        annotations = [item.model_dump() for item in answer.choices[0].message.annotations or []]
    assert len(annotations) == len(extras["citations"])
    for annotation, citation in zip(annotations, extras["citations"], strict=True):
        cited = annotation["url_citation"]
        assert cited["filename"] == citation["document"] == LEASE
        page = httpx.get(cited["url"], headers=site.auth, trust_env=False, timeout=60).json()
        assert page["png"]
        assert page["ranges"]
        assert "".join(citation["quote"].split()) in "".join(page["text"].split())


def test_a_text_is_gone_on_with(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model=SMALL, prompt=["One, two, three,", "一、二、三、"], max_tokens=5, logprobs=2
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all(choice.text for choice in answer.choices)
    assert answer.choices[0].logprobs is not None
    assert "".join(answer.choices[0].logprobs.tokens or []) == answer.choices[0].text
    chunks = list(client.completions.create(model=SMALL, prompt="One, two, three,", max_tokens=5, stream=True))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices)


def test_embeddings_are_of_unit_length_in_either_form(client: openai.OpenAI) -> None:
    texts = ["The term of the lease is twelve months.", "租期为十二个月。", "Bananas are yellow."]
    default = client.embeddings.create(model="multilingual-e5-small", input=texts)  # the client asks for base64
    plain = client.embeddings.create(model="multilingual-e5-small", input=texts, encoding_format="float")
    for one, other in zip(default.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert math.hypot(*one.embedding) == pytest.approx(1, abs=1e-4)
    english, chinese, other_text = (item.embedding for item in plain.data)
    assert _cosine(english, chinese) > _cosine(english, other_text)


def test_errors_are_the_client_s_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="none", messages=QUESTION)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=f"{SMALL}@none", messages=QUESTION, stream=True)
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="multilingual-e5-small", input=[[1, 2]])
    assert "check_embedding_ctx_length=False" in caught.value.message
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()


def test_a_retrieval_chain_of_langchain(site: Served) -> None:
    key, base = SecretStr(TOKEN), f"{site.url}/v1"
    embeddings = OpenAIEmbeddings(
        model="multilingual-e5-small", base_url=base, api_key=key, check_embedding_ctx_length=False, max_retries=0
    )
    store = InMemoryVectorStore(embeddings)
    store.add_documents(
        [
            Document("The term of the lease is twelve months.", metadata={"page": 1}),
            Document("月租金为三千元，每月一号支付。", metadata={"page": 2}),
            Document("Bananas are yellow and grow in the south.", metadata={"page": 3}),
        ]
    )
    assert [found.metadata["page"] for found in store.similarity_search("每个月的租金是多少？", k=1)] == [2]
    model = ChatOpenAI(model=SMALL, base_url=base, api_key=key, max_tokens=16, temperature=0, max_retries=0)  # type: ignore[call-arg]
    prompt = ChatPromptTemplate.from_template("Answer from this alone:\n{context}\n\nQuestion: {question}")
    chain = (
        {
            "context": store.as_retriever(search_kwargs={"k": 1})
            | (lambda found: "\n".join(document.page_content for document in found)),
            "question": RunnablePassthrough(),
        }
        | prompt
        | model
        | StrOutputParser()
    )
    question = "How long is the term of the lease?"
    whole = chain.invoke(question)
    assert whole.strip()
    assert "".join(chain.stream(question)).strip()
    assert len(chain.batch([question, "每个月的租金是多少？"])) == 2


def test_langchain_s_tools_and_structured_answers(site: Served) -> None:
    model = ChatOpenAI(model=SMALL, base_url=f"{site.url}/v1", api_key=SecretStr(TOKEN), max_tokens=40, max_retries=0)  # type: ignore[call-arg]
    called = model.bind_tools([DIAL], tool_choice="dial").invoke(f"Call {PHONE}")
    assert [call["name"] for call in called.tool_calls] == ["dial"]
    schema = {**COLOUR, "title": "found", "description": "A colour. 颜色。"}
    found = model.with_structured_output(schema, method="json_schema").invoke("Name a colour.")
    assert isinstance(found, dict)
    assert found["colour"] in ("red", "绿")
    streamed = list(model.stream("Count to three.", stream_usage=True))
    assert streamed[-1].usage_metadata is not None or any(chunk.usage_metadata for chunk in streamed)
    assert all("citations" not in chunk.content for chunk in streamed)


def test_langchain_s_older_completions(site: Served) -> None:
    model = OpenAI(model=SMALL, base_url=f"{site.url}/v1", api_key=SecretStr(TOKEN), max_tokens=5, max_retries=0)
    assert model.invoke("One, two, three,")
    assert "".join(model.stream("一、二、三、"))


def _cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
