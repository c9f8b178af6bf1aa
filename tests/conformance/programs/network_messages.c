/* Messages with headers: vectors, names, control data; one and several at once. */
/* trace: -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg */
/* trace: -v -X verbose -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg */
/* trace: -X raw -s 2 -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg */
/* trace: -y -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg */
/* trace: -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg -e verbose=none */
/* trace: -xx -e trace=sendmsg,recvmsg,sendmmsg,recvmmsg */
/* mask: left \{tv_sec=0, tv_nsec=(\d+)\} */
#include "forms.h"
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	int ends[2];
	char *end = edge(), room[3000], long_text[2000];
	memset(long_text, 'l', sizeof long_text);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	struct iovec vector[40] = {{"one", 3}, {"two", 3}, {NULL, 0}, {long_text, 2000}, {long_text, 2000}, {"last", 4}};
	struct msghdr header = {"\1\0name", 6, vector, 6, NULL, 0, MSG_EOR};
	sendmsg(ends[0], &header, MSG_DONTWAIT);
	header.msg_name = NULL;
	header.msg_namelen = 0;
	sendmsg(ends[0], &header, MSG_DONTWAIT | MSG_OOB);
	struct iovec space[3] = {{room, 2}, {room + 2, 1000}, {room + 1002, 1998}};
	struct msghdr answer = {room, 0, space, 3, NULL, 0, -1};
	for (int i = 0; i < 3; i++) {
		sendmsg(ends[0], &header, 0);
		answer.msg_namelen = 40 * i;
		answer.msg_iovlen = i;
		recvmsg(ends[1], &answer, i == 1 ? MSG_TRUNC : 0);
	}
	answer.msg_namelen = 77;
	recvmsg(ends[1], &answer, MSG_DONTWAIT);
	recvmsg(ends[1], NULL, MSG_DONTWAIT);
	recvmsg(ends[1], BAD, MSG_DONTWAIT);
	recvmsg(ends[1], (void *)(end - 55), MSG_DONTWAIT);
	sendmsg(ends[1], NULL, 0);
	sendmsg(ends[1], (void *)(end - 8), -1);
	struct msghdr wild[] = {
		{BAD, 16, BAD, 2, BAD, 40, 0}, {NULL, 16, NULL, 2, NULL, 40, 0}, {BAD, -1, vector, 0, BAD, 3, 0},
		{"\2\0\0\7\x7f\0\0\1\0\0\0\0\0\0\0\0", 16, vector, -1, NULL, -1, -1}, {"\1", 1, vector, 1L << 61, BAD, 1, 0},
		{end - 3, 5, (void *)(end - 20), 2, end - 10, 20, 0},
	};
	for (int i = 0; i < 6; i++)
		sendmsg(-1, &wild[i], 0);
	for (int i = 6; i < 40; i++)
		vector[i] = (struct iovec){"x", i % 2};
	header.msg_iovlen = 40;
	sendmsg(-1, &header, 0);

	struct mmsghdr several[40] = {{header, 0}, {header, 7}, {wild[5], 9}};
	several[0].msg_hdr.msg_iovlen = several[1].msg_hdr.msg_iovlen = 2;
	sendmmsg(ends[0], several, 2, MSG_DONTWAIT);
	sendmmsg(ends[0], several, 3, MSG_DONTWAIT);
	sendmmsg(-1, several, 3, -1);
	sendmmsg(-1, several, 40, 0);
	sendmmsg(-1, NULL, 3, 0);
	sendmmsg(-1, BAD, 3, 0);
	sendmmsg(-1, several, 0, 0);
	sendmmsg(-1, (void *)memcpy(end - 100, several, 100), 2, 0);
	syscall(SYS_sendmmsg, -1, several, 0x100000001L, 0);
	struct timespec limit = {0, 500000000};
	struct mmsghdr got[3] = {{{room, 9, space, 1}}, {{room, 0, space, 2}}, {{NULL, 5, space, 3}}};
	recvmmsg(ends[1], got, 2, 0, &limit);
	recvmmsg(ends[1], got, 3, MSG_DONTWAIT, NULL);
	limit.tv_nsec = 0;
	recvmmsg(ends[1], got, 3, MSG_DONTWAIT, &limit);
	recvmmsg(ends[1], got, 3, MSG_DONTWAIT, BAD);
	recvmmsg(-1, got, 3, 0, &limit);
	recvmmsg(-1, NULL, 3, 0, NULL);
	recvmmsg(-1, BAD, 0, -1, NULL);
	recvmmsg(ends[1], got, 0, MSG_DONTWAIT, NULL);
	return 0;
}
