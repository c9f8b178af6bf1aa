"""`bstrace trace`: the command line of strace, over the tracer and the decoders of this package."""
