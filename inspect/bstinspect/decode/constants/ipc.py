"""Queues, semaphores and shared memory, of System V and of POSIX.

Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.
"""

from typing import Final

# fmt: off

# ipc.c
IPCCALLS: Final[dict[int, str]] = {
    1: "SEMOP", 2: "SEMGET", 3: "SEMCTL", 4: "SEMTIMEDOP", 11: "MSGSND", 12: "MSGRCV", 13: "MSGGET",
    14: "MSGCTL", 21: "SHMAT", 22: "SHMDT", 23: "SHMGET", 24: "SHMCTL",
}

# ipc_msg.c
IPC_MSG_FLAGS: Final[dict[int, str]] = {
    0x1000: "MSG_NOERROR", 0x2000: "MSG_EXCEPT", 0x4000: "MSG_COPY", 0x800: "IPC_NOWAIT",
}
IPC_PRIVATE: Final[dict[int, str]] = {0: "IPC_PRIVATE"}
RESOURCE_FLAGS: Final[dict[int, str]] = {0x200: "IPC_CREAT", 0x400: "IPC_EXCL", 0x800: "IPC_NOWAIT"}

# ipc_msgctl.c
MSGCTL_FLAGS: Final[dict[int, str]] = {
    0: "IPC_RMID", 1: "IPC_SET", 2: "IPC_STAT", 3: "IPC_INFO", 11: "MSG_STAT", 12: "MSG_INFO",
    13: "MSG_STAT_ANY",
}

# ipc_sem.c
SEMOP_FLAGS: Final[dict[int, str]] = {4096: "SEM_UNDO", 2048: "IPC_NOWAIT"}

# ipc_semctl.c
SEMCTL_FLAGS: Final[dict[int, str]] = {
    0: "IPC_RMID", 1: "IPC_SET", 2: "IPC_STAT", 3: "IPC_INFO", 11: "GETPID", 12: "GETVAL", 13: "GETALL",
    14: "GETNCNT", 15: "GETZCNT", 16: "SETVAL", 17: "SETALL", 18: "SEM_STAT", 19: "SEM_INFO",
    20: "SEM_STAT_ANY",
}

# ipc_shm.c
SHM_FLAGS: Final[dict[int, str]] = {
    0x1000: "SHM_RDONLY", 0x2000: "SHM_RND", 0x4000: "SHM_REMAP", 0x8000: "SHM_EXEC",
}
SHM_RESOURCE_FLAGS: Final[dict[int, str]] = {
    0x200: "IPC_CREAT", 0x400: "IPC_EXCL", 0x800: "SHM_HUGETLB", 0x1000: "SHM_NORESERVE",
}

# ipc_shmctl.c
SHMCTL_FLAGS: Final[dict[int, str]] = {
    0: "IPC_RMID", 1: "IPC_SET", 2: "IPC_STAT", 3: "IPC_INFO", 11: "SHM_LOCK", 12: "SHM_UNLOCK",
    13: "SHM_STAT", 14: "SHM_INFO", 15: "SHM_STAT_ANY",
}

# print_mq_attr.c
MQ_ATTR_FLAGS: Final[dict[int, str]] = {2048: "O_NONBLOCK"}
