# ruff: noqa: INP001 - a script, no package
"""Write bstinspect/decode/constants/ from strace's own tables of constants.

It needs gdb with Python and a source tree of strace 6.1, built with debugging information:

    ./configure --enable-mpers=no CFLAGS='-g -O0' && make -C src

Run it with the project's interpreter, from the top folder, and tell it where that source tree is:

    .venv/bin/python tools/make_constants.py ../strace-6.1

gdb reads the tables out of the binary, so every value is what strace's compiler took it for on this machine
(x86-64). The sources say which file of strace uses a table; that decides which module it goes into.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import msgspec

PACKAGE = Path(__file__).parent.parent / "inspect" / "bstinspect" / "decode" / "constants"
WIDTH = 110
INCLUDE = re.compile(r'^\s*#\s*include "xlat/(\w+)\.h"', re.MULTILINE)
MACROS_ONLY = re.compile(r"define XLAT_MACROS_ONLY.*?undef XLAT_MACROS_ONLY", re.DOTALL)
"""Where a source file takes the names of some tables, but not the tables."""

READER = r"""
import json, re, gdb

KINDS = ("normal", "sorted", "indexed")  # enum xlat_type

def symbol(name):
    found = gdb.lookup_global_symbol(name)
    return [found] if found else gdb.lookup_static_symbols(name)

def read(variable):
    if variable.type.code == gdb.TYPE_CODE_ARRAY:
        variable = variable[0]
    data = variable["data"]
    rows = [data[index] for index in range(int(variable["size"]))]
    named = [[int(row["val"]), row["str"].string()] for row in rows if row["str"]]  # the others are holes
    return [KINDS[int(variable["type"])], named]

listed = gdb.execute("info variables -q -t xlat", to_string=True)
tables = {
    name: [read(each.value()) for each in symbol(name)]
    for name in set(re.findall(r"struct xlat (\w+)(?:\[1\])?;", listed))
}
codes = gdb.parse_and_eval("ioctlent0")
low, high = codes.type.range()
ioctls = [[int(codes[i]["code"]), codes[i]["symbol"].string()] for i in range(low, high + 1)]
print(json.dumps({"tables": tables, "ioctls": ioctls}))
"""

FAMILIES = {
    "files": "Files: open, access, stat, extended attributes, watches, what file systems do to files.",
    "mounts": "File systems: mounts, the newer mount calls, statfs, quotas, swap.",
    "descriptors": "File descriptors: fcntl, locks, eventfd, splice, reads and writes with flags.",
    "polling": "Waiting for file descriptors: poll, epoll.",
    "network": "Sockets: families, types, protocols, addresses, options, messages and what goes with them.",
    "netlink": "Netlink: messages and attributes, but for those of NETLINK_ROUTE.",
    "rtnetlink": "Netlink: messages and attributes of NETLINK_ROUTE.",
    "memory": "Memory: mappings, advice, barriers, memory files, NUMA, protection keys.",
    "processes": "Processes: clone, wait, prctl, ptrace, limits, priorities, capabilities, seccomp.",
    "futexes": "Futexes.",
    "signals": "Signals: handlers, masks, signalfd, the codes in siginfo.",
    "time": "Clocks and timers.",
    "ipc": "Queues, semaphores and shared memory, of System V and of POSIX.",
    "keys": "Keys and keyrings.",
    "system": "The system as a whole: modules, kexec, reboot, the log, random numbers.",
    "terminals": "Terminals and the console: termios, keyboards, fonts.",
    "bpf": "BPF: the call, classic and extended programs.",
    "perf": "Performance counters.",
    "io_uring": "Asynchronous input and output: io_uring, aio.",
    "storage": "Ioctls of what data is kept on: disks, SCSI, loop, device mapper, flash, btrfs.",
    "devices": "Ioctls of other devices: KVM, input, clocks, userfaultfd, watchdogs, infrared, GPIO.",
    "keycodes": "What input devices send: keys and buttons.",
}
"""The modules, and what each says of itself; `ioctls` comes besides."""

USERS = """
files: access dirent_types fadvise fallocate fanotify file_handle fs_f_ioctl fs_x_ioctl inotify landlock link
files: lseek open printmode renameat statx sync_file_range sync_file_range2 xattr
mounts: fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree
mounts: print_statfs quota swapon umount
descriptors: close_range eventfd fcntl flock io
polling: epoll poll
network: msghdr net shutdown sock sockaddr socketcall socketutils
netlink: netlink netlink_crypto netlink_inet_diag netlink_netfilter netlink_netlink_diag netlink_packet_diag
netlink: netlink_smc_diag netlink_sock_diag netlink_unix_diag nlattr
rtnetlink: netlink_route rtnl_addr rtnl_addrlabel rtnl_cachereport rtnl_dcb rtnl_link rtnl_mdb rtnl_neigh
rtnetlink: rtnl_neightbl rtnl_netconf rtnl_nh rtnl_nsid rtnl_route rtnl_rule rtnl_stats rtnl_tc rtnl_tc_action
memory: mem membarrier memfd_create memfd_secret numa pkeys
processes: bpf_seccomp_filter capability clone get_personality ioprio kcmp personality pidfd_open prctl ptrace
processes: ptrace_syscall_info resource sched seccomp seccomp_ioctl syscall syscall_name wait
futexes: futex futex_waitv
signals: print_sigevent printsiginfo sigaltstack signal signalfd
time: print_timex time
ipc: ipc ipc_msg ipc_msgctl ipc_sem ipc_semctl ipc_shm ipc_shmctl print_mq_attr
keys: keyctl
system: bjm getrandom kexec random_ioctl reboot syslog
terminals: kd_ioctl kd_mpers_ioctl term
ioctls: ioctl
bpf: bpf bpf_filter bpf_sock_filter
perf: perf perf_ioctl
io_uring: aio io_uring
storage: block btrfs dm hdio loop mtd nbd_ioctl scsi sg_io_v3 sg_io_v4 ubi
devices: counter_ioctl evdev gpio_ioctl kvm lirc_ioctl ptp rtc tee userfaultfd watchdog_ioctl
unused: v4l2
"""
"""Which of strace's source files put their tables into which module; nobody decodes the `unused` ones."""

