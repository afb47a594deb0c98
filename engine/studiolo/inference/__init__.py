"""Running a language model: one thread owns the model's context, everybody else asks it."""
