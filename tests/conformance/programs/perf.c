/* trace: -e trace=perf_event_open,ioctl */
/* trace: -v -s 1 -e trace=perf_event_open,ioctl */
/* trace: -X verbose -v -e trace=perf_event_open,ioctl */
/* trace: -X raw -v -y -e trace=perf_event_open,ioctl */
/* trace: -e trace=perf_event_open,ioctl -e verbose=none */
/* perf_event_open(2) and what is asked of its descriptors. The attributes' sizes are those that were released. */
#include "ioctls.h"
#include <linux/perf_event.h>

static long opened(void *attributes, int pid, int cpu, int group, unsigned long flags)
{
	return syscall(SYS_perf_event_open, attributes, pid, cpu, group, flags);
}

static void ask(void *attributes)
{
	opened(attributes, 0, -1, -1, -1L);
	ioctl(-1, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, attributes);
}

int main(void)
{
	static const unsigned sizes[] = {0, 1, 63, 64, 66, 72, 73, 80, 88, 92, 96, 104, 106, 109, 110, 112, 114, 120, 128, 200, 4096};
	static const unsigned requests[][2] = {
		{PERF_EVENT_IOC_ENABLE, 0}, {PERF_EVENT_IOC_REFRESH, 0}, {PERF_EVENT_IOC_PERIOD, 8},
		{PERF_EVENT_IOC_SET_OUTPUT, 0}, {PERF_EVENT_IOC_SET_BPF, 0}, {PERF_EVENT_IOC_PAUSE_OUTPUT, 0},
		{PERF_EVENT_IOC_SET_FILTER, 40}, {PERF_EVENT_IOC_ID, 8}, {PERF_EVENT_IOC_QUERY_BPF, 24},
		{_IO('$', 77), 0},
	};
	char *end = edge();
	unsigned *at = (unsigned *)(end - 128);

	opened(NULL, 1, 2, 3, 0);
	opened(BAD, -1, -2, -3, 0x10);
	opened((void *)-1, -1, 0x80000000, 0x7fffffff, 1);
	opened(end - 7, 0, 0, 0, 15);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (unsigned fill = 0; fill < 3; fill++) {
			for (unsigned j = 0; j < 128; j++)
				((char *)at)[j] = fill == 0 ? 0 : fill == 1 ? j * 37 + 11 : 0xff;
			at[0] = fill == 2 ? PERF_TYPE_BREAKPOINT : fill;
			at[1] = sizes[i];
			ask(at);
			ask(end - sizes[i]);
		}
	}
	memset(at, 0, 128);
	for (unsigned type = 0; type < 8; type++) {
		at[0] = type;
		at[1] = 128;
		at[2] = 0x1010203;
		at[3] = type & 1;
		*(unsigned long *)&at[10] = type % 2 ? 1UL << 10 | 1 << 14 : 3UL << 15;
		at[13] = type;
		ask(at);
		at[2] = 2;
		at[3] = 0;
		ask(at);
	}
	TABLE(requests);
	succeed();
	TABLE(requests);
	at[0] = PERF_TYPE_SOFTWARE;
	ioctl(-1, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, at);
	return 0;
}
