"""The help of `bstrace trace` and `bstrace replay`."""

from __future__ import annotations

from importlib.metadata import version as distribution_version
from typing import Final

_TEXT: Final = """\
Usage: bstrace trace [OPTIONS] [--] COMMAND [ARG...]
   or: bstrace trace [OPTIONS] -p PID[,PID...]
   or: bstrace trace [OPTIONS] --node ID [--session DIR]

Show the system calls of a command, of running processes, or of a node of a running bstrace session.
The letters and long names are strace's, and so is the text; what strace has not is marked with *.

What to trace:
  -p, --attach=PID           trace running processes too; may be repeated
  --node=ID                * trace a node of a session, through the session's own tracer
  --session=DIR            * the session (default: the newest)
  -E, --env=VAR[=VALUE]      set VAR for the command, or remove it
  -u, --user=USERNAME        run the command as this user
  -f, --follow-forks         follow processes and threads that are made
  -ff, --output-separately   the same, with a file for each: -o FILE makes FILE.PID
  --seccomp-bpf              with -f and -e trace=: stop only at these calls, all others run at full speed
  --no-colocate            * do not keep the tracer and what it traces on one CPU
  -b, --detach-on=execve     let a process go at its execve
  -D, -DD, -DDD, --daemonize[=grandchild|pgroup|session]
                             trace from a grandchild; the command is this very process
  -I, --interruptible=N      1 anywhere, 2 waiting (default), 3 never (default with -o FILE COMMAND),
                             4 never_tstp: when signals from the terminal may end the tracing

Which lines:
  -e trace=SET, --trace=SET  calls by name, number, /REGEX, or %CLASS; !SET for the others, ?NAME if it exists
       classes               %file %process %network (%net) %signal %ipc %desc %memory %creds %clock
                             %stat %lstat %fstat %%stat %statfs %fstatfs %%statfs %pure
  -e signal=SET, --signals   signals
  -e status=SET, --status    successful, failed, unfinished, unavailable, detached
  -e errno=SET             * calls that failed with one of these errors
  -e duration=TIME         * calls that took at least so long: 500us, 2ms, 1s
  -P, --trace-path=PATH      calls that concern a path; may be repeated
  --trace-fds=SET            calls that concern descriptors
  -z, --successful-only      successful calls only
  -Z, --failed-only          failed calls only (also --failing-only)
  -e quiet=SET, --quiet[=SET] (--silent, --silence), -q -qq -qqq
                             leave out messages: attach, exit, path-resolution, personality, thread-execve
  --last=N                 * keep the last N lines, and write them when something happens:
  --last-on=WHAT,...       * death (default), signal, error, or names of signals and errors

Where it goes:
  --record=FILE            * write a capture, and no text: bstrace replay FILE shows it, in any manner, any
                             number of times; with -o the text is written too. Settled now is which calls
                             are recorded (-e trace=, -P, --trace-fds) and what can be shown of them later:
                             strings up to -s bytes (default 1024, at most 1 MiB), descriptors (-y,
                             -yy, -yyy), names of processes (-Y), stacks (-k), very long arrays (-v), data
                             to be dumped (-e read=, -e write=), long messages (--zmtp, --points)
  --force                  * overwrite the FILE of --record
  -o, --output=FILE          write to FILE, or with '|COMMAND' to a command's input
  -A, --output-append-mode   append to FILE

How they look:
  --json                   * a JSON object a line (schema: docs/trace.schema.json)
  -t, -tt, -ttt              time of day, with microseconds, seconds since 1970
  --absolute-timestamps[=none|time|unix,s|ms|us|ns]   the same in words (also --timestamps)
  -r, --relative-timestamps[=s|ms|us|ns]   time since the line before
  -T, --syscall-times[=s|ms|us|ns]         time spent in each call
  -s, --string-limit=N       show N bytes of a string (default 32)
  -v, --no-abbrev            show structures whole
  -e abbrev=SET, -e verbose=SET, -e raw=SET (--abbrev, --verbose, --raw)
                             calls to abbreviate, to show structures of, to show in hexadecimal
  -x, -xx, --strings-in-hex[=non-ascii|all|non-ascii-chars]
  -X, --const-print-style=raw|abbrev|verbose
  -y, -yy, --decode-fds[=path,socket,dev,pidfd]   what descriptors are
  -yyy                     * and which process is at the other end of a socket
  -Y, --decode-pids=comm     names of processes
  -n, --syscall-number       number of the call
  -i, --instruction-pointer  where it was made
  -k, --stack-traces         call stacks (needs libunwind, which strace brings along)
  -a, --columns=N            column of the result (default 40)
  -e read=SET, -e write=SET (--read, --write)
                             dump what goes through these descriptors
  --zmtp                   * show the messages of ZeroMQ connections behind the calls
  --points                 * show behind a call its address as a crash point, 20.1:send(exec-reply)#1: add
                             @entry or @exit, and the prompt's crash takes it. Counted is
                             what is traced: sends, receives, bind, connect, listen, fork, unlink, wait, exit

Summary:
  -c, --summary-only         count calls, errors and times
  -C, --summary              the same, after the usual output
  -S, --summary-sort-by=COLUMN   -U, --summary-columns=COLUMN,...
                             time-percent, total-time, min-time, max-time, avg-time, calls, errors, name
  -w, --summary-wall-clock   time from entry to exit, not system time
  -O, --summary-syscall-overhead=TIME
  --summary-by=process|thread  * a table for each

Tampering:
  -e inject=SET[:error=ERRNO|:retval=N][:signal=SIG][:syscall=NAME][:delay_enter=TIME][:delay_exit=TIME]
               [:poke_enter=@argN=HEX,...][:poke_exit=@argN=HEX,...][:when=FIRST[..LAST][+[STEP]]]
               [:fd=N][:path=PATH][:argN=VALUE]  *
  --inject=..., --fault=...  the same
  -e fault=SET[:error=ERRNO][:when=...]
                           * several rules may name one call: the first that is due is applied

  -d, --debug                show tracebacks of bstrace itself
  -h, --help                 this text
  -V, --version              the version

Examples:
  bstrace trace -f -tt -T -o out.txt -- python3 -c 'print(1)'
  bstrace trace -e trace=%network -yy -p 1234
  bstrace trace -c -S calls -- ls -l
  bstrace trace --record make.bst -f -- make; bstrace replay make.bst -c
  bstrace trace -e inject=openat:error=EMFILE:path=/etc/hosts -- getent hosts localhost

The exit status is the command's; a signal that killed it kills bstrace too.
"""

