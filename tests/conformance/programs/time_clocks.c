/* trace: -e trace=clock_gettime,clock_getres,clock_settime,clock_adjtime,adjtimex,gettimeofday,settimeofday,time,nanosleep,clock_nanosleep,alarm,pause,getitimer,setitimer,timer_create,timer_settime,timer_gettime,timer_getoverrun,timer_delete,timerfd_create,timerfd_settime,timerfd_gettime */
/* trace: -v -X verbose -e trace=clock_gettime,clock_getres,clock_settime,clock_adjtime,adjtimex,gettimeofday,settimeofday,time,nanosleep,clock_nanosleep,getitimer,setitimer,timer_create,timer_settime,timerfd_create,timerfd_settime,timerfd_gettime */
/* trace: -X raw -e trace=clock_gettime,clock_getres,clock_settime,clock_adjtime,adjtimex,gettimeofday,settimeofday,time,timer_create,timer_settime,timerfd_create,timerfd_settime */
#include "forms.h"
#include <sys/timex.h>
#include <sys/timerfd.h>

static void ignore(int signal) { (void)signal; }

static void clocks(char *end)
{
	static const int ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99, -1, -2, -6, -7, -8, -1001, 0x7fffffff};
	void *const where[] = {NULL, BAD, end, end - 15, (void *)-1};
	struct timespec *at = (void *)(end - 16);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		syscall(SYS_clock_getres, ids[i], at);
		at->tv_sec = i;
		at->tv_nsec = -1;
		syscall(SYS_clock_settime, ids[i], at);
	}
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_clock_gettime, CLOCK_REALTIME, where[i]);
		syscall(SYS_clock_getres, CLOCK_REALTIME, where[i]);
		syscall(SYS_clock_settime, 77, where[i]);
		syscall(SYS_clock_adjtime, CLOCK_REALTIME, where[i]);
		syscall(SYS_adjtimex, where[i]);
		syscall(SYS_gettimeofday, where[i], NULL);
		syscall(SYS_gettimeofday, NULL, where[i]);
		syscall(SYS_gettimeofday, where[i], where[4 - i]);
		syscall(SYS_settimeofday, where[i], where[4 - i]);
#ifdef SYS_time
		syscall(SYS_time, where[i]);
#endif
	}
	syscall(SYS_gettimeofday, end - 16, end - 24);
	at->tv_sec = -5;
	at->tv_nsec = 1000001;
	((int *)end)[-6] = -1, ((int *)end)[-5] = 2;
	syscall(SYS_settimeofday, at, end - 24);
}

static void timexes(char *end)
{
	struct timex *at = (void *)(end - sizeof(struct timex));
	/* Nothing that could set the clock: reading, and flags that do not exist. */
	static const unsigned modes[] = {0, ADJ_OFFSET_SS_READ, 0x01000000, 0x40000000};
	for (unsigned i = 0; i < 4; i++) {
		memset(at, 0x7f, sizeof(*at));
		at->modes = modes[i];
		syscall(SYS_adjtimex, at);
		at->modes = modes[i];
		syscall(SYS_clock_adjtime, CLOCK_REALTIME, at);
	}
	syscall(SYS_clock_adjtime, 99, at);
}

static void sleeps(char *end)
{
	void *const where[] = {NULL, BAD, end, end - 15, (void *)-1};
	struct timespec *at = (void *)(end - 16), *other = (void *)(end - 40);
	at->tv_sec = 0;
	at->tv_nsec = 1;
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_nanosleep, at, where[i]);
		syscall(SYS_nanosleep, where[i], at);
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, at, where[i]);
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, where[i], at);
		syscall(SYS_clock_nanosleep, -3, 0x80000002, where[i], at);
	}
	at->tv_nsec = 1000000000;
	syscall(SYS_nanosleep, at, at);
	at->tv_sec = -1;
	at->tv_nsec = -1;
	syscall(SYS_nanosleep, at, at);
	syscall(SYS_clock_nanosleep, 0, 3, at, at);

	/* Broken by a signal; the remaining time would never be the same twice, but for one that cannot be stored. */
	struct itimerval soon = {{0, 0}, {0, 20000}};
	struct sigaction action = {.sa_handler = ignore};
	sigaction(SIGALRM, &action, NULL);
	other->tv_sec = 1000;
	other->tv_nsec = 0;
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
	syscall(SYS_nanosleep, other, NULL);
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
	syscall(SYS_nanosleep, other, BAD);
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
	syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, other, NULL);
	other->tv_sec = 2000000000;
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, other, end - 16);
#ifdef SYS_pause
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
	syscall(SYS_pause);
	syscall(SYS_alarm, 0xffffffff00000000);
	syscall(SYS_alarm, 0);
