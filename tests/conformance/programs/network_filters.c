/* Socket filters: programs of the classic BPF. */
/* trace: -e trace=setsockopt,getsockopt */
/* trace: -v -e trace=setsockopt,getsockopt */
/* trace: -v -X verbose -e trace=setsockopt,getsockopt */
/* trace: -v -X raw -e trace=setsockopt,getsockopt */
#include "forms.h"
#include <linux/filter.h>
#include <sys/socket.h>

int main(void)
{
	static struct sock_filter all[4100];
	char *end = edge();
	for (int i = 0; i < 600; i++)
		all[i] = (struct sock_filter){i, i % 5 == 4, i % 7 == 6, i};
	static const unsigned operands[] = {0, 1, -1U, -0x1000U, -0xff0U, -0xfc0U, -0x100000U, -0xfffffU, -0x200000U, -0x200001U};
	for (int i = 0; i < 10; i++) {
		all[600 + i] = (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0, operands[i]};
		all[610 + i] = (struct sock_filter){BPF_LD | BPF_B | BPF_IND, 0, 0, operands[i]};
		all[620 + i] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, operands[i]};
		all[630 + i] = (struct sock_filter){0xff00 | i, 0, 0, operands[i]};
	}
	static const unsigned short counts[] = {0, 1, 640, 4096, 4097, 65535};
	for (int i = 0; i < 6; i++) {
		struct sock_fprog program = {counts[i], all};
		setsockopt(-1, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	}
	struct sock_filter *cut = (void *)memcpy(end - 16, all, 16);
	struct sock_fprog programs[] = {{3, cut}, {2, NULL}, {2, BAD}, {0, BAD}, {2, (void *)-8}};
	for (int i = 0; i < 5; i++)
		setsockopt(-1, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &programs[i], 16);
	setsockopt(-1, SOL_SOCKET, SO_ATTACH_FILTER, end - 8, 16);
	struct sock_filter accept = {BPF_RET | BPF_K, 0, 0, -1};
	struct sock_fprog program = {1, &accept};
	int ends[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	for (socklen_t length = 0; length < 3; length++) {
		socklen_t room = length;
		getsockopt(ends[0], SOL_SOCKET, SO_GET_FILTER, all, &room);
	}
	return 0;
}
