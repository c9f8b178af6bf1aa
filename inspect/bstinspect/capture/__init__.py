"""The hot path: ptrace-stops in, raw records out; and the process that it runs in."""
