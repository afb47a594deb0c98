"""Between the engine and the window's models: its process, calls off the main thread, streams of events."""
