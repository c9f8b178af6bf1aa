/* What the programs share: pauses without a system call, and calls straight into the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Pass so many milliseconds in user space: the clock is read without a system call. Others get on meanwhile. */
static inline void spin(long ms)
{
	struct timespec begin, now;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

/* A child that makes no call before what it is to do, and waits for its parent to be in its next one. */
static inline pid_t child(void (*does)(void))
{
	pid_t pid = syscall(SYS_fork);
	if (pid == 0) {
		spin(60);
		does();
		syscall(SYS_exit_group, 0);
	}
	return pid;
}

/* A thread that makes no call of its own making either; it ends by returning. */
static inline int thread(int (*does)(void *), void *value)
{
	char *stack = malloc(65536);
	return clone(does, stack + 65536, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		     value);
}

/* Two pages, of which the second cannot be read; the end of the first is where things break off. */
static inline char *edge(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(at + page, page, PROT_NONE);
	return at + page;
}

#define BAD ((void *)0xdeadbeef)
