/* trace: -e trace=signal */
/* trace: -X verbose -e trace=signal -- few */
/* trace: -X raw -e trace=signal */
/* trace: -e verbose=none -e trace=signal */
/* trace: -e raw=rt_sigaction,rt_sigprocmask -e trace=signal */
/* trace: -y -e trace=signal */
/* trace: -v -s 1 -e signal=!SIGUSR1 -e trace=signal */
#include "forms.h"
#include <sys/signalfd.h>

struct action {
	unsigned long handler, flags, restorer, mask, more[7];
};

/* strace -X verbose has no room for more than about 40 signals in one set, and dies. */
static unsigned long most = ~0UL;

static void actions(char *end)
{
	static struct action old;
	static const unsigned long flags[] = {0, 4, 0x04000000, 0x14000000, 0xfc000007, 0x800, 0x400, 0x04000800,
		0xffffffffffffffff, 0x1234500000000};
	static const unsigned long handlers[] = {0, 1, -1, 2, 0x7f0000001000};
	struct action new = {0};
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		new.handler = handlers[i % 5];
		new.flags = flags[i];
		new.restorer = i % 3 ? 0x1234 : 0;
		new.mask = 0x8000000180000001UL << i & most;
		syscall(SYS_rt_sigaction, 10 + i % 2, &new, &old, i % 4 ? 8 : 7);
	}
	memset(&new, 0, sizeof new);
	syscall(SYS_rt_sigaction, 10, &new, NULL, 8);
	syscall(SYS_rt_sigaction, 11, NULL, &old, 8);
	static const int sizes[] = {88, 87, 32, 24, 0};
	for (int i = 0; i < 5; i++) {
		syscall(SYS_rt_sigaction, 12, end - sizes[i], NULL, 8);
		syscall(SYS_rt_sigaction, 12, NULL, end - sizes[i], 8);
	}
	syscall(SYS_rt_sigaction, 9, NULL, NULL, 8);
	syscall(SYS_rt_sigaction, 0, BAD, BAD, -1);
	syscall(SYS_rt_sigaction, 65, 1, -1, 0);
	syscall(SYS_rt_sigaction, -1, &new, &old, 8);
}

static void masks(char *end)
{
	static const unsigned long sets[] = {0, 1, 0x8000000000000000, 0x100000000, 0xfffffffe7fffffff, 0x3ffffffffff,
		0x1ffffffffff, 0x7ffffffffff, ~0UL, ~1UL, 0xffffffff, 0x0000fff0ffffffff, 0x8000000100000000};
	unsigned long old = 0;
	for (unsigned i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		unsigned long set = sets[i] & most;
		memcpy(end - 8, &set, 8);
		syscall(SYS_rt_sigprocmask, i % 5, end - 8, &old, 8);
		syscall(SYS_rt_sigprocmask, 2, NULL, end - 8, 8);
		syscall(SYS_rt_sigprocmask, 1, &set, NULL, 8);
	}
	for (int size = 0; size <= 12; size++) {
		syscall(SYS_rt_sigpending, end - 8, size);
		syscall(SYS_rt_sigprocmask, 0, end - size, end - size, size);
	}
	syscall(SYS_rt_sigprocmask, 0, end - 7, end - 7, 8);
	syscall(SYS_rt_sigprocmask, 0, BAD, NULL, 8);
	syscall(SYS_rt_sigpending, NULL, 8);
	syscall(SYS_rt_sigpending, BAD, 8);
	syscall(SYS_rt_sigpending, end - 7, 8);
	syscall(SYS_rt_sigpending, end - 7, -1);
	syscall(SYS_rt_sigsuspend, end - 8, 7);
	syscall(SYS_rt_sigsuspend, end - 7, 8);
	syscall(SYS_rt_sigsuspend, NULL, 0x100000008);
	int fd = syscall(SYS_signalfd4, -1, &sets[1], 8, 02004000);
	syscall(SYS_signalfd4, fd, &sets[2], 8, 0);
	syscall(SYS_signalfd4, -2, end - 7, 8, -1);
	syscall(SYS_signalfd4, 0, &sets[3], 8, 04001);
	syscall(SYS_signalfd4, 0, &sets[3], 9, 1);
	syscall(SYS_signalfd, 99, &sets[12], 8);
	syscall(SYS_signalfd, fd, NULL, 8);
	syscall(SYS_close, fd);
}

static void stacks(char *end)
{
	static char space[65536];
	struct {
		void *sp;
		unsigned flags, pad;
		unsigned long size;
	} new = {space, 0x80000000, -1, sizeof space}, old;
	syscall(SYS_sigaltstack, &new, &old);
	new.flags = 0xffffffff;
	syscall(SYS_sigaltstack, &new, &old);
	new.flags = 4;
	new.size = -1;
	new.sp = NULL;
	syscall(SYS_sigaltstack, &new, &old);
	new.flags = 2;
	syscall(SYS_sigaltstack, &new, end - 24);
	syscall(SYS_sigaltstack, end - 24, NULL);
	syscall(SYS_sigaltstack, end - 23, NULL);
	syscall(SYS_sigaltstack, NULL, end - 23);
	syscall(SYS_sigaltstack, BAD, 1);
	syscall(SYS_sigaltstack, NULL, NULL);
}

static void sending(void)
{
	static const int numbers[] = {0, 1, 10, 31, 32, 33, 34, 64, 65, -1, 0x7fffffff};
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		syscall(SYS_kill, 0x7ffffffe, numbers[i] | 0x500000000);
		syscall(SYS_tkill, 0x7ffffffe, numbers[i]);
		syscall(SYS_tgkill, -2, 0x7ffffffe, numbers[i]);
	}
	syscall(SYS_kill, 0x1000000000 | getpid(), 0);
	syscall(SYS_kill, -0x7ffffffe, 9);
	syscall(SYS_tgkill, getpid(), -1, 0);
	syscall(SYS_tkill, 0, 1);
}

static void handler(int number)
{
}

/* The mask that a handler's return puts in force, as it was when the signal came. */
static void frames(void)
{
	static const unsigned long sets[] = {0, 0x800, ~0x200UL};
	signal(SIGUSR1, handler);
	for (int i = 0; i < 3; i++) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &sets[i], NULL, 8);
		syscall(SYS_kill, getpid(), SIGUSR1);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, sets, NULL, 8);
}

int main(int count, char **words)
{
	if (count > 1)
		most = 0x8000000080000fff;
	char *end = edge();
	actions(end);
	masks(end);
	stacks(end);
	sending();
	frames();
	return 0;
}
