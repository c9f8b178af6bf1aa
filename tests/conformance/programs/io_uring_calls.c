/* trace: -e trace=io_uring_setup,io_uring_enter,io_uring_register */
/* trace: -v -X verbose -e trace=io_uring_setup,io_uring_enter,io_uring_register */
/* trace: -s 3 -X raw -e trace=io_uring_setup,io_uring_enter,io_uring_register */
#include "forms.h"
#include <sys/uio.h>

#define WIDE 0xfedcba9800000000ul

struct parameters {
	uint32_t submissions, completions, flags, cpu, idle, features, descriptor, reserved[3];
	uint32_t more[20];
};

static long enter(unsigned code, const void *at, unsigned long count)
{
	return syscall(SYS_io_uring_register, -1, code, at, count);
}

int main(void)
{
	char *end = edge(), probe[16 + 8 * 300];
	void *const nowhere[] = {NULL, BAD, end, end - 3, (void *)-1};
	struct parameters given, *last = (void *)(end - sizeof(given));
	uint64_t *mask = (void *)(end - 4096);
	*mask = 0x4002;
	for (int i = 0; i < 5; i++)
		syscall(SYS_io_uring_setup, i, nowhere[i]);
	for (int bit = 0; bit < 32; bit++) {
		memset(&given, 0, sizeof(given));
		given.flags = 1u << bit | 1u << 31;
		given.cpu = bit;
		given.idle = -bit;
		given.descriptor = bit & 1 ? -1 : 0;
		given.reserved[bit % 3] = bit & 2;
		memset(given.more, bit, sizeof(given.more));
		syscall(SYS_io_uring_setup, WIDE | bit, &given);
	}
	memset(last, 0, sizeof(given));
	int ring = syscall(SYS_io_uring_setup, 2, last);
	int other = syscall(SYS_io_uring_setup, -1, last);
	close(ring);
	close(other);

	for (int bit = 0; bit < 33; bit++)
		syscall(SYS_io_uring_enter, -1, bit, -bit, 1ul << bit, bit & 1 ? mask : nowhere[bit % 5], bit & 3 ? 8 : bit);
	syscall(SYS_io_uring_enter, WIDE, -1, WIDE, -1, mask, WIDE);

	struct iovec buffers[40];
	int numbers[40];
	uint64_t words[40];
	for (int i = 0; i < 40; i++) {
		buffers[i] = (struct iovec){(void *)(long)(i * 4096), i};
		numbers[i] = i < 4 ? -i : i - 3;
		words[i] = i % 3 ? i * 0x123456789ul : 0;
	}
	for (int code = -1; code < 30; code++) {
		enter(code, buffers, 3);
		enter(code, numbers, 7);
		enter(code, words, 40);
		enter(code, words, WIDE | 32);
		enter(code, nowhere[(code + 1) % 5], code);
		enter(code, nowhere[(code + 2) % 5], 40);
		enter(code, memset(end - 40, code + 1, 40), 40);
	}
	/* Lists in structures. */
	struct {
		uint32_t offset, reserved;
		uint64_t at;
	} update = {7, 0, (uintptr_t)numbers}, rings[3] = {{-1, 0, 0}, {1, 2, -1}, {3, 0, 1}};
	enter(6, &update, 5);
	enter(6, &update, 40);
	update.reserved = 3;
	update.at = (uintptr_t)end - 2;
	enter(6, &update, -1);
	enter(20, rings, 3);
	enter(21, rings, 3);
	struct {
		uint32_t count, flags;
		uint64_t reserved, data, tags;
		char more[5000];
	} resources = {3, 1, 0, (uintptr_t)numbers, (uintptr_t)words, {0}};
	struct {
		uint32_t offset, reserved;
		uint64_t data, tags;
		uint32_t count, reserved2;
		char more[40];
	} change = {9, 0, (uintptr_t)numbers, (uintptr_t)words, 4, 0, {0}};
	static const unsigned sizes[] = {31, 32, 33, 40, 50, 5000, -1};
	for (int i = 0; i < 7; i++) {
		resources.data = i == 1 ? (uintptr_t)numbers : (uintptr_t)buffers;
		enter(13, &resources, sizes[i]);
		enter(15, &resources, sizes[i]);
		enter(14, &change, sizes[i] < 70 ? sizes[i] : 72);
		change.data = (uintptr_t)buffers;
		enter(16, &change, sizes[i] < 70 ? sizes[i] : 72);
		change.data = (uintptr_t)numbers;
		resources.count = i * 9;
		resources.flags = i;
		resources.reserved = i & 1;
		resources.more[i] = i & 2;
		change.count = i * 7;
		change.reserved = i & 2;
		change.reserved2 = i & 4;
		change.more[i + 7] = i & 3;
	}
	memcpy(end - 40, &resources, 40);
	enter(13, end - 40, 44);
	enter(13, end - 40, 40);
	struct {
		uint16_t opcode;
		uint8_t operation, reserved;
		uint32_t more[3];
	} rules[8];
	for (int i = 0; i < 8; i++)
		rules[i] = (typeof(rules[0])){i % 5, i * 9, i == 6, {i == 5, 0, i == 7}};
	enter(11, rules, 8);
	struct {
		uint64_t at;
		uint32_t entries;
		uint16_t group, padding;
		uint64_t reserved[3];
	} pool = {0, 16, 3, 0, {0}};
	enter(22, &pool, 1);
	pool.padding = 5;
	pool.reserved[2] = -1;
	pool.at = 0x1000;
	enter(23, &pool, 1);

	/* Where the kernel answers. */
	memset(&given, 0, sizeof(given));
	ring = syscall(SYS_io_uring_setup, 2, &given);
	memset(probe, 0, sizeof(probe));
	enter(8, probe, 0);
	enter(8, probe, 4);
	enter(8, probe, 257);
	syscall(SYS_io_uring_register, ring, 8, probe, 0);
	memset(probe, 0, sizeof(probe));
	syscall(SYS_io_uring_register, ring, 8, probe, 4);
	memset(probe, 0, sizeof(probe));
	syscall(SYS_io_uring_register, ring, 8, probe, 256);
	memset(end - 24, 0, 24);
	syscall(SYS_io_uring_register, ring, 8, end - 24, 1);
	syscall(SYS_io_uring_register, ring, 8, end - 24, 2);
	for (int i = 0; i < 16 + 8 * 4; i++)
		probe[i] = i;
	enter(8, probe, 4);
	enter(8, probe, 0);
	unsigned workers[3] = {0, 0, 0};
	syscall(SYS_io_uring_register, ring, 19, workers, 2);
	workers[0] = 3;
	syscall(SYS_io_uring_register, ring, 19, workers, 2);
	enter(19, workers, 3);
	enter(19, workers, 0);
	enter(19, NULL, 2);
	enter(19, end - 8, 3);
	enter(17, words, 8);
	enter(17, words, 7);
	enter(17, words, 300);
	enter(17, words, 0);
	enter(17, end - 8, 9);
	close(ring);
	return 0;
}
