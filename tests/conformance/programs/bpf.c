/* trace: -e trace=bpf */
/* trace: -v -e trace=bpf */
/* trace: -v -X verbose -s 3 -e trace=bpf */
/* trace: -X raw -y -e trace=bpf */
/* trace: -e trace=bpf -e verbose=none */
/* mask: load_time=([0-9]+(?: .. [-0-9T:+]+ ..)?) */
/* mask: [{ ]id=([0-9]+) */
/* mask: next_id=1 => ([0-9]+) */
/* bpf(2): each command with attributes of several sizes, failing; then succeeding without having done anything. */
#include "forms.h"
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static char *end;

static void succeed(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void sizes(int command)
{
	static const int wanted[] = {1, 4, 12, 20, 29, 33, 48, 57, 72, 73, 120, 128, 144};

	for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		char *at = end - wanted[i];
		for (int j = 0; j < wanted[i]; j++)
			at[j] = i % 2 ? j + 1 : j % 8 == 4;
		syscall(SYS_bpf, command, at, wanted[i]);
	}
}

static void strings(void)
{
	static const struct bpf_insn code[] = {
		{BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 3, 4}, {BPF_LD | BPF_DW | BPF_IMM, 10, 11, -1, -1},
		{BPF_JMP | BPF_EXIT}, {BPF_JMP32 | BPF_JEQ, 0, 0, -2, 5}, {BPF_STX | BPF_XADD | BPF_W, 9, 15},
		{BPF_ALU | BPF_END | BPF_X, 1}, {0xff, 12, 13, 0x7fff, 0x7fffffff},
	};
	static unsigned ids[] = {1, 2, 3, 4, 5};
	static const char *symbols[] = {"one", "two", (char *)1};
	union bpf_attr attr;

#define CALL(command) syscall(SYS_bpf, command, &attr, sizeof attr); memset(&attr, 0, sizeof attr)
	memset(&attr, 0, sizeof attr);
	attr.prog_type = 1;
	attr.insn_cnt = 7;
	attr.insns = (long)code;
	attr.license = (long)"GPL v2 and later";
	attr.log_buf = (long)"log";
	attr.log_size = 2;
	attr.kern_version = 0x60109;
	strcpy(attr.prog_name, "name");
	CALL(BPF_PROG_LOAD);
	attr.insn_cnt = 1;
	attr.license = (long)end - 2;
	memset(attr.prog_name, 'n', 16);
	attr.log_buf = (long)code;
	CALL(BPF_PROG_LOAD);
	attr.pathname = (long)"/sys/fs/bpf/some path that is longer than thirty-two";
	attr.file_flags = 8;
	CALL(BPF_OBJ_GET);
	attr.raw_tracepoint.name = (long)"a tracepoint with a name longer than thirty-two";
	CALL(BPF_RAW_TRACEPOINT_OPEN);
	attr.btf = (long)code;
	attr.btf_size = 40;
	CALL(BPF_BTF_LOAD);
	attr.map_type = 1;
	attr.map_flags = BPF_F_NUMA_NODE;
	attr.numa_node = -1;
	attr.map_ifindex = 1;
	attr.map_extra = -1L;
	strcpy(attr.map_name, "fifteen letters");
	CALL(BPF_MAP_CREATE);
	attr.map_flags = BPF_F_NUMA_NODE;
	attr.numa_node = 3;
	attr.map_extra = 5;
	CALL(BPF_MAP_CREATE);
	attr.query.prog_ids = (long)ids;
	attr.query.prog_cnt = 5;
	CALL(BPF_PROG_QUERY);
	attr.task_fd_query.buf = (long)"buffer";
	attr.task_fd_query.buf_len = 4;
	CALL(BPF_TASK_FD_QUERY);
	attr.link_update.flags = BPF_F_REPLACE;
	CALL(BPF_LINK_UPDATE);
	for (int kind = 0; kind < 44; kind++) {
		attr.link_create.attach_type = kind;
		attr.link_create.target_btf_id = kind % 2;
		if (kind == BPF_TRACE_ITER || kind == BPF_PERF_EVENT) {
			attr.link_create.iter_info = (long)ids;
			attr.link_create.iter_info_len = 3;
		}
		if (kind == BPF_TRACE_KPROBE_MULTI) {
			attr.link_create.kprobe_multi.flags = 3;
			attr.link_create.kprobe_multi.cnt = 3;
			attr.link_create.kprobe_multi.syms = (long)symbols;
			attr.link_create.kprobe_multi.addrs = (long)ids;
			attr.link_create.kprobe_multi.cookies = (long)end - 16;
		}
		CALL(BPF_LINK_CREATE);
	}
}

/* A map and a program of our own, where the kernel lets us have them. */
static void objects(void)
{
	static const struct bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K}, {BPF_JMP | BPF_EXIT}};
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
	static struct bpf_map_info map;
	static struct bpf_prog_info program;
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);

	memset(&attr, 0, sizeof attr);
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof map;
	attr.info.info = (long)&map;
	syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr);
	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insn_cnt = 2;
	attr.insns = (long)code;
	attr.license = (long)"GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
	memset(&attr, 0, sizeof attr);
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof program;
	attr.info.info = (long)&program;
	syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr);
}

int main(void)
{
	end = edge();
	objects();
	for (int command = -1; command < 37; command++)
		sizes(command);
	syscall(SYS_bpf, 0, NULL, 16);
	syscall(SYS_bpf, 0, BAD, 16);
	syscall(SYS_bpf, 0, end - 15, 16);
	syscall(SYS_bpf, 0, end - 15, 0);
	syscall(SYS_bpf, 0, end - 15, 4097);
	syscall(SYS_bpf, 0x100000000, end - 15, 0x100000004);
	strings();
	succeed();
	sizes(11);
	sizes(15);
	sizes(24);
	strings();
	return 0;
}
