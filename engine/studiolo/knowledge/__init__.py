"""What the person's documents say: parsing, passages, vectors, storing and finding. Knows no model that writes."""
