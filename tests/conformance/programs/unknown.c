/* Calls that have no name, and results that are no usual ones. */
/* trace: -f */
/* trace: -f -n */
/* trace: -e raw=all */
/* trace: -e raw=write,openat */
/* trace: -X raw */
/* trace: -X verbose */
/* trace: -X abbrev */
/* trace: -e status=unfinished,detached,unavailable */
/* trace: -e trace=500,write */
/* trace: -e trace=/^.*stat$ */
#include "forms.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

int main(void)
{
	syscall(336, 1, 2, 3, 4, 5, 6);
	syscall(500, 1L << 40, -1, 3, 4, 5, 6);
	syscall(10000, 1, 2, 3, 4, 5, 6);
	syscall(-1, 1, 2, 3, 4, 5, 6);
	syscall(0x40000000, 1, 2, 3, 4, 5, 6);
	syscall(0x40000000 | SYS_getpid);
	syscall(0x7fffffff, 0, 0, 0, 0, 0, 0);
	syscall(0xffffffff00000027, 0, 0, 0, 0, 0, 0);
	syscall(SYS_create_module, "x", 5);
	syscall(SYS_uselib, "x");
	syscall(SYS_tuxcall, 1, 2, 3);
	syscall(SYS_vserver, 1, 2, 3, 4, 5);
	syscall(SYS_epoll_ctl_old, 1, 2, 3, 4);
	syscall(SYS_get_kernel_syms, NULL);
	syscall(SYS_lookup_dcookie, 1, BAD, 5);
	syscall(SYS_afs_syscall, 1, 2, 3, 4, 5);
	lseek(open("/dev/null", O_RDONLY), -5, SEEK_END);
	lseek(open("/proc/self/mem", O_RDONLY), 0x7fffffffffffffff, SEEK_SET);
	umask(0777);
	umask(022);
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 600),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 4095),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_geteuid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getegid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 524),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 512),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sync, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 77),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	signal(SIGSYS, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	getuid();
	getgid();
	geteuid();
	getegid();
	getpgrp();
	struct sigaction action = {.sa_handler = (void (*)(int))getppid};
	sigaction(SIGSYS, &action, NULL);
	syscall(SYS_sync);
	acct("never");
	return 0;
}
