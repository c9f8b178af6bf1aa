/* trace: -e trace=acct,delete_module,finit_module,get_thread_area,getrandom,init_module,ioperm,iopl,kexec_file_load,kexec_load,landlock_add_rule,landlock_create_ruleset,landlock_restrict_self,lookup_dcookie,modify_ldt,reboot,set_thread_area,sethostname,setdomainname,_sysctl,syslog,uselib,userfaultfd,ustat,vhangup,afs_syscall,create_module,epoll_ctl_old,epoll_wait_old,get_kernel_syms,getpmsg,nfsservctl,putpmsg,query_module,security,sysfs,tuxcall,vserver */
/* trace: -s 4 -v -X verbose -e trace=!mmap,munmap,mprotect,brk,prctl,arch_prctl,execve */
/* trace: -X raw -xx -e trace=!mmap,munmap,mprotect,brk,prctl,arch_prctl,execve */
/* trace: -e verbose=none -e trace=!mmap,munmap,mprotect,brk,prctl,arch_prctl,execve */
/* trace: -y -s 1 -e trace=!mmap,munmap,mprotect,brk,prctl,arch_prctl,execve */
/* Calls about the machine as a whole. A filter answers those that would do something with an error. */
#include "forms.h"
#include <asm/ldt.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static int fails = 1;

