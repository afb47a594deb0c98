"""What is hidden from the model, from whom, and the proof of it."""
