"""What the window shows and can do, as observable state without a widget. All of it lives on the main thread."""