_REPLAY: Final = """\
Usage: bstrace replay FILE [OPTIONS]

Show a capture: the FILE of bstrace trace --record, or the directory of a session (- is standard input).
The text goes to standard output, or where -o says.

The options are those of bstrace trace (see bstrace trace -h), as far as they say what is shown, and how:

  Which lines        -e trace= -e signal= -e status= -e errno= -e duration= -e quiet= -q -z -Z
                     --last --last-on
  Where it goes      -o FILE, -ff -o FILE (a file for each thread), -o '|COMMAND', -A
  How they look      --json -t -tt -ttt -r -T -s -v -e abbrev= -e verbose= -e raw= -x -xx -X -y -yy -yyy -Y
                     -n -i -k -a -e read= -e write= --zmtp --points
  Summary            -c -C -S -U -w -O --summary-by
  Others             -d -h -V

What was not recorded cannot be shown: -y -yy -yyy -Y -k and -e read= -e write= need to have been given to
bstrace trace too, and strings are as long as its -s was (1024 bytes; in the captures of sessions 32).

Examples:
  bstrace replay make.bst -c -S calls
  bstrace replay make.bst -e trace=%file -Z -tt | less
  bstrace replay make.bst --json | jq 'select(.errno == "ENOENT").arguments[1]'

The exit status is 0 also where the file ends within a record (a line on standard error says so), 1 where it
is damaged (all before the damage is shown), 2 where it is no capture.
"""


def text() -> str:
    """Return the help of `bstrace trace`."""
    return _TEXT


def replay_text() -> str:
    """Return the help of `bstrace replay`."""
    return _REPLAY


def version() -> str:
    """Return the line of -V."""
    return f"bstrace {distribution_version('bstrace')} (its text is that of strace 6.1)\n"
