"""C programs that the tests trace."""

from __future__ import annotations

from typing import Final

READS: Final = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {  /* read argv[1] in pieces of 4, 5, ... bytes; say what each gave */
    int fd = dup2(open(argv[1], O_RDONLY), 12);
    int times = argc > 2 ? atoi(argv[2]) : 6;
    for (int i = 0; i < times; i++) {
        char data[24] = "........", line[99];
        errno = 0;
        long got = read(fd, data, 4 + i);
        int error = errno;
        write(1, line, snprintf(line, sizeof line, "%ld %d %s\n", got, error, data));
    }
    return 0;
}
"""
TWO_THREADS: Final = r"""
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
static int fd;
static void *run(void *name) {  /* write twice, and say how each went */
    for (int i = 0; i < 2; i++) {
        unsigned long one = 1;
        long got = write(fd, &one, 8);
        dprintf(1, "%s %ld\n", (char *)name, got);
    }
    return 0;
}
int main(void) {
    pthread_t other;
    fd = eventfd(0, 0);
    run("main");
    pthread_create(&other, 0, run, "other");
    pthread_join(other, 0);
    return 0;
}
"""
"""Each thread's second write can be told from its first only by counting each thread's own."""
BUSY: Final = r"""
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static atomic_ulong turns, wrong;
static atomic_int over;
static int ends[2];
static void *compute(void *arg) {
    while (!over) {
        unsigned long x = 1;
        for (int i = 0; i < 1000; i++) x = x * 3 + 1;
        turns++;
        struct timespec pause = {0, 5000000};
        if (nanosleep(&pause, 0)) wrong++;
    }
    return 0;
}
static void *pass(void *arg) {
    char byte;
    while (!over) {
        if (read(ends[0], &byte, 1) != 1) wrong++;
        turns++;
        struct timespec pause = {0, 5000000};
        if (nanosleep(&pause, 0)) wrong++;
        if (write(ends[1], &byte, 1) != 1) wrong++;
    }
    return 0;
}
int main(void) {  /* 50 threads sleep, compute and pass bytes, and count each call that failed */
    pthread_t threads[49];
    pipe(ends);
    write(ends[1], "abcdefgh", 8);
    for (int i = 0; i < 49; i++) pthread_create(&threads[i], 0, i % 2 ? compute : pass, 0);
    puts("ready");
    fflush(stdout);
    char byte;
    if (read(0, &byte, 1) != 1) wrong++;
    over = 1;
    write(ends[1], "zzzzzzzzzzzzzzzzzzzzzzzzz", 25);
    for (int i = 0; i < 49; i++) pthread_join(threads[i], 0);
    printf("%lu wrong, %s\n", (unsigned long)wrong, turns ? "turns" : "none");
    return 0;
}
"""
EXEC_BY_THREAD: Final = r"""
#include <pthread.h>
#include <unistd.h>
static void *run(void *path) { execl(path, "echo", "from a thread", (char *)0); return 0; }
int main(void) {
    pthread_t other;
    pthread_create(&other, 0, run, "/bin/echo");
    pause();
}
"""
VFORK: Final = r"""
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    int status;
    pid_t pid = vfork();
    if (!pid) { execl("/bin/sh", "sh", "-c", "exit 7", (char *)0); _exit(1); }
    waitpid(pid, &status, 0);
    printf("%d\n", WEXITSTATUS(status));
    return 0;
}
"""
STOPPED_CHILD: Final = r"""
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {  /* a child stops itself, its parent sees that and continues it */
    int status, seen = 0, ends[2];
    char byte = 0;
    pipe(ends);
    pid_t pid = fork();
    if (!pid) { raise(SIGSTOP); read(ends[0], &byte, 1); _exit(3); }
    waitpid(pid, &status, WUNTRACED);
    seen = WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED);
    seen += WIFCONTINUED(status) != 0;
    write(ends[1], &byte, 1);
    waitpid(pid, &status, 0);
    return seen == 2 && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
"""
OLD_CALL: Final = r"""
int main(void) {  /* getpid and write by the 32-bit entry, which has other numbers */
    long pid;
    __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    return pid <= 0;
}
"""
