/* Messages of netlink: framing, every type of NETLINK_ROUTE with attributes of all kinds. The kernel
   heeds none of them: it refuses MSG_OOB. */
/* trace: -e trace=sendto,sendmsg */
/* trace: -v -X verbose -s 5 -e trace=sendto */
/* trace: -X raw -s 4 -e trace=sendto */
/* trace: -x -e trace=sendto */
/* trace: -e trace=sendto -e verbose=none */
#include "forms.h"
#include <linux/netlink.h>
#include <sys/socket.h>

static int family;
static char *last;

static void call(const void *data, size_t length)
{
	syscall(SYS_sendto, family, memcpy(last - length, data, length), length, MSG_OOB, NULL, 0);
}

/* A message with a header of so many bytes, and attributes of so many types from the first on. */
static void message(int type, int flags, int address_family, int size, int first, int count, int payload)
{
	static char data[60000];
	struct nlmsghdr *header = (void *)data;
	char *at = data + sizeof *header;
	for (int i = 0; i < size; i++)
		at[i] = i * 3;
	at[0] = address_family;
	at += (size + 3) & ~3;
	for (int i = 0; i < count; i++) {
		struct nlattr *attribute = (void *)at;
		attribute->nla_type = first + i;
		attribute->nla_len = 4 + payload;
		at += 4;
		for (int j = 0; j < payload; j++)
			at[j] = j % 8 == 2 ? i % 60 : j % 4 == 0 ? 8 : 0;
		at += (payload + 3) & ~3;
	}
	*header = (struct nlmsghdr){at - data, type, flags, 1, 2};
	call(data, at - data);
}

int main(void)
{
	struct sockaddr_nl name = {AF_NETLINK};
	last = edge();
	family = socket(AF_NETLINK, SOCK_RAW, 0);
	struct nlmsghdr plain[3] = {{16, 18, 0x301, 5, -1}, {16, 0xffff, 0xf800, 5, 1}, {16, 3, 2, 0, 0}};
	call(plain, 16); /* its protocol is not known yet */
	bind(family, (void *)&name, sizeof name);
	for (int type = 0; type < 130; type++) {
		plain[0].nlmsg_type = type;
		plain[0].nlmsg_flags = (type & 1 ? 0xfffe : 0x700);
		call(plain, 16);
	}
	plain[0].nlmsg_flags = 0;
	static const int lengths[] = {0, 1, 15, 16, 17, 20, 32, 33, 1000, -1};
	for (int i = 0; i < 10; i++) {
		plain[0].nlmsg_len = lengths[i];
		call(plain, 15);
		call(plain, 16);
		call(plain, 48);
	}
	struct {
		struct nlmsghdr header;
		int error;
		struct nlmsghdr quoted;
		char more[40];
	} errors = {{60, 2, 0, 0, 0}, -2, {16, 18, 0, 0, 0}, "\7\0\1\0abc\0\x8\0\2\0\1\2\3\4\x9\0\3\0coo"};
	for (int i = 0; i < 6; i++) {
		errors.header.nlmsg_flags = i % 2 ? 0x100 : 0x200;
		errors.quoted.nlmsg_len = 12 + 4 * i;
		errors.error = i - 2;
		call(&errors, sizeof errors);
		call(&errors, 16 + 3 * i);
	}
	for (int type = 16; type < 120; type++) {
		if (type % 4 == 3)
			continue;
		message(type, 0, 2, 12, 0, 0, 0);
		message(type, 0, type % 8 ? 2 : 10, type < 20 ? 16 : type < 24 ? 8 : type < 28 ? 12 : 4 * (type % 6), 0, 30, 8);
	}
	message(16, 0, 0, 16, 0, 66, 1);
	message(16, 0, 0, 16, 0, 66, 4);
	message(16, 0, 7, 16, 0, 66, 20);
	message(16, 0, 10, 16, 0, 66, 64);
	message(16, 0, 1, 16, 0, 66, 200);
	message(16, 0, 7, 16, 0x8000, 30, 40);
	message(20, 0, 10, 8, 0x4000, 12, 16);
	message(24, 0, 2, 12, 0, 32, 4);
	message(24, 0, 10, 12, 0, 32, 32);
	message(28, 0, 10, 12, 0, 18, 16);
	message(64, 0, 2, 4, 0, 10, 88);
	message(92, 0, 0, 12, 0, 8, 200);
	message(84, 0, 7, 8, 0, 4, 40);
	struct iovec vector = {plain, 48};
	struct msghdr header = {&name, sizeof name, &vector, 1};
	sendmsg(-1, &header, 0);
	plain[0].nlmsg_len = 16;
	sendmsg(family, &header, MSG_OOB);
	syscall(SYS_sendto, family, NULL, 32L, MSG_OOB, NULL, 0);
	syscall(SYS_sendto, family, BAD, 32L, MSG_OOB, NULL, 0);
	syscall(SYS_sendto, family, last - 16, 32L, MSG_OOB, NULL, 0);
	return 0;
}
