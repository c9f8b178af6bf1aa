/* trace: -e trace=rt_sigtimedwait,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal */
/* trace: -X verbose -e trace=rt_sigtimedwait,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal */
/* trace: -X raw -e trace=rt_sigtimedwait,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal */
/* trace: -e verbose=none -e trace=rt_sigtimedwait,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal */
/* trace: -e raw=rt_sigtimedwait -y -e trace=rt_sigtimedwait,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal */
#include "forms.h"

static void informations(char *end)
{
	static const int codes[] = {0, 0x80, -1, -2, -3, -5, -6, -7, -60, -61, 1, 2, 3, 4, 5, 6, 8, 9, 0x7fff};
	static const int numbers[] = {1, 4, 5, 7, 8, 11, 17, 27, 29, 31, 32, 64, 65, -1};
	static const int errors[] = {0, 2, 4096, -1, 512, 133};
	char *info = end - 128;
	int round = 0;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		for (unsigned j = 0; j < sizeof(codes) / sizeof(*codes); j++) {
			if (i % 4 && codes[j] < 0)
				continue;
			memset(info, 0, 128);
			for (int k = 16; k < 128; k++)
				info[k] = round % 3 == 0 ? 0 : round % 3 == 1 ? k - 14 : 0xff - k;
			((int *)info)[0] = numbers[i];
			((int *)info)[1] = errors[round++ % 6];
			((int *)info)[2] = codes[j];
			syscall(SYS_rt_sigqueueinfo, 0x7ffffffe, numbers[i], info);
		}
	memset(info, 0, 128);
	((int *)info)[0] = 31;
	((int *)info)[2] = 1;
	static const unsigned audits[] = {0xc000003e, 0xc00000b7, 0, 0x28};
	static const int calls[] = {0, 59, 334, 424, 999, -1};
	for (int i = 0; i < 24; i++) {
		if (i % 4 == 1 && calls[i / 4] != -1)
			continue;
		((unsigned *)info)[7] = audits[i % 4];
		((int *)info)[6] = calls[i / 4];
		syscall(SYS_rt_tgsigqueueinfo, -1, 0x7ffffffe, 31, info);
	}
	((int *)info)[0] = 0;
	((int *)info)[2] = 77;
	syscall(SYS_pidfd_send_signal, 0, 0, info, 0);
	syscall(SYS_pidfd_send_signal, -1, 34, end - 127, -1);
	syscall(SYS_pidfd_send_signal, 99, 77, NULL, 0x80000000);
	syscall(SYS_rt_sigqueueinfo, 0, 9, NULL);
	syscall(SYS_rt_sigqueueinfo, 0x7ffffffe, 9, BAD);
	syscall(SYS_rt_tgsigqueueinfo, 0x7ffffffe, 1, 9, end - 127);
}

static void waits(char *end)
{
	unsigned long set = 0x200 | 1UL << 33;
	struct timespec zero = {0, 0}, odd = {-1, -1}, hour = {3600, 1};
	char info[128];
	union sigval value = {.sival_int = -5};
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	for (int i = 0; i < 4; i++) {
		if (i % 2)
			syscall(SYS_kill, getpid(), 10);
		else
			sigqueue(getpid(), 34, value);
		syscall(SYS_rt_sigtimedwait, &set, i == 3 ? NULL : info, i == 1 ? NULL : &hour, 8);
	}
	syscall(SYS_rt_sigtimedwait, &set, info, &zero, 8);
	syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 8);
	syscall(SYS_rt_sigtimedwait, &set, NULL, &odd, 8);
	syscall(SYS_rt_sigtimedwait, &set, info, &odd, 8);
	syscall(SYS_rt_sigtimedwait, end - 8, end - 127, end - 15, 8);
	syscall(SYS_rt_sigtimedwait, end - 7, BAD, BAD, 8);
	syscall(SYS_rt_sigtimedwait, end - 7, NULL, BAD, 8);
	syscall(SYS_rt_sigtimedwait, NULL, NULL, NULL, 0);
	syscall(SYS_rt_sigtimedwait, &set, info, &zero, -1);
	kill(getpid(), 10);
	syscall(SYS_rt_sigtimedwait, &set, end - 127, &zero, 8);
}

int main(void)
{
	char *end = edge();
	informations(end);
	waits(end);
	return 0;
}
