/* trace: -e trace=poll,ppoll,select,pselect6,epoll_create,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2 */
/* trace: -v -X verbose -e trace=poll,ppoll,select,pselect6,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2 */
/* trace: -s 3 -X raw -e trace=poll,ppoll,select,pselect6,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2 */
#include "forms.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static int ends[2];

static void *end_of(char *end, const void *data, size_t size) { return memcpy(end - size, data, size); }

static void polls(char *end)
{
	void *const bad[] = {NULL, BAD, end, end - 7, (void *)-1};
	struct timespec *none = (void *)(end - 4096), *some = none + 1;
	uint64_t *mask = (void *)(none + 2);
	memset(none, 0, 64);
	some->tv_sec = 7;
	*mask = 0x4002;
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_poll, bad[i], 0, 0);
		syscall(SYS_poll, bad[i], 1, 0);
		syscall(SYS_poll, bad[i], -1, 0);
		syscall(SYS_ppoll, bad[i], 2, none, mask, 8);
		syscall(SYS_ppoll, NULL, 0, none, bad[i], 8);
		syscall(SYS_ppoll, NULL, 0, none, mask, i);
		syscall(SYS_ppoll, end - 8, 2, none, bad[i], i * 4);
		syscall(SYS_ppoll, NULL, 0xffffffff00000000, i > 0 ? bad[i] : none, mask, 9);
	}
	struct pollfd few[] = {{ends[0], POLLIN | POLLPRI, -1}, {-1, POLLIN, 0}, {-100, 0, 0}, {ends[1], -1, 0},
			       {77, POLLOUT, 0}, {ends[1], 0x8000, 0}, {ends[1], 0x4800, 0}, {ends[1], 0, 0}};
	syscall(SYS_poll, few, 0, 0);
	syscall(SYS_poll, few, 1, 0);
	syscall(SYS_poll, few, 1, 20);
	syscall(SYS_poll, few, 4, 0xffffffff);
	syscall(SYS_poll, end_of(end, few, sizeof(few)), 8, -7);
	syscall(SYS_poll, end - 16, 3, -7);
	syscall(SYS_ppoll, few, 8, some, mask, 8);
	syscall(SYS_ppoll, few, 8, NULL, NULL, 8);
	syscall(SYS_ppoll, few, 2, none, NULL, 8);
	syscall(SYS_ppoll, few, 2, end - 15, NULL, 8);
	syscall(SYS_ppoll, few, 8, end - 16, NULL, 0);
	/* Many: what is noted has an end. */
	struct pollfd many[300];
	for (int i = 0; i < 300; i++)
		many[i] = (struct pollfd){i < 100 ? ends[0] : ends[1], POLLOUT | POLLIN | POLLWRNORM, 0};
	for (unsigned count = 1; count < 300; count = count * 3 / 2 + 1)
		syscall(SYS_poll, many, count, 0);
	many[30].fd = many[33].fd = many[90].fd = ends[1];
	syscall(SYS_poll, many, 100, 0);
	some->tv_sec = 123456789, some->tv_nsec = 0;
	syscall(SYS_ppoll, many + 80, 200, some, NULL, 8);
	for (int i = 0; i < 40; i++) {
		many[i].fd = 9999;
		some->tv_sec = 123456789, some->tv_nsec = 0;
		syscall(SYS_ppoll, many, i + 1, some, NULL, 8);
	}
}

