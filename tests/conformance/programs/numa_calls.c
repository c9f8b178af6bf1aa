/* trace: -e trace=mbind,set_mempolicy,get_mempolicy,migrate_pages,move_pages,set_mempolicy_home_node */
/* trace: -v -X verbose -e trace=mbind,set_mempolicy,get_mempolicy,migrate_pages,move_pages */
/* trace: -s 3 -X raw -e trace=mbind,set_mempolicy,get_mempolicy,migrate_pages,move_pages */
#include "forms.h"

#define WIDE 0xfedcba9800000000ul

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

int main(void)
{
	static const unsigned long sizes[] = {0, 1, 2, 64, 65, 66, 128, 129, 2560, -1, -62, -63, -64};
	char *end = edge();
	void *const nowhere[] = {NULL, BAD, end, end - 7, (void *)-1};
	unsigned long *sets = (void *)(end - 320), *last = (void *)(end - 16);
	sets[0] = 1, sets[1] = 0x8000000000000000, sets[3] = 0x123456789abcdef;
	memcpy(last, sets, 16);
	for (int i = 0; i < 13; i++) {
		syscall(SYS_mbind, 1, -1, i, sets, sizes[i], 1ul << i);
		syscall(SYS_mbind, BAD, i, i | 0x2000 << i % 3, i < 5 ? nowhere[i] : last, sizes[i], -1);
		syscall(SYS_set_mempolicy, 0x100 | i, sets, sizes[i]);
		syscall(SYS_set_mempolicy, 9 + i + (0xe000ul & i << 13), last, sizes[i]);
		syscall(SYS_set_mempolicy, i | 0xe000, i < 5 ? nowhere[i] : end, sizes[i]);
		syscall(SYS_get_mempolicy, nowhere[i % 5], nowhere[(i + 1) % 5], sizes[i], BAD, 1ul << i);
		syscall(SYS_get_mempolicy, sets, sets + 1, sizes[i], NULL, i & 7);
		syscall(SYS_migrate_pages, -1, sizes[i], sets, i < 5 ? nowhere[i] : last);
	}
	syscall(SYS_mbind, 0, 0, WIDE | 3, sets, 64, WIDE);
	syscall(SYS_mbind, 0, 0, 0xe000, sets, 64, 7);
	syscall(SYS_mbind, 0, 0, WIDE | 0x8005, sets, 64, 16);
	syscall(SYS_set_mempolicy, WIDE, NULL, 0);
	syscall(SYS_get_mempolicy, end - 4, NULL, 0, NULL, 0);
	syscall(SYS_get_mempolicy, NULL, sets, 1024, NULL, 4);
	syscall(SYS_get_mempolicy, sets, NULL, 0, end - 8, 3);
	syscall(SYS_get_mempolicy, 0, NULL, 0, 0, WIDE);
	syscall(SYS_set_mempolicy_home_node, BAD, -1, WIDE, 7);

	void *pages[40];
	int nodes[40], status[40];
	for (int i = 0; i < 40; i++)
		pages[i] = i == 1 ? (void *)sets : i == 2 ? end : NULL, nodes[i] = i - 3, status[i] = 7 - i;
	for (int i = 0; i < 5; i++) {
		syscall(SYS_move_pages, 0, 2, nowhere[i], nowhere[4 - i], nowhere[i], -1);
		syscall(SYS_move_pages, -1, 2, pages, nowhere[i], status, i);
	}
	for (int count = 0; count < 41; count = count * 2 + 1)
		syscall(SYS_move_pages, 0, count, pages, NULL, status, 0);
	syscall(SYS_move_pages, 0, 2, pages, nodes, status, 2);
	syscall(SYS_move_pages, 0, 3, pages, nodes + 3, end - 12, 4);
	syscall(SYS_move_pages, WIDE | 1, -1L, pages, nodes, status, WIDE | 0x80000002);
	memcpy(end - 16, pages, 16);
	syscall(SYS_move_pages, 0, 3, end - 16, end - 8, end - 4, 6);
	syscall(SYS_move_pages, 0, 2, end - 16, NULL, end - 8, 6);
	return 0;
}
