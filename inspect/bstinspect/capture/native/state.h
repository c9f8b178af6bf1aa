/* The state of the loop: static, for one process is one tracer, and one thread of it. What is not touched of the
   large arrays takes no memory. */

#ifndef BSTRACE_STATE_H
#define BSTRACE_STATE_H

#include <stdint.h>
#include <time.h>

#include "model.h"

enum {
    TIDS = 1 << 22, /* PID_MAX_LIMIT of 64-bit kernels */
    TRACEES = 1 << 16,
};

static struct call calls[CALLS];
static uint32_t places[TIDS]; /* 1 + place in `tracees`; 0 for none */
static struct tracee tracees[TRACEES];
static uint32_t vacant[TRACEES], vacancies, fresh_places, registered;
static uint64_t own_arch, signals, few;
static int64_t sweep_every, pause_ns, now;
static int measured;

/* Read by capture/compiled.py. */
struct stop bst_stop;
int32_t bst_signal;
uint64_t bst_used;
uint64_t bst_stops; /* syscall-stops that were not handed over */

static int64_t monotonic(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct tracee *find(int tid) {
    uint32_t place = tid >= 0 && tid < TIDS ? places[tid] : 0;
    return place ? &tracees[place - 1] : NULL;
}

#endif
