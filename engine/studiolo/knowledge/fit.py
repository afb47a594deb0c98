"""placeholder"""
from __future__ import annotations
from studiolo.types import Hit
def graded(query, chosen):
    return [Hit(passage=p, score=min(max(s, 0.0), 1.0)) for p, s in chosen]
