"""Studiolo's engine: answers from your own documents, on your own CPU. Importing it loads no heavy library."""

from __future__ import annotations

__version__ = "0.1.0"
