"""Tests of the formats that a write-up is laid out in."""
