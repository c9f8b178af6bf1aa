"""The facts that are found in captures and session logs."""
