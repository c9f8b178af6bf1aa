"""From findings to a write-up: sections, in English or Russian, as a document for every format to lay out."""
