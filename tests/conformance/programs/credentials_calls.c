/* trace: -e trace=%creds,getgroups,setgroups */
/* trace: -v -s 2 -X verbose -e trace=%creds */
/* trace: -s 2 -X raw -e trace=%creds */
/* trace: -e verbose=none -e trace=%creds */
/* trace: -e raw=setuid,capset -e trace=%creds */
#include "forms.h"
#include <linux/capability.h>

static const unsigned long ids[] = {-1, 0xffffffff, 0xfffffffe, 0x1ffffffff, 0x80000000};

static void users(char *end)
{
	syscall(SYS_getuid);
	syscall(SYS_getgid);
	syscall(SYS_geteuid);
	syscall(SYS_getegid);
	for (int i = 0; i < 5; i++) {
		/* None of these changes anything: -1 keeps what there is, or is invalid. */
		syscall(SYS_setuid, ids[i % 2]);
		syscall(SYS_setgid, ids[i % 2]);
		syscall(SYS_setfsuid, ids[i % 2]);
		syscall(SYS_setfsgid, ids[i % 2]);
		syscall(SYS_setreuid, ids[i % 2], -1);
		syscall(SYS_setregid, -1, ids[i % 2]);
		syscall(SYS_setresuid, ids[i % 2], -1, ids[1]);
		syscall(SYS_setresgid, -1, ids[i % 2], -1);
	}
	syscall(SYS_getresuid, end - 4, end - 8, end - 12);
	syscall(SYS_getresgid, end - 4, end - 8, end - 12);
	syscall(SYS_getresuid, end - 4, end - 3, NULL);
	syscall(SYS_getresgid, NULL, end - 4, BAD);
}

static void groups(char *end)
{
	static const int counts[] = {0, 1, 3, -1, 65536, 65537, 0x7fffffff};
	((unsigned *)end)[-1] = -1;
	((unsigned *)end)[-2] = -2;
	((unsigned *)end)[-3] = 77;
	for (int i = 0; i < 7; i++) {
		syscall(SYS_getgroups, counts[i], i % 2 ? NULL : end - 256);
		if (counts[i] < 0 || counts[i] > 65536)
			syscall(SYS_setgroups, counts[i], end - 12);
	}
	syscall(SYS_setgroups, 65536, end - 12);
	syscall(SYS_setgroups, 4, end - 12);
	syscall(SYS_setgroups, 1, end - 3);
	syscall(SYS_setgroups, 2, NULL);
	syscall(SYS_getgroups, 128, end - 3);
	syscall(SYS_getgroups, 128, end - 512);
}

static void capabilities(char *end)
{
	static const unsigned versions[] = {0x19980330, 0x20071026, 0x20080522, 0, 0x12345678};
	static const unsigned words[] = {0, 1, 0x80000001, 0xffffffff, 0x1ff, 0x200};
	unsigned header[2], data[6];
	for (int i = 0; i < 15; i++) {
		header[0] = versions[i % 5];
		header[1] = i % 5 == 4 ? -1 : 0;
		memset(end - 24, 0, 24);
		syscall(SYS_capget, header, end - 24);
		header[0] = versions[i % 5];
		for (int j = 0; j < 6; j++)
			data[j] = words[(i + j * (i / 5 + 1)) % 6];
		/* Another process is never given any. */
		header[1] = 0x7ffffffe;
		syscall(SYS_capset, header, data);
	}
	header[0] = versions[2];
	header[1] = 0;
	syscall(SYS_capget, header, NULL);
	syscall(SYS_capget, header, end - 23);
	syscall(SYS_capget, end - 7, end - 24);
	syscall(SYS_capget, NULL, end - 24);
	header[1] = 0x7ffffffe;
	syscall(SYS_capset, header, end - 23);
	syscall(SYS_capset, header, NULL);
	syscall(SYS_capset, BAD, end - 24);
}

int main(void)
{
	char *end = edge();
	users(end);
	groups(end);
	capabilities(end);
	return 0;
}
