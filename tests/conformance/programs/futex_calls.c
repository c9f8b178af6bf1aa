/* trace: -e trace=futex,futex_waitv,set_robust_list,get_robust_list */
/* trace: -v -X verbose -e trace=futex,futex_waitv,get_robust_list */
/* trace: -v -s 200 -X raw -e trace=futex,futex_waitv */
#include "forms.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct waiter {
	uint64_t value, address;
	uint32_t flags, reserved;
};

int main(void)
{
	char *end = edge();
	void *const bad[] = {NULL, BAD, end, end - 15, (void *)-1};
	struct timespec *at = (void *)(end - sizeof(*at));
	uint32_t *word = (void *)(end - 4096), *other = word + 1;
	/* The word is not what it ought to be, or the time is over at once: nothing waits. */
	*word = 7;
	at->tv_sec = -1;
	at->tv_nsec = -1;
	for (int op = 0; op < 16; op++)
		for (int flags = 0; flags < 8; flags++)
			syscall(SYS_futex, 0xbad1, op | flags << 7, 0xfffffffffffffff0, at, 0xbad2, op & 1 ? -1 : 5);
	for (int i = 0; i < 5; i++) {
		syscall(SYS_futex, word, 0, 6, bad[i], other, 7);
		syscall(SYS_futex, word, 9 | 0x180, 6, bad[i], other, -1);
		syscall(SYS_futex, bad[i], 3, i, bad[i], bad[i], 1);
		syscall(SYS_futex, bad[i], 11, -1, bad[i], bad[i], 1);
		syscall(SYS_futex, bad[i], 6, -1, bad[i], bad[i], 1);
	}
	for (unsigned i = 0; i < 32; i++)
		syscall(SYS_futex, 1, 5 | (i & 1) << 7, i, i * 1000, other, 0x01001001u * i << (i & 3) | i << 27);
	syscall(SYS_futex, word, 5, 1, 1, other, 0xd6789abc);
	syscall(SYS_futex, word, 5, 1, 1, other, 0xffffffff);
	syscall(SYS_futex, word, 5, 1, 1, other, 0);
	syscall(SYS_futex, word, 1, 0x7fffffff, NULL, NULL, 0);
	at->tv_sec = 0;
	at->tv_nsec = 1;
	syscall(SYS_futex, word, 0x80, 7, at, NULL, 0);
	syscall(SYS_futex, word, 0x180, 7, at, NULL, 0);
	syscall(SYS_futex, word, 0x189, 7, at, NULL, 0x1234);
	syscall(SYS_futex, word, -1, 7, at, NULL, 0);

	struct waiter many[200], *last = (void *)(end - 48);
	for (int i = 0; i < 200; i++)
		many[i] = (struct waiter){i ? i * 0x1000000001 : 0, i % 3 ? (uintptr_t)word : 0, i * 7, i % 5 ? 0 : i};
	for (int count = 0; count < 200; count = count * 2 + 1)
		syscall(SYS_futex_waitv, many, count, 1, NULL, CLOCK_MONOTONIC);
	syscall(SYS_futex_waitv, many, 128, -1, at, -1);
	syscall(SYS_futex_waitv, many, 129, -1, at, 0);
	syscall(SYS_futex_waitv, many, 200, 0xffffffff00000000, end, 11);
	memcpy(last, many, 48);
	syscall(SYS_futex_waitv, last, 2, 1, BAD, 1);
	syscall(SYS_futex_waitv, last, 3, 1, end - 15, 1);
	syscall(SYS_futex_waitv, last + 2, 3, 1, at, 1);
	syscall(SYS_futex_waitv, NULL, 3, 1, at, 1);
	syscall(SYS_futex_waitv, BAD, -1, 1, at, 1);
	syscall(SYS_set_robust_list, BAD, 25);
	syscall(SYS_set_robust_list, NULL, -1);
	syscall(SYS_get_robust_list, 0, end - 16, end - 8);
	syscall(SYS_get_robust_list, 0, end - 7, end - 8);
	syscall(SYS_get_robust_list, -1, end - 16, NULL);
	return 0;
}
