/* Socket addresses of every family, whole, short, cut by the end of a page, with unusual values. */
/* trace: -e trace=connect,bind */
/* trace: -v -X verbose -e trace=connect,bind */
/* trace: -X raw -e trace=connect,bind */
/* trace: -x -e trace=connect */
/* trace: -xx -s 4 -e trace=connect */
/* trace: -e trace=connect -e verbose=none */
/* trace: -e trace=connect,bind -e raw=bind */
/* trace: -y -e trace=connect */
#include "forms.h"
#include <sys/socket.h>

static char *last;

/* Everything stands directly before memory that cannot be read. */
static void call(const void *address, long length)
{
	size_t there = length > 0 && length <= 300 ? length : 0;
	syscall(SYS_connect, -1, memcpy(last - there, address, there), length);
}

int main(void)
{
	unsigned char data[300];
	last = edge();
	for (int family = 0; family < 48; family++) {
		static const short lengths[] = {2, 3, 16, 32, 128};
		for (int i = 0; i < 5; i++) {
			for (int at = 0; at < 300; at++)
				data[at] = i % 2 ? 0x21 * at + family : at;
			*(unsigned short *)data = family;
			call(data, lengths[i]);
		}
	}
	memset(data, 0, sizeof data);
	static const struct {
		short family, length;
		const char *rest;
	} some[] = {
		{1, 3, "\0"}, {1, 4, "\0a"}, {1, 5, "abc"}, {1, 6, "ab\0c"}, {1, 110, "/whole\0"}, {1, 128, "\0abstract"},
		{2, 16, "\0\x50\x7f\0\0\1"}, {2, 15, "\0\x50\x7f\0\0\1"}, {2, 128, "\0\x50\xff\xff\xff\xff"},
		{10, 24, "\0\x50\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"},
		{10, 28, "\0\x50\0\0\0\7\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0"},
		{10, 28, "\0\x50\0\0\0\7\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xff\xff\xff\x7f"},
		{10, 28, "\0\x50\0\0\0\7\xff\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0"},
		{10, 28, "\0\x50\0\0\0\7\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1\1\0\0\0"},
		{16, 12, "\0\0\1\0\0\0\2\0\0\x80"}, {16, 12, "\1\0\xff\xff\xff\xff\0\0\0\0"},
		{17, 20, "\x08\0\1\0\0\0\1\0\0\6\1\2\3\4\5\6\7\x8"}, {17, 20, "\x12\x34\0\0\0\0\xff\xfe\7\x14\1\2\3\4\5\6\7\x8"},
		{17, 24, "\0\3\1\0\0\0\4\3\4\xa\1\2\3\4\5\6\7\x8\x9\xa"},
		{3, 16, "\x98\x96\x92\x98\x60\x40\x1e\0\0\0\0\0\0"}, {3, 16, "\x40\x40\x40\x40\x40\x40\0\0\0\0\0\0\0"},
		{3, 30, "\x98\x96\x92\x98\x60\x40\x61\0\2\0\0\0\x98\x40\x40\x40\x40\x40\2\x98\x40\x40\x40\x40\x40\4"},
		{3, 23, "\x82\x96\x92\x98\x60\x40\x61\0\x9\0\0\0\x98\x40\x40\x40\x40\x40\2"},
		{31, 4, "\1\0"}, {31, 6, "\1\0\3\0"}, {31, 8, "\1\2\3\4\5\6"}, {31, 10, "\1\2\3\4\5\6\7"},
		{31, 12, "\1\0\1\2\3\4\5\6\x41\0"}, {31, 14, "\x81\0\1\2\3\4\5\6\4\0\1"}, {31, 14, "\x34\x12\1\2\3\4\5\6\x8\0\x9"},
		{33, 36, "\1\0\2\0\x10\0\2\0\0\x50\x7f\0\0\1"}, {33, 36, "\1\0\2\0\xf\0\2\0\0\x50\x7f\0\0\1"},
		{33, 36, "\1\0\2\0\x1c\0\xa\0\0\x50\x7f\0\0\1"}, {33, 36, "\x9\0\2\0\2\0\x9\0\0\x50\x7f\0\0\1"},
		{36, 20, "\0\0\0\0\0\0\xff\xff\1\2\3\4\5\6\7\x8"}, {36, 20, "\0\0\2\0\0\0\xff\xff\xff\xff\3\4\5\6\7\x8"},
		{36, 20, "\0\0\3\0\0\0\x34\x12\1\2\3\4\5\6\7\x8"},
		{38, 25, "type\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\1\0\0\0x"}, {38, 60, "fourteen bytes\0\0\0\0\0\0\0\0name"},
		{39, 16, "\0\0\1\0\0\0\2\0\0\0\5\0\0\0"}, {39, 20, "\0\0\1\0\0\0\2\0\0\0\x9\0\0\0"},
		{39, 96, "\0\0\xff\xff\xff\xff\2\0\0\0\5\0\0\0\1\4service"},
		{40, 16, "\0\0\xff\xff\xff\xff\2\0\0\0\1"}, {40, 16, "\1\0\1\0\0\0\xff\xff\xff\xff\2\1\2\3"},
		{42, 12, "\0\0\xff\xff\xff\xff\xfe\xff\xff\xff"}, {44, 16, "\1\0\1\0\0\0\2\0\0\0\3\0\0\0"},
		{44, 16, "\2\0\1\0\0\0\2\0\0\0\3\0\0\0"}, {44, 16, "\7\0\xff\xff\xff\xff\2\0\0\0\0\0\0\0"},
		{45, 12, "\0\0\0\0\0\0\xff\1\2\0"}, {45, 12, "\1\0\1\0\0\0\0\1\2\3"},
	};
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		memset(data, 0, sizeof data);
		*(unsigned short *)data = some[i].family;
		memcpy(data + 2, some[i].rest, some[i].length < 32 ? some[i].length - 2 : 30);
		if (some[i].length == 96)
			data[88] = 7;
		call(data, some[i].length);
	}
	*(unsigned short *)data = 0xffff;
	call(data, 200);
	static const long wild[] = {0, 1, -1, 129, 0x7fffffff, 0x80000000L, 0x100000010L};
	for (int i = 0; i < 7; i++) {
		syscall(SYS_bind, -1, last - 16, wild[i]);
		syscall(SYS_bind, -1, NULL, wild[i]);
		syscall(SYS_bind, -1, BAD, wild[i]);
	}
	return 0;
}
