/* Messages of netlink's other protocols: sock_diag, netfilter, crypto, SELinux, audit and more. The kernel
   heeds none of them: it refuses MSG_OOB. */
/* trace: -e trace=sendto */
/* trace: -v -X verbose -s 5 -e trace=sendto */
/* trace: -X raw -s 4 -e trace=sendto */
#include "forms.h"
#include <linux/netlink.h>
#include <sys/socket.h>

int main(void)
{
	char *last = edge();
	static char data[4000];
	struct nlmsghdr *header = (void *)data;
	for (int protocol = 0; protocol < 23; protocol++) {
		struct sockaddr_nl name = {AF_NETLINK};
		int one = socket(AF_NETLINK, SOCK_RAW, protocol);
		if (one < 0 || bind(one, (void *)&name, sizeof name))
			continue;
		static const short types[] = {16, 17, 18, 19, 20, 23, 0x101, 0x102, 0x200, 0x30f, 0xa00, 0xa01, 0xa02, 0xc00, 0xd05,
					      1000, 1326};
		for (int i = 0; i < 17; i++) {
			static const short sizes[] = {0, 4, 16, 100, 400};
			for (int j = 0; j < 5; j += protocol == 4 || protocol == 21 ? 1 : 2) {
				size_t size = 16 + sizes[j];
				for (size_t at = 16; at < size; at++)
					data[at] = at % 4 == 1 ? 0 : at % 24;
				data[16] = i == 4 ? 1 : i == 5 ? 17 : i == 6 ? 43 : i == 7 ? 16 : i == 8 ? 10 : 2;
				if (types[i] >> 8 == 10)
					data[19] = 10;
				*header = (struct nlmsghdr){size, types[i], 0x300 | (protocol == 4 && i % 2), 3, 4};
				syscall(SYS_sendto, one, memcpy(last - size, data, size), size, MSG_OOB, NULL, 0);
			}
		}
		memcpy(last - 60, "libudev\0\xfe\xed\xca\xfe\x28\0\0\0\x28\0\0\0\x20\0\0\0", 24);
		syscall(SYS_sendto, one, last - 60, 60L, MSG_OOB, NULL, 0);
		close(one);
	}
	return 0;
}
