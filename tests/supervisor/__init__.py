"""Tests of the supervisor: verdicts, notices, and what happens when ptrace cannot be had."""
