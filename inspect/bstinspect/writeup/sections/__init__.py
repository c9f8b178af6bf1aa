"""The sections of a report, a file each: facts to paragraphs, tables, excerpts and drawings."""
