"""Widgets. They read models, call their actions, and never see a thread or the engine."""
