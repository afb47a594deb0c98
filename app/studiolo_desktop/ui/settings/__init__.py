"""The settings, and what opens from them."""
