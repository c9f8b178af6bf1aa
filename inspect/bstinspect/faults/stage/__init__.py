"""The stage: a process tree of which one thread runs at a time, with time and order given by us.

`player` holds the conversation, `directed` one that is led step by step. `subject` starts the program,
`cluster` is ours as one, `leftovers` what it leaves.

`stage` decides about calls and faults; `stops` takes ptrace's stops, `turns` says who goes on, `waiting` what
is waited for, `clock` what time it is, `signals` who has to take one (`signalling`: who was sent it).

`cast` is who there is, `tracee` a process and a thread. `points` counts calls into crash points; `acting`
does a fault there, `rewriting` one to a message.
"""
