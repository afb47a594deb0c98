"""Pulling a model, for front ends: another process does it, because the engine has no network."""

from __future__ import annotations

from studiolo.models.pull_client import pull_process

__all__ = ["pull_process"]
