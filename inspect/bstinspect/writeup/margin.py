"""Notes for the margin of an excerpt: what a call does, in a few words for somebody who learns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bstinspect.findings.model import SeenCall
    from bstinspect.writeup.language import Language

NOTES: Final = {
    "accept": "takes a waiting connection",
    "accept4": "takes a waiting connection",
    "access": "may the file be used?",
    "arch_prctl": "sets the base of thread-local storage",
    "bind": "gives the socket its address",
    "brk": "moves the end of the heap",
    "clone": "starts a process or a thread",
    "clone3": "starts a process or a thread",
    "close": "gives the descriptor back",
    "connect": "connects to that address",
    "dup2": "makes another number for a descriptor",
    "epoll_create1": "a set of descriptors to wait for",
    "epoll_ctl": "changes the set of descriptors to wait for",
    "epoll_wait": "waits for any descriptor of the set",
    "eventfd2": "a counter by which threads wake each other",
    "execve": "another program takes the process over",
    "exit": "the thread ends",
    "exit_group": "the process ends",
    "fcntl": "asks or changes a descriptor's properties",
    "fork": "starts a process",
    "fstat": "asks for a file's properties",
    "futex": "waits for another thread, or wakes one",
    "getpeername": "asks who is at the other end",
    "getrandom": "takes random bytes",
    "getsockname": "asks for the socket's own address",
    "getsockopt": "asks for a property of the socket",
    "ioctl": "asks or changes a property of a device",
    "kill": "sends a signal",
    "listen": "the socket takes connections from now on",
    "lseek": "moves the position in a file",
    "mmap": "maps memory or a file",
    "mprotect": "changes the protection of memory",
    "munmap": "gives memory back",
    "nanosleep": "sleeps",
    "clock_nanosleep": "sleeps",
    "newfstatat": "asks for a file's properties",
    "open": "opens a file",
    "openat": "opens a file",
    "pidfd_open": "a descriptor by which the end of a process is seen",
    "pipe2": "a pipe: what is written to one end is read from the other",
    "poll": "waits for any of these descriptors",
    "prctl": "changes a property of the process",
    "read": "reads from a file or a socket",
    "recvfrom": "receives bytes",
    "recvmsg": "receives a message",
    "rt_sigaction": "says what a signal does",
    "rt_sigprocmask": "blocks signals, or no longer",
    "rt_sigreturn": "goes on behind a signal's handler",
    "sendmsg": "sends a message",
    "sendto": "sends bytes",
    "setsockopt": "changes a property of the socket",
    "shutdown": "ends one direction of the connection",
    "socket": "makes an endpoint for a connection",
    "tgkill": "sends a signal to a thread",
    "unlink": "removes the name of a file or socket",
    "unlinkat": "removes the name of a file or socket",
    "vfork": "starts a process",
    "wait4": "learns how a child ended",
    "waitid": "learns how a child ended",
    "write": "writes to a file, a socket or the terminal",
}

_ERRORS: Final = {
    "EAGAIN": "nothing there yet: it will wait",
    "EINPROGRESS": "connects; poll tells when it is there",
    "EINTR": "a signal came while the call waited",
    "ERESTARTSYS": "a signal came while the call waited",
    "ERESTARTNOHAND": "a signal came while the call waited",
    "ERESTART_RESTARTBLOCK": "a signal came while the call waited",
}


def note(call: SeenCall, words: Language) -> str:  # noqa: PLR0911 - one for each thing that is told
    """Return the note; empty where nothing is known of the call."""
    sends = call.name in ("sendto", "sendmsg", "write", "writev")
    receives = call.name in ("recvfrom", "recvmsg", "read", "readv")
    if call.annotation and sends:
        return words.say("sends: {message}", message=call.annotation)
    if call.annotation and receives:
        return words.say("receives: {message}", message=call.annotation)
    if call.error in _ERRORS:
        return words.say(_ERRORS[call.error])
    if call.error and call.name != "rt_sigreturn":  # its result is that of the call which it goes on with
        return words.say("fails: {error}", error=call.error)
    if receives and call.duration is not None and call.text.endswith(" = 0"):
        of_file = call.name.startswith("read")
        return (
            words.say("the end is reached")
            if of_file
            else words.say("the other end has closed the connection")
        )
    if call.name == "write" and call.text.startswith(("write(1,", "write(2,")):
        return words.say("prints")
    if call.name in ("clone", "clone3"):
        thread = "CLONE_THREAD" in call.text
        return words.say("starts a thread") if thread else words.say("starts a child process")
    if call.name in ("wait4", "waitid") and (call.text.endswith(" = 0") and "si_pid" not in call.text):
        return words.say("no child has ended since")
    known = NOTES.get(call.name)
    return words.say(known) if known else ""
