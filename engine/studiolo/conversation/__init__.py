"""Where knowledge, privacy and inference meet: turns, prompts, citations, history."""
