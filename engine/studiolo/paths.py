"""Where the program keeps things: one folder, the home, moved by STUDIOLO_HOME. Creates nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds everything the program writes; each property is one place in it."""

    root: Path

    @property
    def format_file(self) -> Path:
        """Format version of the home as a whole."""
        return self.root / "format.json"

    @property
    def settings_file(self) -> Path:
        """The person's settings (JSON)."""
        return self.root / "settings.json"

    @property
    def drafts_file(self) -> Path:
        """What is being written in the window, by conversation (JSON)."""
        return self.root / "drafts.json"

    @property
    def policy_file(self) -> Path:
        """The person's privacy policy (TOML); where there is none, the shipped default counts."""
        return self.root / "privacy.toml"

    @property
    def models(self) -> Path:
        """Model files: `models/<id>/...`; unfinished pulls under `models/.partial/<id>/`."""
        return self.root / "models"

    @property
    def knowledge_db(self) -> Path:
        """Libraries and documents (SQLite)."""
        return self.root / "knowledge.db"

    @property
    def lance(self) -> Path:
        """Passages and vectors (LanceDB), one table a library."""
        return self.root / "lance"

    @property
    def history_db(self) -> Path:
        """Conversations (SQLite)."""
        return self.root / "history.db"

    @property
    def pseudonyms_db(self) -> Path:
        """Pseudonym tables (SQLite)."""
        return self.root / "pseudonyms.db"

    @property
    def audit(self) -> Path:
        """The audit log: a folder of JSON lines."""
        return self.root / "audit"

    @property
    def audit_key(self) -> Path:
        """What the audit's anchors are sealed with, mode 0600."""
        return self.root / "audit.key"

    @property
    def audit_anchor(self) -> Path:
        """How far the audit log has come, outside it; history.db holds the same."""
        return self.root / "audit.anchor"

    @property
    def pseudonyms_key(self) -> Path:
        """Where the key of the pseudonym tables stands (its name goes on) on a machine with nothing better."""
        return self.root / "pseudonyms.key"

    @property
    def run(self) -> Path:
        """State of the running engine: engine.json, owner.token, home.lock."""
        return self.root / "run"

    @property
    def engine_file(self) -> Path:
        """`{url, pid, token_file}` of the running engine."""
        return self.run / "engine.json"

    @property
    def token_file(self) -> Path:
        """The owner's bearer token, mode 0600."""
        return self.run / "owner.token"

    @property
    def tokens_file(self) -> Path:
        """Named tokens of the API (JSON, their digests alone), mode 0600."""
        return self.root / "tokens.json"

    @property
    def tls(self) -> Path:
        """The certificate made for an address that others can reach, and its key (0600)."""
        return self.root / "tls"

    @property
    def lock_file(self) -> Path:
        """Held by the one process that has this home open."""
        return self.run / "home.lock"

    @property
    def uploads(self) -> Path:
        """Files received over HTTP, kept as the documents' originals."""
        return self.root / "uploads"

    @property
    def cache(self) -> Path:
        """What can be made again: an embedder's compiled form and which one is the fastest here."""
        return self.root / "cache"

    @property
    def readings(self) -> Path:
        """What the chat models made of texts they read ahead, within a budget; can be made again."""
        return self.root / "readings"

    @property
    def logs(self) -> Path:
        """Log files, without user text."""
        return self.root / "logs"


def home_from(environ: Mapping[str, str]) -> Home:
    """The home that the environment names, or the platform's data folder for this user."""
    named = environ.get("STUDIOLO_HOME")
    if named:
        return Home(Path(named).expanduser().absolute())
    import platformdirs

    return Home(Path(platformdirs.user_data_dir("studiolo", appauthor=False)))