#endif
}

static void interval_timers(char *end)
{
	static const int which[] = {0, 1, 2, 3, -1};
	void *const where[] = {NULL, BAD, end, end - 31, (void *)-1};
	struct itimerval *at = (void *)(end - sizeof(*at));
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_getitimer, which[i], at);
		syscall(SYS_getitimer, 0, where[i]);
		at->it_interval.tv_sec = -1, at->it_interval.tv_usec = -1;
		at->it_value.tv_sec = 3, at->it_value.tv_usec = 1000000;
		syscall(SYS_setitimer, which[i], at, where[i]);
		memset(at, 0, sizeof(*at));
		syscall(SYS_setitimer, which[i], at, end - 64);
		syscall(SYS_setitimer, which[i], where[i], at);
	}
}

static void posix_timers(char *end)
{
	void *const where[] = {NULL, BAD, end, end - 15, (void *)-1};
	static const int notify[] = {0, 1, 2, 4, 3, -1};
	static const int signals[] = {0, 10, 32, 64, 65, -1};
	struct sigevent *event = (void *)(end - 32);
	struct itimerspec *at = (void *)(end - sizeof(*at));
	int *id = (void *)(end - 100);
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_timer_create, 1, where[i], where[4 - i]);
		syscall(SYS_timer_create, -3, NULL, where[i]);
	}
	for (unsigned i = 0; i < 36; i++) {
		memset(event, i % 3 ? 0x91 : 0, 32);
		event->sigev_signo = signals[i / 6];
		event->sigev_notify = notify[i % 6];
		syscall(SYS_timer_create, 77, event, id);
	}
	syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, id);
	memset(at, 0, sizeof(*at));
	at->it_value.tv_sec = 5;
	syscall(SYS_timer_settime, *id, 0, at, end - 200);
	at->it_value.tv_sec = 0;
	syscall(SYS_timer_settime, *id, 1, at, NULL);
	syscall(SYS_timer_settime, *id, 2, at, end - 200);
	syscall(SYS_timer_gettime, *id, at);
	syscall(SYS_timer_getoverrun, *id);
	syscall(SYS_timer_delete, *id);
	at->it_interval.tv_nsec = -1;
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_timer_settime, -1, 0xffff, at, where[i]);
		syscall(SYS_timer_settime, 0x100000001, 1, where[i], at);
		syscall(SYS_timer_gettime, -1, where[i]);
	}
	syscall(SYS_timer_getoverrun, 0x1ffffffff);
	syscall(SYS_timer_delete, -2);
}

static void timer_descriptors(char *end)
{
	void *const where[] = {NULL, BAD, end, end - 31, (void *)-1};
	struct itimerspec *at = (void *)(end - sizeof(*at));
	syscall(SYS_timerfd_create, -1, -1);
	syscall(SYS_timerfd_create, 10, 4);
	int fd = syscall(SYS_timerfd_create, CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	memset(at, 0, sizeof(*at));
	at->it_value.tv_sec = 5;
	syscall(SYS_timerfd_settime, fd, 0, at, end - 200);
	at->it_value.tv_sec = 0;
	syscall(SYS_timerfd_settime, fd, 3, at, NULL);
	syscall(SYS_timerfd_gettime, fd, at);
	for (unsigned i = 0; i < 5; i++) {
		syscall(SYS_timerfd_settime, fd, 0xf0, where[i], at);
		syscall(SYS_timerfd_settime, fd, 1, at, where[i]);
		syscall(SYS_timerfd_gettime, fd, where[i]);
		syscall(SYS_timerfd_gettime, -1, where[i]);
	}
	close(fd);
}

int main(void)
{
	char *end = edge();
	clocks(end);
	timexes(end);
	sleeps(end);
	interval_timers(end);
	posix_timers(end);
	timer_descriptors(end);
	return 0;
}
