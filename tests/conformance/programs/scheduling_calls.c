/* trace: -e trace=/sched_,getpriority,setpriority,ioprio_get,ioprio_set,getcpu */
/* trace: -v -X verbose -e trace=/sched_,getpriority,setpriority,ioprio_get,ioprio_set,getcpu */
/* trace: -X raw -e trace=/sched_,getpriority,setpriority,ioprio_get,ioprio_set,getcpu */
/* trace: -s 1 -e verbose=none -e trace=/sched_,getpriority,setpriority,ioprio_get,ioprio_set,getcpu */
/* trace: -e raw=ioprio_get,sched_getattr -e trace=ioprio_get,sched_getattr */
/* mask: ^getcpu\(\[(\d+)\], */
#include "forms.h"

#define NOBODY 0x7ffffffe

static void policies(char *end)
{
	int level = 3;
	for (int policy = -1; policy < 9; policy++) {
		syscall(SYS_sched_get_priority_min, policy);
		syscall(SYS_sched_get_priority_max, policy | 0x40000000);
		syscall(SYS_sched_setscheduler, NOBODY, policy, policy % 2 ? &level : NULL);
	}
	syscall(SYS_sched_yield);
	syscall(SYS_sched_getscheduler, 0);
	syscall(SYS_sched_getscheduler, NOBODY);
	syscall(SYS_sched_setscheduler, 0, 0x40000000, end - 3);
	syscall(SYS_sched_setscheduler, -1, 0, BAD);
	syscall(SYS_sched_getparam, 0, end - 4);
	syscall(SYS_sched_getparam, 0, end - 3);
	syscall(SYS_sched_getparam, -1, NULL);
	syscall(SYS_sched_setparam, NOBODY, &level);
	syscall(SYS_sched_setparam, 0, end - 3);
	syscall(SYS_sched_rr_get_interval, 0, end - 16);
	syscall(SYS_sched_rr_get_interval, 0, end - 15);
	syscall(SYS_sched_rr_get_interval, NOBODY, end - 16);
}

static void cpus(char *end)
{
	static const int sizes[] = {0, 1, 2, 7, 8, 15, 16, 127, 128, 129, 136, 144, -1};
	memset(end - 256, 0, 256);
	end[-1] = 0x41;
	end[-9] = 0xff;
	end[-128] = 3;
	end[-256] = 0x80;
	for (int i = 0; i < 13; i++) {
		syscall(SYS_sched_setaffinity, NOBODY, sizes[i], sizes[i] < 0 ? end - 256 : end - sizes[i]);
		syscall(SYS_sched_setaffinity, NOBODY, sizes[i], end - 256);
		syscall(SYS_sched_getaffinity, i % 2 ? 0 : NOBODY, sizes[i], sizes[i] < 0 ? end - 512 : end - sizes[i]);
	}
	syscall(SYS_sched_setaffinity, NOBODY, 8, NULL);
	syscall(SYS_sched_setaffinity, NOBODY, 8, end - 7);
	syscall(SYS_sched_getaffinity, 0, 128, NULL);
	syscall(SYS_sched_getaffinity, 0, 128, end - 3);
	syscall(SYS_getcpu, end - 4, NULL, NULL);
	syscall(SYS_getcpu, NULL, end - 4, end);
	syscall(SYS_getcpu, end - 3, end - 4, BAD);
}

static void attributes(char *end)
{
	static const unsigned sizes[] = {0, 1, 47, 48, 52, 55, 56, 57, 64, 4096, -1};
	static const uint64_t flags[] = {0, 1, 8, 0x10, 0x18, 0x7f, 0x80, -1};
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
		uint32_t least, most, more[4];
	} all = {0, 3, 0, -5, 7, 1, -1, 3, 1, -1, {1, 2, 3, 4}};
	for (int i = 0; i < 11; i++) {
		all.size = sizes[i];
		all.flags = flags[i % 8];
		all.policy = i == 5 ? -1 : i;
		syscall(SYS_sched_setattr, NOBODY, &all, i % 3);
		all.size = sizes[i];
		memcpy(end - 48, &all, 48);
		syscall(SYS_sched_setattr, -1, end - 48, i % 3);
		syscall(SYS_sched_getattr, 0, i % 2 ? end - 56 : end - 48, sizes[i], i / 7);
	}
	for (int i = 0; i < 8; i++) {
		all.size = 56;
		all.flags = flags[i];
		syscall(SYS_sched_setattr, NOBODY, &all, -1);
	}
	syscall(SYS_sched_setattr, 0, end - 3, 0);
	syscall(SYS_sched_setattr, 0, NULL, 0);
	syscall(SYS_sched_getattr, 0, NULL, 48, 0);
	syscall(SYS_sched_getattr, 0, end - 47, 48, 0);
}

static void priorities(void)
{
	static const int numbers[] = {0, 1, 2, 3, 4, -1, 0x7fff};
	for (int i = 0; i < 7; i++) {
		syscall(SYS_getpriority, numbers[i], i ? NOBODY : 0);
		syscall(SYS_setpriority, numbers[i], NOBODY, -numbers[6 - i]);
		syscall(SYS_ioprio_get, numbers[i], i == 1 ? 0 : NOBODY);
		syscall(SYS_ioprio_set, numbers[i], NOBODY, numbers[6 - i] << 13 | i);
	}
	syscall(SYS_ioprio_set, 1, NOBODY, 0x5ffff);
}

int main(void)
{
	char *end = edge();
	policies(end);
	cpus(end);
	attributes(end);
	priorities();
	return 0;
}
