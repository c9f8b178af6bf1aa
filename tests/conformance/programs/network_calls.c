/* Calls about sockets, but for their messages and options. */
/* trace: -e trace=%network */
/* trace: -v -X verbose -e trace=%network */
/* trace: -X raw -e trace=%network */
/* trace: -s 3 -e trace=%network -e verbose=none */
/* trace: -e trace=%network -e raw=socket,accept4 */
#include "forms.h"
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	static const long types[] = {0, 1, 2, 3, 4, 5, 6, 10, 0x80001, 0x80802, 0x800, 0xf, 0x100001, -1};
	for (long family = 0; family < 48; family++)
		syscall(SYS_socket, family, 0x7, family);
	for (int i = 0; i < 14; i++)
		syscall(SYS_socketpair, 0x100000000L, types[i], i, NULL);
	static const long pairs[][2] = {
		{2, 6}, {2, 262}, {2, 999}, {10, 58}, {3, 0xcc}, {3, 0x100000001L}, {17, 0x300}, {17, 0x1234}, {17, 0x10300},
		{16, 21}, {16, 50}, {23, 1}, {29, 1}, {31, 3}, {31, 90}, {33, 2}, {34, 0x10}, {35, 2}, {37, 5}, {39, 1}, {41, 0},
		{43, 1}, {0x100000002L, 6}, {1, -1}, {-1, -1}, {5, 0x100000000L},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		syscall(SYS_socket, pairs[i][0], 0xf | 0x80000, pairs[i][1]);

	int ends[2], *edges = (int *)edge();
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, edges - 1);
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD);
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 7, edges - 2);
	static const long modes[] = {0, 1, 2, 3, -1};
	for (int i = 0; i < 5; i++) {
		syscall(SYS_shutdown, -1, modes[i]);
		syscall(SYS_listen, -1, modes[i] << 31);
	}
	struct sockaddr_un name = {AF_UNIX, "\0bstrace conformance, a server"};
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(server, (void *)&name, 32);
	listen(server, 5);
	struct sockaddr_storage room;
	socklen_t length;
	static const socklen_t lengths[] = {0, 1, 2, 3, 8, 110, 128, 4096, -1};
	for (int i = 0; i < 9; i++) {
		length = lengths[i];
		syscall(SYS_getsockname, server, &room, &length);
		length = lengths[i];
		syscall(SYS_getpeername, ends[0], &room, &length);
		length = lengths[i];
		syscall(SYS_accept4, -1, &room, &length, i << 11);
	}
	length = sizeof room;
	getsockname(server, (void *)&name, &length);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(client, (void *)&name, length);
	length = 3;
	syscall(SYS_accept4, server, &room, &length, SOCK_CLOEXEC | 1);
	length = 3;
	syscall(SYS_accept4, server, &room, &length, SOCK_CLOEXEC);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	length = sizeof name;
	getsockname(server, (void *)&name, &length);
	connect(client, (void *)&name, length);
	syscall(SYS_accept, server, NULL, NULL);
	void *wild[] = {NULL, BAD, edges, (char *)edges - 2};
	for (int i = 0; i < 4; i++) {
		length = 16;
		syscall(SYS_accept, -1, wild[i], &length);
		syscall(SYS_accept, -1, &room, wild[i]);
		syscall(SYS_getsockname, ends[0], wild[i], &length);
		syscall(SYS_getsockname, ends[0], &room, wild[i]);
	}
	struct sockaddr_un datagrams = {AF_UNIX, "\0bstrace conformance, datagrams"};
	int one = socket(AF_UNIX, SOCK_DGRAM, 0), other = socket(AF_UNIX, SOCK_DGRAM, 0);
	bind(one, (void *)&datagrams, 33);
	bind(other, (void *)&name, 20);
	for (int i = 0; i < 4; i++) {
		sendto(other, "to someone, with more than is shown", 35, MSG_DONTWAIT | MSG_NOSIGNAL | 0x200000, (void *)&datagrams, 33);
		length = lengths[2 * i];
		syscall(SYS_recvfrom, one, &room, i * 20L, MSG_TRUNC | MSG_DONTWAIT, i == 3 ? NULL : &room, &length);
	}
	syscall(SYS_recvfrom, one, &room, 9L, MSG_DONTWAIT, &room, &length);
	syscall(SYS_recvfrom, one, &room, -1L, MSG_DONTWAIT, &room, BAD);
	syscall(SYS_recvfrom, one, BAD, 9L, -1, BAD, &length);
	syscall(SYS_sendto, -1, BAD, 5L, -1, BAD, 16);
	syscall(SYS_sendto, -1, (char *)edges - 5, 9L, 0, (char *)edges - 5, 9);
	syscall(SYS_sendto, -1, NULL, -1L, 0x10000000, NULL, -1);
	syscall(SYS_sendto, -1, "", 0L, 0, "\2\0", 2);
	send(ends[0], "first\0\1\2\3", 9, MSG_EOR | MSG_MORE);
	recv(ends[1], &room, 4, MSG_PEEK);
	recv(ends[1], &room, 100, MSG_DONTWAIT);
	return 0;
}
