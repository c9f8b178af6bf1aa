"""`bstrace trace` against strace 6.1: the same command, the same options, line by line."""
