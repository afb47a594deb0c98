"""Switching off what libraries do by themselves: asking their hub for files, counting their users.

By the environment, so before any of them is imported; what we start inherits it. ONNX Runtime's Linux builds do report
(to mobile.events.data.microsoft.com) unless they are told not to.
"""

from __future__ import annotations

from collections.abc import MutableMapping

OFF: dict[str, str] = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "DISABLE_TELEMETRY": "1",  # huggingface_hub reads these two as well, and others only them
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",  # OpenTelemetry, which LanceDB and FastAPI would report through
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "TOKENIZERS_PARALLELISM": "false",  # reports nothing; it would warn when we start a process
}


def switch_off(environ: MutableMapping[str, str]) -> None:
    """Set what keeps the libraries at home."""
    for name, value in OFF.items():
        if environ.get(name) != value:
            environ[name] = value
