"""Two graphs: one indexes documents, one answers from them."""
