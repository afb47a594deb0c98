"""Builds small, real wheels, and a catalogue whose models are in them."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any


def build(folder: Path, name: str, version: str, files: dict[str, bytes], *, tag: str = "py3-none-any") -> Path:
    """A wheel that the package client accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Requires-Dist: not-wanted", ""]
        ).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in content.items()
    ]
    content[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]).encode()
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in content.items():
            archive.writestr(member, data)
    return path


def model(model_id: str, data: bytes, sources: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A catalogue entry with one file."""
    return {
        "id": model_id,
        "kind": "chat",
        "title": model_id,
        "licence": "MIT",
        "licence_url": "https://opensource.org/license/mit",
        "languages": ["en", "zh"],
        "memory_bytes": 1000,
        "context_tokens": 512,
        "files": [
            {
                "name": f"{model_id}.gguf",
                "size_bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "sources": sources,
            }
        ],
        **more,
    }


def write_catalogue(path: Path, *models: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"format": 1, "models": list(models)}), encoding="utf-8")
    return path
