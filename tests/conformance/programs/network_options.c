/* Options of sockets: every level and name, and those with values of their own. */
/* trace: -e trace=getsockopt,setsockopt */
/* trace: -v -X verbose -e trace=getsockopt,setsockopt */
/* trace: -X raw -s 3 -e trace=getsockopt,setsockopt */
/* trace: -e trace=getsockopt,setsockopt -e verbose=none */
/* trace: -e trace=getsockopt,setsockopt -e raw=setsockopt */
/* mask: pid=(\d+) */
#include "forms.h"
#include <sys/socket.h>

int main(void)
{
	int ends[2];
	char *end = edge(), data[300];
	for (int i = 0; i < 300; i++)
		data[i] = i;
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	static const short levels[] = {0, 1, 6, 17, 40, 41, 58, 101, 132, 136, 255, 256, 257, 263, 266, 268, 269, 270, 271,
				       272, 273, 274, 275, 276, 277, 278, 279, 280, 281, 282, 283, 999};
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		for (int name = 0; name < 4; name++)
			setsockopt(-1, levels[i], name * name * name, data, 4 + name % 2);
	for (int name = 4; name < 77; name++) {
		socklen_t length = name % 3 ? 4 : 300;
		if (name != 17 && name != 31 && name != 57 && name != 56 && name != 55 && name != 49)
			getsockopt(ends[0], SOL_SOCKET, name, data, &length);
		setsockopt(-1, SOL_SOCKET, name, data, name % 5);
	}
	static const struct {
		short level, name, length;
	} some[] = {
		{0, 35, 8}, {0, 36, 7}, {0, 35, 12}, {0, 42, 136}, {0, 45, 135}, {0, 64, 84}, {0, 128, 8}, {0, 1152, 4},
		{41, 20, 20}, {41, 21, 19}, {41, 27, 24}, {41, 42, 200}, {41, 64, 5}, {255, 1, 0}, {255, 1, 1}, {255, 1, 4},
		{255, 1, 40}, {263, 1, 16}, {263, 2, 15}, {263, 5, 16}, {263, 13, 17}, {270, 1, 3}, {270, 9, 4}, {270, 1, 10},
		{1, 13, 8}, {1, 13, 7}, {1, 13, 100}, {1, 26, 16}, {1, 26, 15}, {1, 51, 16}, {1, 74, 4}, {1, 74, 3}, {1, 2, 3},
		{1, 2, 5}, {1, 20, 16}, {1, 25, 5}, {6, 13, 5}, {6, 18, 4}, {0, 0, -1}, {1, 3, -4}, {1, 20, 4}, {1, 20, 0},
	};
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		setsockopt(-1, some[i].level, some[i].name, data, some[i].length);
		setsockopt(-1, some[i].level, some[i].name, end - 4, some[i].length);
	}
	setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, NULL, 4);
	setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, BAD, 4);
	setsockopt(-1, SOL_SOCKET, SO_LINGER, BAD, 8);
	setsockopt(-1, 300, 5, BAD, -1);
	syscall(SYS_setsockopt, -1, 0x100000001L, 0x100000002L, data, 0x100000004L);
	memset(data, 0xff, 4);
	setsockopt(-1, 255, 1, data, 4);
	setsockopt(-1, SOL_SOCKET, 74, data, 4);
	socklen_t length = 12;
	getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, data, &length);
	length = 6;
	getsockopt(ends[0], SOL_SOCKET, SO_LINGER, data, &length);
	length = 2;
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, data, &length);
	length = -1;
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, data, &length);
	length = 8;
	getsockopt(-1, SOL_SOCKET, SO_TYPE, data, &length);
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, BAD, &length);
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, NULL, &length);
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, data, BAD);
	getsockopt(ends[0], SOL_SOCKET, SO_TYPE, data, NULL);
	int route = socket(AF_NETLINK, SOCK_RAW, 0);
	for (int i = 0; i < 13; i++) {
		length = i * 2;
		getsockopt(route, 270, i, data, &length);
	}
	return 0;
}
