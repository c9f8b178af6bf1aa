"""Benchmarks: each figure is measured against a yardstick in the same run. `make bench` runs them all."""
