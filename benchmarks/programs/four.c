/* four N: four processes side by side, each N times a millisecond or so of computing and one system call.
   SIGCHLD stays blocked: two that end at once would give one signal or two. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, STEPS = 500000 };

static void compute(void) {
    static volatile unsigned long kept;
    unsigned long value = kept;
    for (long step = 0; step < STEPS; step++)
        value = value * 6364136223846793005UL + 1442695040888963407UL;
    kept = value;
}

int main(int argc, char **argv) {
    long calls = argc > 1 ? atol(argv[1]) : 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int each = 0; each < PROCESSES; each++) {
        pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid > 0)
            continue;
        while (calls-- > 0) {
            compute();
            syscall(SYS_getppid);
        }
        _exit(0);
    }
    for (int each = 0; each < PROCESSES; each++)
        if (wait(NULL) < 0)
            return 1;
    return 0;
}