HOMES = {"audit_arch": "processes", "evdev_keycode": "keycodes"}
"""Where a reader looks for a table, if not where USERS says."""

FOLDED = {
    "none": ("ioctls_none", 0, "_IO: without data, and the numbers older than these macros"),
    "write": ("ioctls_write", 1, "_IOW: the program gives data"),
    "read": ("ioctls_read", 2, "_IOR: the program takes data"),
    "both": ("ioctls_both", 3, "_IOWR: both"),
}
"""The numbers of ioctls by their direction, the top two bits: one module would be too long."""

IOCTLS = '''"""The names of ioctls by their numbers, in the order of the numbers.

Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.

Look up the lowest 32 bits of the second argument and nothing less: size and direction are part of the number.
Where several names stand for a number, they are joined here as strace does, by " or ".

strace asks other places first, by the type (bits 8 to 15), for the numbers that carry a length or an index
(`ioctl_decode_command_number`: EVIOCGNAME(8), MIXER_READ(0), JSIOCGNAME(128), ...). It prints what it finds
there, then " or " and the name from this table, if there is one. A number that is in neither is printed as
_IOC(_IOC_READ|_IOC_WRITE, 0x12, 0x34, 0x8): direction (IOCTL_DIRS), type, number, size.
"""

from typing import Final

{imports}

# fmt: off
IOCTLS: Final[dict[int, str]] = {whole}

# ioctl.c
{tables}
'''

PACKAGE_DOCSTRING = '''"""strace's constants: the tables that turn numbers into names, a module a family.

These are the "xlat" tables of strace 6.1 (copyright 1991-2022 the strace developers; LGPL-2.1-or-later, which
the GPL-2.0-or-later of this program agrees with), read as data from a binary built for x86-64 and written by
tools/make_constants.py; do not edit. A table has strace's name, in capitals, and strace's order, by which
flags are taken off a value one after the other. Of two names for one value only the first is there: the one
that strace prints. Values are unsigned, as strace compares them: what C calls -1 is 0xffffffff, or
0xffffffffffffffff in a table of 64 bits.
"""
'''


class Table(NamedTuple):
    """A table: value, name; in order."""

    name: str
    files: tuple[str, ...]
    entries: dict[int, str]


class Dump(msgspec.Struct):
    """What gdb reports: the tables (kind, rows), maybe several of a name, and the numbers of ioctls."""

    tables: dict[str, list[tuple[str, list[tuple[int, str]]]]]
    ioctls: list[tuple[int, str]]


def read(binary: Path) -> Dump:
    """Have gdb read every table out of strace's binary."""
    command = ["gdb", "-nx", "-batch", "-ex", f"python exec({READER!r})", str(binary)]
    shown = subprocess.run(command, text=True, capture_output=True, check=True)
    if not shown.stdout.strip():
        sys.exit(shown.stderr)
    return msgspec.json.decode(shown.stdout.splitlines()[-1], type=Dump)


def users(source: Path) -> dict[str, set[str]]:
    """Return for every table the files of strace that include it, without their suffix."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in [*source.glob("*.c"), *source.glob("gen/*.c")]:
        for name in INCLUDE.findall(MACROS_ONLY.sub("", path.read_text())):
            found[name].add(path.stem.removeprefix("gen_"))  # gen/gen_hdio.c, of hdio.def
    found["struct_user_offsets"] = {"ptrace"}  # no header of its own
    return found


def merge(name: str, dumped: list[tuple[str, list[tuple[int, str]]]]) -> dict[int, str]:
    """Return a table's rows; of several names for a value the first, which is the one that strace finds."""
    kind, rows = dumped[0]
    if any(other != dumped[0] for other in dumped):
        sys.exit(f"{name} is not the same everywhere")
    entries: dict[int, str] = {}
    for value, text in rows:
        if value in entries and kind != "normal":
            sys.exit(f"{name}: two names for {value} in a table that strace does not read in order")
        entries.setdefault(value, text)
    return entries


