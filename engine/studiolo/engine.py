"""The engine as its clients see it: one method for each thing a person can ask for.

LocalEngine (`studiolo.local`) does the work in this process; RemoteEngine (`studiolo.client.remote`) asks a running
engine over HTTP. Both pass the same contract tests. All methods may be called from any thread; streams are read by
one thread. Errors are `studiolo.errors.StudioloError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.types import (
    COMPARED_TOKENS,
    PAGE_WIDTH,
    AheadStatus,
    AuditRecord,
    AuditReport,
    Chat,
    Check,
    Conversation,
    ConversationExport,
    ConversationFound,
    Document,
    DocumentReport,
    Embedded,
    EngineStatus,
    Hit,
    Integrity,
    Library,
    LibraryMap,
    Model,
    ModelFit,
    PageView,
    Passage,
    PolicyPreview,
    PolicyView,
    Protection,
    Pseudonym,
    Question,
    QuotesOf,
    Redacted,
    Revealed,
    Screening,
    Seen,
    Setting,
    SettingValue,
    Statistics,
    Turn,
    Watched,
)


class Engine(Protocol):
    """Everything a client can ask for."""

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        ...

    def doctor(self) -> list[Check]:
        """What works on this machine and what does not."""
        ...

    def settings(self) -> list[Setting]:
        """The settings of the home: all of them, with their defaults and bounds."""
        ...

    def change_settings(self, changes: Mapping[str, SettingValue]) -> list[Setting]:
        """Set some settings; what they then are. They count at once, of a loaded model from the next answer on.

        Raises UserError: bad_request, naming the first that does not fit (then none is changed); unknown_model,
        model_kind.
        """
        ...

    def ahead(self) -> AheadStatus:
        """How far reading ahead is, and what it takes."""
        ...

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        """Pause it or go on, or give it another budget on disk (what is over it is dropped); the settings keep it.

        Raises UserError(bad_request).
        """
        ...

    # knowledge
    def libraries(self) -> list[Library]:
        """All libraries; `default` always exists."""
        ...

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name, whatever its embedder.

        `embedder` None = the settings'. Raises UserError: bad_request (no name), unknown_model, model_kind.
        """
        ...

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents and what conversations quote of them. Raises unknown_library."""
        ...

    def statistics(self, library: str = ...) -> Statistics:
        """What a library holds and takes up. Raises UserError(unknown_library)."""
        ...

    def library_map(self, library: str = ...) -> LibraryMap:
        """A library's passages as points, near ones about similar things; of many an even sample.

        The same library gives the same map. Raises UserError(unknown_library).
        """
        ...

    def check(self, library: str = ...) -> Integrity:
        """Compare what was taken in with what can be found, and repair it. Raises UserError(unknown_library).

        Documents whose text was lost are read again and missing vectors made in the background: as long as that takes,
        `status().reading` is true.
        """
        ...

    def change_embedder(self, library: str, embedder: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Embed a library anew by another model; search keeps working meanwhile, cancelling leaves all as it was.

        Progress (stage "embed", in passages), then Finished. Raises UserError: unknown_library, unknown_model.
        """
        ...

    def export_library(
        self, library: str, path: Path, *, paths: bool = False, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Write a library with its texts and vectors into one file, which is there whole or not at all.

        `paths`: with the documents' whole paths, not their names alone. Progress (stage "write", in passages), then
        Finished. Raises UserError(unknown_library).
        """
        ...

    def import_library(
        self, path: Path, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Take a library from a file that `export_library` wrote, under its own name or `name`."""
        ...

    def watch(self, library: str, folder: Path, *, polling: bool | None = None) -> None:
        """Keep a library in step with a folder, while an engine stays; `polling` None: as its file system needs it.

        Raises UserError: unknown_library, file_missing, bad_request.
        """
        ...

    def unwatch(self, library: str, folder: Path) -> None:
        """Watch a folder no more; its documents stay. Raises UserError: unknown_library, bad_request."""
        ...

    def watched(self, library: str = ...) -> list[Watched]:
        """The folders that a library is kept in step with. Raises UserError(unknown_library)."""
        ...

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = ...,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        """Add files (folders are walked) to a library, made if need be; locked files are tried with `passwords`.

        Progress, Tally and one FileDone a file, then Finished. A file that fails does not stop the others.
        """
        ...

    def documents(self, library: str = ...) -> list[Document]:
        """The documents of a library, by name."""
        ...

    def document(self, document_id: str, *, library: str = ...) -> Document:
        """One document by its id. Raises UserError: unknown_library, unknown_document."""
        ...

    def document_passages(self, document_id: str, *, library: str = ...) -> list[Passage]:
        """A document's passages in order. Raises UserError: unknown_library, unknown_document."""
        ...

    def page(
        self,
        document_id: str,
        page: int,
        *,
        library: str = ...,
        passage: str | None = None,
        quotes: Sequence[str] = (),
        width: int = PAGE_WIDTH,
        passwords: Sequence[str] = (),
    ) -> PageView:
        """A page of a document to be looked at, for the owner: raw text, and the picture, `width` pixels wide.

        `page` from 1, or 0 where the format has no pages. `passage` (an id) is marked, or `quotes` of it; `passwords`
        are tried on a locked file. Raises UserError: unknown_library, unknown_document; bad_request (problem
        no_such_page, not_on_this_page).
        """
        ...

    def document_report(self, document_id: str, *, library: str = ...) -> DocumentReport:
        """What the filter has found in a document: types, counts, pages. Raises as `document`, and bad_policy."""
        ...

    def remove_document(self, document_id: str, *, library: str = ..., conversations: QuotesOf = "keep") -> None:
        """Remove a document: see `remove_documents`."""
        ...

    def remove_documents(
        self, document_ids: Sequence[str], *, library: str = ..., conversations: QuotesOf = "keep"
    ) -> None:
        """Remove documents, their text, and what conversations quote of them; several cost little more than one.

        `conversations`: "keep" keeps the turns that quote them, without quotes, sources and prompts; "remove" removes
        these turns, and conversations that have none left. Raises UserError(unknown_document), and then removes none.
        """
        ...

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        """The conversations whose turns rest on any of the documents, the latest first."""
        ...

    def search(
        self,
        query: str,
        *,
        library: str = ...,
        limit: int = 5,
        document: str | None = None,
        reader: str = ...,
    ) -> list[Hit]:
        """The passages that fit best, best first, as `reader` may see them: the owner as they are."""
        ...

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        """One unit-length vector a text, and what they cost in tokens."""
        ...

    # conversation
    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a question; the turn is stored. See `studiolo.events` for the order of events.

        It follows the branch that is shown, or stands `instead_of` another turn of its conversation, which is kept.

        Raises UserError before the first event: bad_request, unknown_library, unknown_document, unknown_model,
        model_missing, model_kind; unknown_adapter, adapter_misfit, damaged_model of its adapters.
        """
        ...

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a conversation that the client keeps; nothing is stored. Raises as `ask` does."""
        ...

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        ...

    def turns(self, conversation_id: str) -> list[Turn]:
        """The turns of the branch of a conversation that is shown, in order. Raises UserError(unknown_conversation)."""
        ...

    def change_conversation(
        self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> Conversation:
        """Rename a conversation, or pin it; None leaves it as it is. In a title, the policy's direction `title` counts.

        Raises UserError: unknown_conversation, bad_request (an empty title); PolicyBlock.
        """
        ...

    def find_conversations(self, query: str, *, limit: int = 50) -> list[ConversationFound]:
        """The conversations whose title or one turn of which holds all words of `query`, the latest first; the owner's.

        Raises UserError(bad_request) where there is nothing to look for.
        """
        ...

    def export_conversation(self, conversation_id: str) -> ConversationExport:
        """A conversation to be written out, screened by the policy's direction `export`; the audit log notes it.

        Raises UserError(unknown_conversation), PolicyBlock(blocked_by_policy).
        """
        ...

    def show_turn(self, turn_id: str) -> None:
        """Show the branch of its conversation that a turn is in, from now on. Raises UserError(bad_request)."""
        ...

    def remove_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns. Raises UserError(unknown_conversation)."""
        ...

    def model_saw(self, turn_id: str) -> str:
        """The screened prompt of a turn as the model read it, with pseudonyms. Raises UserError(bad_request)."""
        ...

    def seen(self, turn_id: str) -> Seen:
        """The same in the parts it was put together of. Raises UserError(bad_request)."""
        ...

    def reveal(self, turn_id: str, token: str) -> Revealed:
        """The value of one token that the model read or wrote in a turn, for the owner; the audit log notes it.

        Raises UserError(bad_request) where the turn holds no such token.
        """
        ...

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        """A stored turn as the owner reads it and as the model saw it, with what stands where the two differ.

        `prompt`: with the text that the model read, too. Raises UserError(bad_request) where there is no such turn.
        """
        ...

    # privacy
    def policy(self, library: str = ...) -> PolicyView:
        """The privacy policy of a library, or ("") the home's. Raises UserError: unknown_library, bad_policy."""
        ...

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        """Put `section` in place of what the home's policy file says of a library ("": of the home); {} removes it.

        It counts at once; what documents hold is counted anew in the background. Raises UserError: unknown_library,
        bad_policy (and then nothing is changed), bad_request.
        """
        ...

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = ...
    ) -> PolicyPreview:
        """What `text` would become on its way in `direction` if `section` were set; nothing is changed or recorded.

        What only the library's table knows is not looked for. Raises what `set_policy` does, and filter_failed.
        """
        ...

    def load_policy(self) -> PolicyView:
        """Read the home's policy file again, as after it was edited. Raises UserError(bad_policy)."""
        ...

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        """Records of the audit log in order: the last `limit` (`before` a number), or the first `limit` `after` one."""
        ...

    def verify_audit(self) -> AuditReport:
        """Whether the audit log is what was written; as long as reading all of it takes."""
        ...

    def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by `<TYPE>` masks, and where it stood.

        `profile`: by which policy ("balanced", "open", "strict"); None = the home's. Raises UserError(bad_request).
        """
        ...

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        ...

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> Redacted:
        """The same for what a document says, as it would be read into a library; nothing is stored.

        Raises UserError as adding the file would.
        """
        ...

    def pseudonyms(self, library: str = ..., *, reveal: bool = False) -> list[Pseudonym]:
        """The tokens of a library, with their values only where `reveal` asks for them, which the audit log notes.

        Raises unknown_library.
        """
        ...

    def forget_person(self, library: str, name: str) -> int:
        """Erase one person with all forms of the name, or any other value; `name` may be a token. How many tokens.

        Stored answers then keep the token for good. Raises UserError: unknown_library; bad_request (problem ambiguous)
        where the name fits several people and is nobody's whole name.
        """
        ...

    def forget_pseudonyms(self, library: str | None = None) -> int:
        """Erase all pseudonyms of a library, or (None) of all libraries and conversations; how many tokens."""
        ...

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Keep the table's key another way from now on, or under another passphrase.

        Raises EnvironmentFault: passphrase_needed, keyring_missing; nothing is changed then.
        """
        ...

    # models
    def models(self) -> list[Model]:
        """The catalogue, and what was imported beside it."""
        ...

    def model_fits(self) -> list[ModelFit]:
        """How each chat model would do on this machine: memory needed and free, speed as measured or expected."""
        ...

    def calibrate_model(self, model_id: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Measure how an installed chat model runs fastest here; its next load uses what was found.

        Progress (stage "calibrate", trials made), then Finished. What was measured while others kept the machine busy
        is not kept: `model_fits` tells. Raises UserError: unknown_model, model_missing, model_kind, damaged_model;
        EnvironmentFault(not_enough_memory).
        """
        ...

    def import_model(self, path: Path) -> Model:
        """Take a model file from this machine. Raises UserError(damaged_model, file_missing)."""
        ...

    def quantize_model(
        self, model_id: str, target: str, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Make a smaller model of an installed chat model, in a layout such as "q4_k_m".

        Progress (stage "quantize", bytes written; item: the new model's id), then Finished. Cancelling leaves nothing.
        Raises UserError: unknown_model, model_missing, model_kind, model_exists, bad_request, damaged_model.
        """
        ...

    def compare_models(
        self,
        model_id: str,
        other_id: str,
        *,
        text: Path | None = None,
        tokens: int = COMPARED_TOKENS,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """Measure what a chat model loses and gains against another, on a document's text or on the samples.

        Of each text `tokens` tokens are read. Progress (stage "compare", in tokens), Compared, then Finished.
        Raises UserError: unknown_model, model_missing, model_kind, damaged_model, bad_request; what cannot be read, or
        for which there is not enough memory, may come as Failed.
        """
        ...

    def remove_model(self, model_id: str) -> None:
        """Remove a model's files, and what it has read ahead. Raises UserError(unknown_model, model_missing).

        Answers that are being written with an adapter are finished with it.
        """
        ...

    def close(self) -> None:
        """Finish what runs, and let go of the home (or of the connection)."""
        ...
