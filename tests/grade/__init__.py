"""Tests of `bstrace grade`."""
