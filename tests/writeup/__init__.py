"""Tests of the `bstrace` command: in a pipe, on a terminal, and what it leaves behind."""
