"""The decoders of before, in use until their family is rewritten."""
