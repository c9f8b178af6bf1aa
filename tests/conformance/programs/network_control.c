/* Control messages of every level and type, of every length. */
/* trace: -e trace=sendmsg */
/* trace: -v -X verbose -e trace=sendmsg */
/* trace: -X raw -s 3 -e trace=sendmsg */
/* trace: -y -s 4 -x -e trace=sendmsg */
#include "forms.h"
#include <sys/socket.h>

static char *last;

static void call(const void *data, size_t length)
{
	struct msghdr header = {.msg_control = last - length, .msg_controllen = length};
	memcpy(last - length, data, length);
	sendmsg(-1, &header, 0);
}

int main(void)
{
	char data[400];
	struct cmsghdr *one = (void *)data;
	last = edge();
	for (int i = 0; i < 400; i++)
		data[i] = i / 7;
	static const short sizes[] = {0, 1, 4, 12, 20, 32, 48, 60};
	for (int type = 0; type < 66; type++)
		for (int i = 0; i < 8; i += type < 4 ? 1 : 4) {
			one->cmsg_level = SOL_SOCKET;
			one->cmsg_type = type;
			one->cmsg_len = 16 + sizes[i + (type >= 4 && i ? 2 : 0)];
			call(data, one->cmsg_len);
		}
	for (int type = 0; type < 26; type++)
		for (int i = 0; i < 8; i += 2) {
			one->cmsg_level = 0;
			one->cmsg_type = type;
			one->cmsg_len = 16 + sizes[i] + i / 6;
			call(data, one->cmsg_len);
		}
	one->cmsg_level = 41;
	one->cmsg_type = -1;
	call(data, 40);
	one->cmsg_level = 0x7fffffff;
	call(data, 40);
	one->cmsg_level = SOL_SOCKET;
	one->cmsg_type = SCM_RIGHTS;
	static const long lengths[] = {0, 15, 16, 17, 24, 100, 1000, 0x7fffffffffffffffL};
	for (int i = 0; i < 8; i++) {
		one->cmsg_len = lengths[i];
		memcpy(data + 40, data, 16);
		call(data, 40);
		call(data, 47);
		call(data, 56 + i);
	}
	for (int size = 1; size < 20; size += 3)
		call(data, size);
	int *descriptors = (int *)CMSG_DATA(one);
	for (int i = 0; i < 40; i++)
		descriptors[i] = i - 1;
	one->cmsg_len = 16 + 160;
	call(data, 176);
	return 0;
}
