"""Faces of the records beside strace's text: a file a format. Reporters never collect."""
