/* trace: -e trace=getpid,gettid,getppid,getpgrp,getpgid,getsid,setpgid,setsid,set_tid_address,set_robust_list,get_robust_list,rseq,personality,pidfd_open,pidfd_getfd,kcmp,process_vm_readv,process_vm_writev,process_madvise,process_mrelease,pause,restart_syscall,exit_group */
/* trace: -v -X verbose -e trace=personality,pidfd_open,kcmp,process_madvise,process_vm_readv,process_vm_writev */
/* trace: -v -s 4 -X raw -e trace=personality,pidfd_open,kcmp,process_madvise,process_vm_readv,process_vm_writev */
/* trace: -s 1 -e trace=get_robust_list,process_madvise,process_vm_readv,process_vm_writev */
/* trace: -e verbose=none -e trace=get_robust_list,kcmp,process_madvise,process_vm_readv,process_vm_writev */
/* trace: -e raw=personality,rseq,kcmp -e trace=personality,rseq */
/* trace: -y -e trace=pidfd_getfd,process_madvise,process_mrelease */
#include "forms.h"
#include <sys/uio.h>

#define NOBODY 0x7ffffffe

static void ids(char *end)
{
	static const int numbers[] = {0, -1, 1, NOBODY, 0x80000000};
	syscall(SYS_getpid);
	syscall(SYS_gettid);
	syscall(SYS_getppid);
	syscall(SYS_getpgrp);
	for (int i = 0; i < 5; i++) {
		syscall(SYS_getpgid, numbers[i] | 0x500000000);
		syscall(SYS_getsid, numbers[i]);
		syscall(SYS_setpgid, numbers[i] ? numbers[i] : NOBODY, numbers[4 - i]);
		syscall(SYS_pidfd_open, numbers[i] == 1 ? NOBODY : numbers[i], numbers[4 - i]);
		syscall(SYS_get_robust_list, NOBODY, end - 8, end - 8);
	}
	syscall(SYS_pidfd_open, NOBODY, 04000);
	syscall(SYS_pidfd_open, NOBODY, 04001);
	syscall(SYS_pidfd_getfd, 0, -1, 0);
	syscall(SYS_pidfd_getfd, -1, 77, 0x80000000);
	syscall(SYS_set_robust_list, end - 24, 23);
	syscall(SYS_set_robust_list, NULL, -1);
	syscall(SYS_get_robust_list, 0, end - 8, end - 16);
	syscall(SYS_get_robust_list, 0, end - 7, end - 8);
	syscall(SYS_get_robust_list, 0, NULL, BAD);
	syscall(SYS_rseq, 0, 0, 0, 0);
	syscall(SYS_rseq, BAD, 0x100000020, -1, 0x53053053);
	syscall(SYS_set_tid_address, NULL);
	syscall(SYS_set_tid_address, end - 4);
}

static void personalities(void)
{
	static const unsigned long kinds[] = {0xffffffff, 0, 1, 8, 0x10, 0x08000008, 0x8000000f, 0x0040000, 0x0fffffff, 0xff,
		0xfffffffeffffffff, 0x00010000};
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		syscall(SYS_personality, kinds[i]);
	syscall(SYS_personality, 0);
}

static void comparisons(char *end)
{
	static const int kinds[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, -1, 0x7fffffff};
	unsigned *slot = (unsigned *)(end - 12);
	slot[0] = 1;
	slot[1] = -2;
	slot[2] = -1;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		syscall(SYS_kcmp, NOBODY, -1, kinds[i], 0x100000001, i % 2 ? slot : end - 11);
	syscall(SYS_kcmp, 0, 0, 7, -1, NULL);
}

static void memory(char *end)
{
	char text[] = "0123456789abcdef\n\0\377qrstuvwxyz0123456789", other[64] = "";
	struct iovec local[3] = {{other, 5}, {NULL, 0}, {other + 8, 40}};
	struct iovec remote[2] = {{text, 9}, {text + 9, 3}};
	struct iovec *last = (struct iovec *)(end - 32);
	last[0] = local[0];
	last[1] = local[2];
	pid_t self = getpid();
	syscall(SYS_process_vm_readv, self, local, 3, remote, 2, 0);
	syscall(SYS_process_vm_readv, self, local, 1, remote, 2, 0);
	syscall(SYS_process_vm_readv, self, last, 3, remote, 2, 1);
	syscall(SYS_process_vm_readv, NOBODY, last, 2, last, 3, -1);
	syscall(SYS_process_vm_readv, self, NULL, 0, NULL, 0, 0);
	syscall(SYS_process_vm_readv, self, BAD, 1, remote, 1, 0);
	syscall(SYS_process_vm_readv, self, last, -1, last, 1UL << 60, 0);
	syscall(SYS_process_vm_writev, self, remote, 2, local, 3, 0);
	syscall(SYS_process_vm_writev, self, last, 3, remote, 0, 0);
	syscall(SYS_process_vm_writev, NOBODY, last, 2, last, 3, -1);
	syscall(SYS_process_vm_writev, self, end - 15, 1, NULL, 7, 0);
	local[0].iov_base = BAD;
	local[2].iov_len = -1;
	syscall(SYS_process_vm_writev, self, local, 3, local, 3, 0);
	for (int advice = -1; advice < 30; advice += 4)
		syscall(SYS_process_madvise, 0, last, advice > 8 ? 3 : 2, advice, advice);
	syscall(SYS_process_madvise, -1, NULL, 0, 21, 1);
	syscall(SYS_process_mrelease, 0, 0);
	syscall(SYS_process_mrelease, -1, -1);
}

int main(void)
{
	char *end = edge();
	ids(end);
	personalities();
	comparisons(end);
	memory(end);
	syscall(SYS_exit_group, 0x500000000);
}
