/* trace: -f -e trace=clone,clone3,fork,vfork,unshare,setns */
/* trace: -f -X verbose -e trace=clone,clone3,unshare,setns */
/* trace: -f -X raw -v -e trace=clone,clone3,unshare,setns */
/* trace: -f -s 3 -e trace=clone3 */
/* trace: -f -e verbose=none -e trace=clone,clone3 */
/* trace: -f -e raw=clone,unshare -e trace=clone,clone3,unshare,setns */
/* trace: -f -y -e trace=clone,clone3,setns */
/* compare: thread */
/* mask: parent_tid=\[(3<anon_inode:\[pidfd\]>|3)\] */
#include "forms.h"

struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	uint64_t more[2];
};

static void ended(long pid)
{
	if (pid == 0)
		syscall(SYS_exit, 0);
	else if (pid > 0)
		waitpid(pid, NULL, __WALL);
}

static void clones(char *end)
{
	int tid = -7;
	ended(syscall(SYS_fork));
	ended(syscall(SYS_clone, 17, NULL, NULL, NULL, NULL));
	ended(syscall(SYS_clone, 0, NULL, NULL, NULL, NULL));
	ended(syscall(SYS_clone, 0x100000 | 17, NULL, &tid, NULL, NULL));
	ended(syscall(SYS_clone, 0x1300000 | 23, NULL, end - 4, &tid, NULL));
	ended(syscall(SYS_clone, 0x1000 | 28, NULL, end - 4, BAD, NULL));
	close(3);
	/* None of these makes a process: the flags do not go together. */
	static const unsigned long flags[] = {0x10000, 0x90011, 0x110041, 0x20200, 0x810000, 0x80010000, 0xffffffffff,
		0x390011000, 0x7f00000000010000, 0x10400000, 0x2110000};
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		syscall(SYS_clone, flags[i] | 0x10000, i % 2 ? end : NULL, i % 3 ? end - 4 : end - 3, i % 2 ? NULL : BAD, &tid);
}

static void clones3(char *end)
{
	int tids[] = {1, -1, 33, 4};
	int tid = 5;
	struct clone_arguments all = {.exit_signal = 17, .flags = 0x100000, .parent_tid = (long)&tid};
	ended(syscall(SYS_clone3, &all, 64));
	all.parent_tid = (long)BAD;
	ended(syscall(SYS_clone3, &all, 88));
	all.flags = 0x1000;
	all.pidfd = (long)(end - 4);
	ended(syscall(SYS_clone3, &all, 104));
	close(3);
	all.flags = 0x1200000;
	all.child_tid = (long)&tid;
	ended(syscall(SYS_clone3, &all, 80));
	all.flags = 0;
	all.exit_signal = 0;
	ended(syscall(SYS_clone3, &all, 64));
	/* From here on all fail. */
	static const unsigned long flags[] = {0x10000, 0x311110000, 0x700010000, -1, 0xff010080};
	static const unsigned long signals[] = {10, 64, 65, 0x7ffffffe, 0x7fffffff, 0xffffffff, -1};
	for (int i = 0; i < 7; i++) {
		all.flags = flags[i % 5];
		all.exit_signal = signals[i];
		all.tls = i % 2 ? 0x1234 : 0;
		all.stack_size = i * 0x1000;
		all.stack = i % 2 ? (long)end : 0;
		all.set_tid = i % 3 ? (long)tids : 0;
		all.set_tid_size = i == 5 ? 33 : i;
		all.cgroup = i % 4 ? 0 : -1;
		syscall(SYS_clone3, &all, 88);
		syscall(SYS_clone3, &all, 80 + i);
	}
	all.set_tid = (long)(end - 8);
	all.set_tid_size = 3;
	syscall(SYS_clone3, &all, 80);
	memcpy(all.more, "\0hello, tail of it", 16);
	syscall(SYS_clone3, &all, 104);
	syscall(SYS_clone3, &all, 91);
	syscall(SYS_clone3, &all, -1);
	memcpy(end - 88, &all, 88);
	syscall(SYS_clone3, end - 88, 88);
	syscall(SYS_clone3, end - 88, 89);
	syscall(SYS_clone3, end - 87, 88);
	syscall(SYS_clone3, end - 88, 63);
	syscall(SYS_clone3, NULL, 88);
	syscall(SYS_clone3, BAD, 64);
}

int main(void)
{
	char *end = edge();
	clones(end);
	clones3(end);
	static const unsigned long kinds[] = {0, 0x80, 0x100, 0x10000, 0xffffffffffffffff, 0x1000, 0x1000000, 0x40000};
	for (int i = 0; i < 8; i++) {
		syscall(SYS_unshare, kinds[i] | 0x1000000000);
		syscall(SYS_setns, i - 1, kinds[i]);
	}
	return 0;
}
