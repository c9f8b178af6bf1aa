"""Tests of the command `bstrace report`."""
