"""Fault injection: crash points, the stage that plays them, invariants, the pytest plugin.

The words (pure): `address` and `fault` name a crash point and what happens there; `ordinals` counts a
process's calls into addresses; `selection` chooses points; `run` is all that a run is asked and has told.

Playing: `stage` holds the threads of one run; `worker` is a process that plays runs, `pool` all of them.
`conversation` is who gives the commands: `examination`, a user's own driver (`custom`), or somebody who leads
step by step (`director` here, `orders` between, `stage.directed` there).

Judging (pure, of a run's record): `model` is what is allowed, `invariants` what must hold.

Many runs: `explore` visits every point, `shrink` makes a failure smaller, `harness` is both for programs.

For people: `command` (with `options`, `progress`, `interruption`) is ``bstrace faults``, `plugin` pytest's,
`machine` Hypothesis's. Reports are in `bstinspect.reports.exploration`.
"""
