"""Choosing, getting and removing models."""
