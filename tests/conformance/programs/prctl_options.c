/* trace: -e trace=prctl,arch_prctl,seccomp */
/* trace: -v -X verbose -e trace=prctl,arch_prctl,seccomp */
/* trace: -X raw -e trace=prctl,arch_prctl,seccomp */
/* trace: -s 4 -e trace=prctl,seccomp */
/* trace: -s 15 -e trace=prctl */
/* trace: -s 0 -x -e trace=prctl */
/* trace: -e verbose=none -e trace=prctl,arch_prctl,seccomp */
/* trace: -e raw=prctl -e trace=prctl,arch_prctl */
#include "forms.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define TRY(...) syscall(SYS_prctl, __VA_ARGS__)

static void every_option(char *end)
{
	static const unsigned long second[] = {0, 1, 2, 7, -1, 0x12345678, 0x100000001};
	/* Not: 1 pdeathsig of 7, 4 dumpable, 22 seccomp, 26 tsc, 24 dropping what is ours, 28 securebits, 36 subreaper. */
	for (int option = 0; option <= 70; option++) {
		int harmful = option == 22 || option == 24 || option == 26 || option == 28 || option == 35 || option == 15;
		for (int i = 0; i < 7; i++)
			if (!harmful)
				TRY(option | (i == 3 ? 0x500000000 : 0), option == 59 ? 7 : second[i], second[(i + 1) % 7], second[(i + 2) % 7],
				    i == 4 ? -1 : end - i);
	}
	TRY(-1, 1, 2, 3, 4);
	TRY(0x53564d42, 0, 0, 0, 0);
}

static void names(char *end)
{
	static const char *const all[] = {"", "a", "abc", "abcd", "abcde", "0123456789abcd", "0123456789abcde", "0123456789abcdef",
		"0123456789abcdefgh", "\1\n\"\377", "a\0bc"};
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
		TRY(PR_SET_NAME, all[i]);
		TRY(PR_GET_NAME, end - 16);
	}
	memset(end - 16, 'x', 16);
	for (int i = 0; i <= 17; i++)
		TRY(PR_SET_NAME, end - i);
	TRY(PR_SET_NAME, NULL);
	TRY(PR_SET_NAME, BAD);
	TRY(PR_GET_NAME, end - 15);
	TRY(PR_GET_NAME, NULL);
}

static void stored(char *end)
{
	static const int options[] = {2, 5, 9, 11, 19, 25, 37, 40};
	for (int i = 0; i < 8; i++) {
		TRY(options[i], end - (i == 7 ? 8 : 4), 0, 0, 0);
		TRY(options[i], end - 3, 0, 0, 0);
		TRY(options[i], NULL, 0, 0, 0);
	}
	TRY(PR_SET_PDEATHSIG, 10);
	TRY(PR_GET_PDEATHSIG, end - 4);
	TRY(PR_SET_PDEATHSIG, 128);
	TRY(PR_SET_PDEATHSIG, 129);
	TRY(PR_SET_PDEATHSIG, 0);
}

static void choices(char *end)
{
	static const unsigned long numbers[] = {0, 1, 2, 3, 4, 5, 0x10, 40, 41, 0xffff, 0xffff0000, 0x60010, 0xfffff, -1};
	for (int i = 0; i < 14; i++) {
		unsigned long a = numbers[i], b = numbers[(i + 3) % 14];
		TRY(PR_CAPBSET_READ, a);
		TRY(PR_CAP_AMBIENT, a % 7, b, 1, 0xff);
		TRY(PR_MCE_KILL, a % 3, b % 5, 1, 2);
		TRY(PR_SET_MM, a % 19, 1, 2, 3);
		TRY(PR_GET_SPECULATION_CTRL, a, 1, 2, 3);
		TRY(PR_SET_SPECULATION_CTRL, a, b, 0, 1);
		TRY(0x53564d41, a & 1, end, b, i % 3 ? (char *)"name of it" : end - 1);
		TRY(PR_SET_PTRACER, b == 40 ? 0 : a);
		TRY(62, a % 5, 0x7ffffffe, b % 6, a ? end - 8 : end - 7);
		TRY(59, a < 2 ? a + 9 : a, b, a, b);
		TRY(50, a | 1UL << 40, b);
		TRY(63, a | 1UL << 40, b);
		TRY(55, a, b, 1, 2);
		TRY(54, a, b, 1, 2);
		TRY(60, a, b, 1, 2);
		TRY(0x16, a > 2 ? a : 7, b, 1, 2);
	}
	TRY(62, 0, 0, 0, end - 8);
	TRY(PR_GET_SECUREBITS);
	TRY(PR_GET_DUMPABLE, 1);
	TRY(PR_SET_TIMERSLACK, -1);
	TRY(PR_SET_TIMERSLACK, 50000);
	TRY(PR_GET_TIMERSLACK);
	TRY(PR_MCE_KILL_GET, 0, 0, 0, 0);
}

static void machine(char *end)
{
	for (int code = 0x1001; code <= 0x1004; code++)
		syscall(SYS_arch_prctl, code, code < 0x1003 ? -1UL : (long)(end - 8));
	static const int codes[] = {0x1003, 0x1004, 0x1011, 0x1012, 0x1021, 0x1022, 0x1023, 0x1024, 0x1025, 0x2001, 0x2002, 0x2003, 0, -1};
	for (int i = 0; i < 14; i++) {
		syscall(SYS_arch_prctl, codes[i], end - 7);
		syscall(SYS_arch_prctl, codes[i], i == 3 ? -1UL : i == 6 || i == 8 ? 77 : (long)(end - 8));
		syscall(SYS_arch_prctl, codes[i], i % 2 || i > 4 ? 18 : 0);
	}
}

static void filters(char *end)
{
	struct sock_filter all[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1234, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 5), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog good = {4, all}, wrong = {3, (void *)(end - 16)}, none = {0, all};
	memcpy(end - 16, all + 1, 16);
	static const unsigned actions[] = {0, 0x80000000, 0x30000, 0x7fc00000, 0x7fff0000, 0x7fff0001, -1};
	for (int i = 0; i < 7; i++)
		syscall(SYS_seccomp, 2, i % 3, &actions[i]);
	syscall(SYS_seccomp, 2, 0, end - 3);
	syscall(SYS_seccomp, 2, -1, NULL);
	syscall(SYS_seccomp, 3, 0, end - 6);
	syscall(SYS_seccomp, 3, 0, end - 5);
	syscall(SYS_seccomp, 3, 1, end - 6);
	syscall(SYS_seccomp, 0, 1, BAD);
	syscall(SYS_seccomp, 0x500000000, 0xffffffff, NULL);
	syscall(SYS_seccomp, 4, 0, NULL);
	syscall(SYS_seccomp, -1, -1, -1);
	syscall(SYS_seccomp, 1, 0x40, &good);
	syscall(SYS_seccomp, 1, 0x3f, &wrong);
	syscall(SYS_seccomp, 1, -1, &none);
	syscall(SYS_seccomp, 1, 0, end - 15);
	syscall(SYS_seccomp, 1, 0, NULL);
	TRY(PR_SET_SECCOMP, 2, &wrong);
	TRY(PR_SET_SECCOMP, 2, BAD);
	TRY(PR_SET_SECCOMP, 2, &none, 1, 2);
	TRY(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, 1, 0, &good);
	TRY(PR_SET_SECCOMP, 2, &good);
	TRY(PR_GET_SECCOMP);
}

int main(void)
{
	char *end = edge();
	every_option(end);
	names(end);
	stored(end);
	choices(end);
	machine(end);
	filters(end);
	return 0;
}
