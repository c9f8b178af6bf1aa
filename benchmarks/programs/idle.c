/* idle THREADS CALLS: threads that sleep in pause(), and one that makes CALLS cheap system calls. It counts
   them itself, and prints the number and the seconds they took. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 64 << 10 };
static atomic_long asleep;

static void *sleeper(void *unused) {
    (void)unused;
    atomic_fetch_add(&asleep, 1);
    while (pause())
        ;
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time); /* the vDSO's: no system call */
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    long threads = argc > 1 ? atol(argv[1]) : 0, calls = argc > 2 ? atol(argv[2]) : 0, done = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    for (long each = 0; each < threads; each++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, sleeper, NULL) != 0)
            return 1;
    }
    while (atomic_load(&asleep) < threads)
        ; /* without a system call: how many there are must not depend on the tracer */
    double start = now();
    for (; done < calls; done++)
        syscall(SYS_getppid);
    printf("%ld %.6f\n", done, now() - start);
    return 0;
}