static void selects(char *end)
{
	static const int counts[] = {0, 1, 8, 64, 65, 512, 1024, -1, 0x7fffffff};
	void *const bad[] = {NULL, BAD, end, end - 7, (void *)-1};
	struct timeval none = {0, 0}, *left = (void *)(end - 4096);
	struct timespec *exact = (void *)(end - 4096);
	fd_set in, out, except;
	struct {
		void *set;
		size_t size;
	} masks[] = {{NULL, 8}, {BAD, 8}, {&in, 8}, {&in, 7}, {end - 4, 8}};
#define CLEAR()                                                                    \
	do {                                                                       \
		memset(&in, 0, 128), memset(&out, 0, 128), memset(&except, 0, 128); \
		left->tv_sec = left->tv_usec = 0;                                   \
	} while (0)
	memset(end - 64, 0, 64);
	for (unsigned i = 0; i < 9; i++) {
		CLEAR();
#ifdef SYS_select
		syscall(SYS_select, counts[i], &in, NULL, &except, &none);
		syscall(SYS_select, counts[i], bad[i % 5], &out, end - 8, left);
		syscall(SYS_select, counts[i], NULL, NULL, NULL, bad[i % 4 + 1]);
#endif
		syscall(SYS_pselect6, counts[i], &in, bad[i % 5], &except, exact, NULL);
		syscall(SYS_pselect6, counts[i], NULL, NULL, NULL, exact, &masks[i % 5]);
		syscall(SYS_pselect6, 0, NULL, NULL, NULL, exact, bad[i % 5]);
	}
	CLEAR();
	FD_SET(ends[1], &out);
	FD_SET(ends[0], &in);
	left->tv_sec = 5;
	syscall(SYS_pselect6, 16, &in, &out, &except, left, NULL);
	CLEAR();
	FD_SET(ends[1], &in), FD_SET(ends[0], &in), FD_SET(ends[1], &out), FD_SET(0, &out), FD_SET(1, &except);
	syscall(SYS_pselect6, 16, &in, &out, &except, NULL, NULL);
	CLEAR();
	FD_SET(200, &in);
	syscall(SYS_pselect6, 201, &in, NULL, NULL, left, NULL);
	/* Ready in the first and the second set, but nothing in between: strace closes a bracket twice. */
	CLEAR();
	FD_SET(0, &in), FD_SET(ends[1], &out);
	syscall(SYS_pselect6, 16, &in, &out, &except, NULL, NULL);
	CLEAR();
	for (int i = 300; i < 1000; i++)
		dup2(ends[1], i), FD_SET(i, &out);
	FD_SET(ends[1], &out);
	left->tv_sec = 123456789, left->tv_usec = 0;
	syscall(SYS_pselect6, 1024, &in, &out, &except, left, NULL);
	syscall(SYS_close_range, 300, 1000, 0);
}

static void epolls(char *end)
{
	void *const bad[] = {NULL, BAD, end, end - 11, (void *)-1};
	struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET | EPOLLONESHOT, {.u64 = 0x123456789abcdef0}}, *at, many[64];
	struct timespec *none = (void *)(end - 4096);
	uint64_t *mask = (void *)(none + 1);
	memset(none, 0, sizeof(*none));
	*mask = ~0ul;
#ifdef SYS_epoll_create
	syscall(SYS_epoll_create, -1);
	close(syscall(SYS_epoll_create, 0x100000001));
#endif
	syscall(SYS_epoll_create1, -1);
	syscall(SYS_epoll_create1, 0x80001);
	int fd = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
	at = end_of(end, &event, sizeof(event));
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_epoll_ctl, fd, i, ends[1], at);
		syscall(SYS_epoll_ctl, fd, i, -1, bad[i]);
		syscall(SYS_epoll_ctl, -1, EPOLL_CTL_MOD, fd, bad[i]);
	}
	at->events = 0xffffffff;
	syscall(SYS_epoll_ctl, fd, -1, ends[1], at);
	at->events = 0x00005800;
	syscall(SYS_epoll_ctl, fd, 1, 9999, at);
	at->events = 0;
	syscall(SYS_epoll_ctl, fd, 1, 9999, at);
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_epoll_pwait, fd, many, 4, 0, bad[i], 8);
		syscall(SYS_epoll_pwait, fd, many, 4, 0, mask, i);
		syscall(SYS_epoll_pwait, fd, bad[i], 4, 0, mask, 8);
		syscall(SYS_epoll_pwait2, i ? fd : -1, many, 4, bad[i], mask, 8);
		syscall(SYS_epoll_pwait2, fd, many, 4, none, bad[i], 8);
		syscall(SYS_epoll_pwait, -1, bad[i], -1, -1, NULL, -1);
	}
	event.events = EPOLLOUT | EPOLLWRNORM;
	for (int i = 0; i < 50; i++) {
		event.data.u64 = i * 1000000007ul;
		dup2(ends[1], 300 + i);
		epoll_ctl(fd, EPOLL_CTL_ADD, 300 + i, &event);
	}
	syscall(SYS_epoll_pwait, fd, many, 2, 0, NULL, 8);
	syscall(SYS_epoll_pwait, fd, end - 24, 2, 0, NULL, 0);
#ifdef SYS_epoll_wait
	syscall(SYS_epoll_wait, fd, many, 3, 0x100000000);
	syscall(SYS_epoll_wait, fd, many, 64, 1000);
	syscall(SYS_epoll_wait, fd, end - 24, 64, 0);
	syscall(SYS_epoll_wait, fd, bad[1], 64, 0);
	syscall(SYS_epoll_wait, 0, many, 64, 0);
#endif
	syscall(SYS_epoll_pwait2, fd, many, 64, none, mask, 8);
	syscall(SYS_close_range, 300, 400, 0);
}

int main(void)
{
	char *end = edge();
	open("/dev/null", O_RDWR);
	pipe(ends);
	polls(end);
	selects(end);
	epolls(end);
	return 0;
}
