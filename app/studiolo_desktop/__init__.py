"""The desktop window of Studiolo: a client of the engine, in a process of its own."""
