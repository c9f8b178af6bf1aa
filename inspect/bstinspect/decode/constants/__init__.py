"""strace's constants: the tables that turn numbers into names, a module a family.

These are the "xlat" tables of strace 6.1 (copyright 1991-2022 the strace developers; LGPL-2.1-or-later, which
the GPL-2.0-or-later of this program agrees with), read as data from a binary built for x86-64 and written by
tools/make_constants.py; do not edit. A table has strace's name, in capitals, and strace's order, by which
flags are taken off a value one after the other. Of two names for one value only the first is there: the one
that strace prints. Values are unsigned, as strace compares them: what C calls -1 is 0xffffffff, or
0xffffffffffffffff in a table of 64 bits.
"""
