"""Mutants of the cluster's code: how many of its possible defects the fault-injection harness sees.

``python -m tools.mutants`` (``make mutants``) makes small changes in bstcluster, one at a time, plays faults
on each, and tells which are caught. A mutant that passes and behaves as the original in every run made is no
defect; one that passes and does not is a survivor, and is listed with the reason (``known.toml``).
"""
