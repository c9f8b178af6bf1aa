/* What the programs about ioctl(2) share: one request with good and bad memory, failing and succeeding. */
#include "forms.h"
#include <linux/filter.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static char *memory_end;

/* From now on ioctl(2) returns 0 without having done anything. */
static inline void succeed(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static struct sock_fprog program = {sizeof code / sizeof *code, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* A structure of so many bytes, filled in several ways; and where there is none, or not enough of it. */
static inline void structure(unsigned request, unsigned size)
{
	char *end = memory_end = memory_end ? memory_end : edge();
	char *at = end - size;

	ioctl(-1, request, 0);
	ioctl(-1, request, -1L);
	ioctl(-1, request, at + 1);
	for (unsigned i = 0; i < size; i++)
		at[i] = i * 37 + 11;
	ioctl(-1, request, at);
	memset(at, 0xff, size);
	ioctl(-1, request, at);
	memset(at, 0, size);
	ioctl(-1, request, at);
	for (unsigned i = 0; i < size; i++)
		at[i] = i % 4 ? 0 : i / 4 + 1;
	ioctl(-1, request, at);
}

/* The same, in larger steps of filling, for long structures full of text. */
static inline void texts(unsigned request, unsigned size)
{
	char *end = memory_end = memory_end ? memory_end : edge();

	memset(end - size, 'x', size);
	ioctl(-1, request, end - size);
	for (unsigned i = 0; i < size; i += 16)
		end[i - size] = 0;
	ioctl(-1, request, end - size);
}

/* An argument that is a number. */
static inline void value(unsigned request)
{
	static const long values[] = {0, 1, 2, 0x3b5, 65537, -1, 0x7fffffff, 0x8000000000000005};

	for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
		ioctl(-1, request, values[i]);
}

/* Requests and the sizes of what they point to; 0 for numbers. */
static inline void table(const unsigned (*requests)[2], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (requests[i][1])
			structure(requests[i][0], requests[i][1]);
		else
			value(requests[i][0]);
}

#define TABLE(requests) table(requests, sizeof requests / sizeof *requests)
