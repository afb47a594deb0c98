"""A page of a document to be looked at, and what is known of the document."""
