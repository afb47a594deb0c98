"""Where an answer comes from: documents, pages, quoted text."""