def home(name: str, files: set[str]) -> str:
    """Return the module that a table goes into."""
    if name in HOMES:
        return HOMES[name]
    lines = [line.partition(":") for line in USERS.strip().splitlines()]
    homes = {module for module, _, stems in lines if files & set(stems.split())}
    if len(homes) != 1:
        sys.exit(f"Which module does {name} ({', '.join(sorted(files))}) go into? {sorted(homes)}")
    return homes.pop()


def number(entries: dict[int, str]) -> str:
    """Return the form of a table's values: hexadecimal for flags and codes, decimal for a plain count."""
    single = [value for value in entries if value and value & (value - 1) == 0]
    flags = len(single) * 2 > len(entries) and max(entries) >= 16 and len(entries) > 2
    return "#x" if flags or max(entries) > 0x3FFF else "d"


def literal(table: Table) -> list[str]:
    """Write a table as a dict."""
    head = f"{table.name.upper()}: Final[dict[int, str]] = {{"
    form = number(table.entries)
    items = [f'{value:{form}}: "{text}"' for value, text in table.entries.items()]
    whole = head + ", ".join(items) + "}"
    if len(whole) <= WIDTH:
        return [whole]
    lines = [head]
    line = "   "
    for item in items:
        if line.strip() and len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
        if len(line) > WIDTH:  # many names for one number get a line each
            code, _, text = item.partition(": ")
            lines += [f"    {code}: (", "        " + text.replace(" or ", ' or "\n        "'), "    ),"]
            line = "   "
    return [*lines, *([line] if line.strip() else []), "}"]


def write(path: Path, docstring: str, body: list[str]) -> None:
    """Write one module."""
    lines = [
        f'"""{docstring}',
        "",
        "Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.",
        '"""',
        "",
        "from typing import Final",
        "",
        "# fmt: off",
        *body,
    ]
    path.write_text("\n".join(lines) + "\n")


def write_family(folder: Path, module: str, tables: list[Table]) -> None:
    """Write one family: the tables of a source file together, the files in alphabetical order."""
    body: list[str] = []
    last: tuple[str, ...] = ()
    for table in sorted(tables, key=lambda each: (each.files, each.name)):
        if table.files != last:
            body += ["", "# " + ", ".join(f"{stem}.c" for stem in table.files)]
            last = table.files
        body += literal(table)
    write(folder / f"{module}.py", FAMILIES[module], body)


def write_ioctls(folder: Path, ioctls: list[tuple[int, str]], tables: list[Table]) -> None:
    """Write the numbers of ioctls: four modules, and one for the table of all and the other tables."""
    names: dict[int, str] = {}
    for code, text in ioctls:
        names[code] = f"{names[code]} or {text}" if code in names else text
    for kind, (module, direction, words) in FOLDED.items():
        entries = {code: text for code, text in names.items() if code >> 30 == direction}
        table = Table(kind, ("ioctl",), entries)
        write(folder / f"{module}.py", f"Numbers of ioctls, {words}.", ["", *literal(table)])
    modules = sorted((module, kind.upper()) for kind, (module, _, _) in FOLDED.items())
    imports = [f"from bstinspect.decode.constants.{module} import {name}" for module, name in modules]
    (folder / "ioctls.py").write_text(
        IOCTLS.format(
            imports="\n".join(imports),
            whole=" | ".join(kind.upper() for kind in FOLDED),
            tables="\n".join(line for table in tables for line in literal(table)),
        )
    )


def main() -> None:
    """Read strace's tables and write the package."""
    parser = argparse.ArgumentParser(
        description="Write bstinspect/decode/constants/ from a built strace 6.1."
    )
    parser.add_argument("source", type=Path, help="strace's source tree, built in place with -g")
    parser.add_argument("--to", type=Path, default=PACKAGE, help="where to write the modules")
    options = parser.parse_args()
    source: Path = options.source / "src"
    folder: Path = options.to
    dump = read(source / "strace")
    files = users(source)
    families: dict[str, list[Table]] = {module: [] for module in ["ioctls", "unused", *FAMILIES]}
    for name, dumped in dump.tables.items():
        entries = merge(name, dumped)
        if entries:
            families[home(name, files[name])].append(Table(name, tuple(sorted(files[name])), entries))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text(PACKAGE_DOCSTRING)
    families.pop("unused")
    count = sum(map(len, families.values()))
    write_ioctls(folder, dump.ioctls, families.pop("ioctls"))
    for module, tables in families.items():
        write_family(folder, module, tables)
    sys.stdout.write(f"Wrote {folder}: {count} tables, {len(dump.ioctls)} names of ioctls\n")


if __name__ == "__main__":
    main()