/* All calls that are called here but few answer with an error, or with 0. */
static void filter(unsigned answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void each(void)
{
	char *end = edge();
	char *name = end - 6;
	struct user_desc desc = {5, 0x12345, 0xfffff, 1, 2, 0, 1, 0, 1};
	struct user_desc none = {-1, 0, 0, 0, 3, 1, 0, 1, 0};
	unsigned long segments[8] = {1, 2, 3, 4, 0, 6, 0, 8}, control[10] = {1, 2, 3, 4, 5, 6};
	unsigned long access = 0x1fff, more[2] = {1, 2};
	struct landlock_path_beneath_attr beneath = {0x10003, -1};
	const void *bad[] = {NULL, BAD, end - 1, (void *)-1};

	memcpy(name, "a\"\n\377\0b", 6);
	for (unsigned i = 0; i < 4; i++) {
		syscall(SYS_acct, bad[i]);
		syscall(SYS_uselib, bad[i]);
		syscall(SYS_delete_module, bad[i], i);
		syscall(SYS_init_module, bad[i], i, bad[i]);
		syscall(SYS_finit_module, -1, bad[i], 1 << i);
		syscall(SYS_kexec_load, bad[i], i, bad[i], 0);
		syscall(SYS_kexec_file_load, -1, -1, i, bad[i], 0);
		syscall(SYS_getrandom, bad[i], 40, 1);
		syscall(SYS_sethostname, bad[i], i);
		syscall(SYS_lookup_dcookie, 1, bad[i], i);
		syscall(SYS_modify_ldt, 1, bad[i], sizeof desc);
		syscall(SYS_modify_ldt, 17, bad[i], i);
		syscall(SYS_set_thread_area, bad[i]);
		syscall(SYS_get_thread_area, bad[i]);
		syscall(SYS__sysctl, bad[i]);
		syscall(SYS_syslog, i, bad[i], 4);
		syscall(SYS_ustat, 0x123456789ab, bad[i]);
		syscall(SYS_landlock_create_ruleset, bad[i], 7 + i, i);
		syscall(SYS_landlock_add_rule, -1, i, bad[i], 0x100000001);
	}
	syscall(SYS_acct, name);
	syscall(SYS_uselib, "/a/long/path/that/is/longer/than/thirtytwo/characters");
	syscall(SYS_delete_module, name, O_NONBLOCK | O_TRUNC | 1);
	syscall(SYS_delete_module, "a module with a very, very long name", 0);
	syscall(SYS_init_module, name, -1L, name);
	syscall(SYS_finit_module, -1, "", 0xff);
	syscall(SYS_kexec_load, 1, 2, segments, 0x3e0003);
	syscall(SYS_kexec_load, -1L, 17, segments, -1L);
	syscall(SYS_kexec_load, 0, 2, end - 40, 0x123450000);
	syscall(SYS_kexec_load, 0, 0, segments, 4);
	syscall(SYS_kexec_file_load, -1, -2, 6, name, 0x17);
	syscall(SYS_kexec_file_load, 0x100000001, 1, -1L, name, 1L << 40);
	syscall(SYS_sethostname, name, 3);
	syscall(SYS_setdomainname, name, 65);
	syscall(SYS_setdomainname, "a name that is as long as it can be, that is, sixty-four bytes..", 0x100000040);
	syscall(SYS_lookup_dcookie, -1L, name, -1L);
	syscall(SYS_modify_ldt, -1, &desc, sizeof desc);
	syscall(SYS_modify_ldt, 0x11, &none, sizeof desc);
	syscall(SYS_set_thread_area, &desc);
	syscall(SYS_set_thread_area, &none);
	syscall(SYS_get_thread_area, &desc);
	syscall(SYS_get_thread_area, &none);
	syscall(SYS_get_thread_area, end - 4);
	syscall(SYS__sysctl, control);
	syscall(SYS_ioperm, 1, -1L, 0x100000001);
	syscall(SYS_iopl, 0x1fffffffeL);
	for (int i = 4; i < 13; i++)
		syscall(SYS_syslog, i, name, i);
	syscall(SYS_syslog, -1, name, -1);
	syscall(SYS_landlock_create_ruleset, &access, 8, 0);
	syscall(SYS_landlock_create_ruleset, more, 16, 2);
	syscall(SYS_landlock_create_ruleset, &access, 4, 1);
	syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	syscall(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	syscall(SYS_landlock_add_rule, -1, 77, &beneath, 1);
	syscall(SYS_landlock_restrict_self, -1, 0x100000003);
	syscall(SYS_userfaultfd, -1);
	syscall(SYS_userfaultfd, 0x80801);
	if (fails) {
		syscall(SYS_reboot, 1, 2, 3, 4);
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, name);
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_CMD_RESTART2, name);
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 1, 0x1a1b2c3d4, BAD);
		syscall(SYS_vhangup);
	}
	syscall(SYS_getrandom, end - 40, 0, 7);
	syscall(SYS_getrandom, end - 40, 40, 8);
	syscall(SYS_getrandom, BAD, 0, 0);
	syscall(SYS_afs_syscall, 1, 2, 3, 4, 5, 6);
	syscall(SYS_create_module, 1, -1L, 3, 4, 5, 6);
	syscall(SYS_epoll_ctl_old, 1, 2, 3, 4, 5, 6);
	syscall(SYS_epoll_wait_old, 1, 2, 3, 4, 5, 6);
	syscall(SYS_get_kernel_syms, 0, 2, 3, 4, 5, 6);
	syscall(SYS_getpmsg, 1, 2, 3, 4, 5, 6);
	syscall(SYS_nfsservctl, 1, 2, 3, 4, 5, 6);
	syscall(SYS_putpmsg, 1, 2, 3, 4, 5, 6);
	syscall(SYS_query_module, 1, 2, 3, 4, 5, 6);
	syscall(SYS_security, 1, 2, 3, 4, 5, 6);
	syscall(SYS_sysfs, 1, 2, 3, 4, 5, 6);
	syscall(SYS_tuxcall, 1, 2, 3, 4, 5, 6);
	syscall(SYS_vserver, 1, 2, 3, 4, 5, 6);
}

int main(void)
{
	struct user_desc desc = {5, 0x12345, 0xfffff, 1, 2, 0, 1, 0, 1};
	char byte;

	syscall(SYS_modify_ldt, 99, &desc, sizeof desc);
	syscall(SYS_modify_ldt, 0, &byte, 0);
	syscall(SYS_set_thread_area, &desc);
	syscall(SYS_getrandom, &byte, 0, 0);
	filter(SECCOMP_RET_ERRNO | EPERM);
	each();
	filter(SECCOMP_RET_ERRNO);
	fails = 0;
	each();
	return 0;
}
