"""The stage: a process tree of which one thread runs at a time, with time and order given by us."""
