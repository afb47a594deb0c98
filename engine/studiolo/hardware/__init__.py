"""What this machine has beside its processor: memory, where its power comes from, who else is at work. Reads only."""
