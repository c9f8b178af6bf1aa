"""Fault injection: crash points named by message, explored on a stage where time and order are ours."""
