"""Keeping a process away from every network: the seal, and the proof that it holds."""
