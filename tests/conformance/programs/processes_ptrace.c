/* trace: -e trace=ptrace */
/* trace: -v -e trace=ptrace */
/* trace: -v -X verbose -e trace=ptrace */
/* trace: -s 3 -X raw -e trace=ptrace */
/* trace: -e verbose=none -e trace=ptrace */
/* trace: -s 2 -e trace=ptrace */
/* mask: (?:st_space|xmm_space|padding)=\[(.*?)\] */
/* mask: (?:mxcsr|mxcr_mask|ftw|fop|rip|rdp|cwd|swd|r\d+|r[abcds][xip]|rbp|orig_rax|eflags)=(0x[0-9a-f]+|0\b) */
#include "forms.h"
#include <linux/elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define TRY(request, ...) syscall(SYS_ptrace, request, ##__VA_ARGS__)

static void tracee(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, all};
	syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	syscall(SYS_kill, syscall(SYS_getpid), SIGUSR1);
	syscall(SYS_chdir, "/missing", 1, 2, 3, 4, 5);
	syscall(SYS_exit_group, 0);
}

/* What a stopped tracee tells. */
static void questions(pid_t pid, char *end)
{
	unsigned long words[8] = {0};
	char registers[640];
	struct iovec vector = {registers, sizeof registers};
	struct {
		uint64_t offset;
		uint32_t flags, count;
	} peek = {0, 1, 3};
	TRY(PTRACE_PEEKDATA, pid, end - 8, end - 8);
	TRY(PTRACE_PEEKTEXT, pid, BAD, words);
	TRY(PTRACE_PEEKUSER, pid, 8, words);
	TRY(PTRACE_PEEKUSER, pid, 13, words);
	TRY(PTRACE_GETEVENTMSG, pid, 1, words);
	TRY(PTRACE_GETEVENTMSG, pid, 1, end - 7);
	TRY(PTRACE_GETSIGINFO, pid, 2, registers);
	TRY(PTRACE_SETSIGINFO, pid, 2, registers);
	TRY(PTRACE_GETSIGINFO, pid, 2, end - 127);
	TRY(PTRACE_GETSIGMASK, pid, 8, words);
	TRY(PTRACE_GETSIGMASK, pid, 7, words);
	words[0] = 0x8000000000000202;
	TRY(PTRACE_SETSIGMASK, pid, 8, words);
	words[0] = 0;
	TRY(PTRACE_SETSIGMASK, pid, 8, words);
	TRY(PTRACE_PEEKSIGINFO, pid, &peek, registers);
	kill(pid, 12);
	peek.count = 1;
	TRY(PTRACE_PEEKSIGINFO, pid, &peek, registers);
	peek.flags = -1;
	TRY(PTRACE_PEEKSIGINFO, pid, &peek, registers);
	TRY(PTRACE_PEEKSIGINFO, pid, end - 15, BAD);
	TRY(PTRACE_GETREGS, pid, BAD, registers);
	TRY(PTRACE_SETREGS, pid, BAD, registers);
	TRY(PTRACE_GETREGS, pid, 0, end - 216);
	TRY(PTRACE_GETREGS, pid, 0, end - 215);
	TRY(PTRACE_GETFPREGS, pid, BAD, registers);
	TRY(PTRACE_SETFPREGS, pid, BAD, registers);
	TRY(PTRACE_SETFPREGS, pid, BAD, end - 511);
	static const int sizes[] = {640, 512, 216, 160, 168, 32, 40, 24, 8, 416, 424, 12, 0};
	for (int i = 0; i < 13; i++) {
		vector.iov_len = sizes[i];
		TRY(PTRACE_GETREGSET, pid, NT_PRSTATUS, &vector);
		TRY(PTRACE_SETREGSET, pid, NT_PRSTATUS, &vector);
		vector.iov_len = sizes[i];
		TRY(PTRACE_GETREGSET, pid, NT_PRFPREG, &vector);
		TRY(PTRACE_SETREGSET, pid, NT_PRFPREG, &vector);
	}
	vector.iov_base = end - 8;
	vector.iov_len = 16;
	TRY(PTRACE_GETREGSET, pid, NT_PRSTATUS, &vector);
	TRY(PTRACE_SETREGSET, pid, NT_PRSTATUS, &vector);
	TRY(PTRACE_GETREGSET, pid, 0x777, &vector);
	TRY(PTRACE_SETREGSET, pid, 0x14, &vector);
	TRY(PTRACE_GETREGSET, pid, NT_X86_XSTATE, end - 15);
	TRY(PTRACE_SETREGSET, pid, NT_X86_XSTATE, NULL);
	TRY(PTRACE_SECCOMP_GET_FILTER, pid, 0, NULL);
	TRY(PTRACE_SECCOMP_GET_FILTER, pid, 0, registers);
	TRY(PTRACE_SECCOMP_GET_FILTER, pid, 7, registers);
	for (int size = 7; size < 26; size += 3) {
		words[0] = size == 10;
		TRY(PTRACE_SECCOMP_GET_METADATA, pid, size, words);
	}
	words[0] = 0;
	TRY(PTRACE_SECCOMP_GET_METADATA, pid, 16, words);
	TRY(PTRACE_SECCOMP_GET_METADATA, pid, 16, end - 8);
	TRY(PTRACE_SECCOMP_GET_METADATA, pid, 16, end - 7);
}

static void calls(pid_t pid, char *end)
{
	static const int sizes[] = {0, 1, 7, 8, 15, 16, 24, 31, 32, 33, 39, 40, 80, 84, 88, 4096};
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		TRY(PTRACE_GET_SYSCALL_INFO, pid, sizes[i], end - 88);
	TRY(PTRACE_GET_SYSCALL_INFO, pid, 88, end - 20);
	TRY(PTRACE_GET_SYSCALL_INFO, pid, 20, end - 20);
}

int main(void)
{
	char *end = edge();
	int status;
	unsigned long set = 1 << SIGCHLD - 1;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	pid_t pid = syscall(SYS_fork);
	if (pid == 0)
		tracee();
	waitpid(pid, &status, __WALL);
	TRY(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	questions(pid, end);
	calls(pid, end);
	for (int i = 0; i < 4; i++) {
		TRY(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, __WALL);
		calls(pid, end);
	}
	TRY(PTRACE_KILL, pid, 0, 0);
	waitpid(pid, &status, __WALL);

	static const unsigned long requests[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 24,
		25, 26, 30, 31, 32, 33, 0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4206, 0x4207, 0x4208, 0x4209, 0x420a,
		0x420b, 0x420c, 0x420d, 0x420e, 0x420f, 0x4210, 0x100000001, -1};
	static const unsigned long offsets[] = {0, 8, 9, 120, 168, 216, 848, 911, 912, 913, -1};
	for (unsigned i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		TRY(requests[i], 0x7ffffffe, offsets[i % 11], i % 3 ? 0x3000ff + i : 0);
	for (unsigned i = 0; i < 11; i++)
		TRY(PTRACE_POKEUSER, 0x7ffffffe, offsets[i], offsets[10 - i]);
	TRY(PTRACE_SETSIGINFO, 0x7ffffffe, 0, end - 127);
	TRY(PTRACE_PEEKSIGINFO, -1, end - 16, NULL);
	return 0;
}
