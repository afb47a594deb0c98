"""The conversation: turns, the text of an answer, the composer."""
