"""The plain model of a cluster, which a run's replies are held against. Pure.

`language` reads a command; `plain` says what it may change, and `answers` what may come back. `effects` and
`striking` put faults into that: then several worlds are possible. `belief` follows a conversation with those
that are left.
"""
