/* calls N [FILE]: N cheap system calls. It counts them itself, and prints the number and the seconds they
   took. With FILE the number so far is always in FILE's first eight bytes, without a system call more. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time); /* the vDSO's: no system call */
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    long calls = argc > 1 ? atol(argv[1]) : 0;
    long own = 0;
    volatile long *done = &own;
    if (argc > 2) {
        int file = open(argv[2], O_RDWR | O_CREAT, 0600);
        if (file < 0 || ftruncate(file, sizeof own) != 0)
            return 1;
        done = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (done == MAP_FAILED)
            return 1;
    }
    double start = now();
    while (*done < calls) {
        syscall(SYS_getppid);
        *done += 1;
    }
    printf("%ld %.6f\n", *done, now() - start);
    return 0;
}
