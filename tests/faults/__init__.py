"""Tests of the fault harness."""
