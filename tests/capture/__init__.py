"""Tests of the tracer process and its client."""
