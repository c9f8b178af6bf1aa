"""Tests of `bstrace trace`: its command line, what it writes, and what it leaves untouched."""  # noqa: A005 - named after what it tests
