"""A library as a picture: its passages as points."""
