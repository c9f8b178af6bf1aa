/* ptrace_loop FILE COMMAND [ARG...]: the least that a tracer of every system call has to do.

   Follows forks, vforks and clones; at each stop one waitpid, one PTRACE_GET_SYSCALL_INFO, one PTRACE_SYSCALL.
   It decodes and writes nothing but, at the end, the number of calls it saw from the execve on, into FILE.
   Nothing that decodes can be faster; this is the yardstick of the mechanism itself. See ptrace(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    int gate[2], status, result = 0;
    long calls = 0, started = 0;
    char go = 0;
    struct ptrace_syscall_info info;
    if (argc < 3 || pipe(gate) != 0)
        return 2;
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) { /* waits until it is traced */
        close(gate[1]);
        if (read(gate[0], &go, 1) != 1)
            _exit(127);
        close(gate[0]);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE
        | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, child, 0, options) != 0 || ptrace(PTRACE_INTERRUPT, child, 0, 0) != 0)
        fail("PTRACE_SEIZE");
    if (waitpid(child, &status, __WALL) != child || ptrace(PTRACE_SYSCALL, child, 0, 0) != 0)
        fail("PTRACE_SYSCALL");
    if (write(gate[1], &go, 1) != 1)
        fail("write");
    close(gate[0]);
    close(gate[1]);
    for (;;) {
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0)
            break; /* ECHILD: all are gone */
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (tid == child)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        long pass = 0;
        int stop = WSTOPSIG(status), event = status >> 16;
        if (stop == (SIGTRAP | 0x80)) {
            if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) > 0
                && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
                started |= info.entry.nr == SYS_execve;
                calls += started;
            }
        } else if (event == PTRACE_EVENT_STOP && stop != SIGTRAP) {
            ptrace(PTRACE_LISTEN, tid, 0, 0); /* a group-stop */
            continue;
        } else if (event == 0)
            pass = stop; /* a signal for the program */
        ptrace(PTRACE_SYSCALL, tid, 0, pass); /* ESRCH: killed meanwhile, and reported next */
    }
    FILE *file = fopen(argv[1], "w");
    if (file == NULL || fprintf(file, "%ld\n", calls) < 0 || fclose(file) != 0)
        fail(argv[1]);
    return result;
}
