/* trace: -e trace=mount,umount2,fsopen,fsconfig,fsmount,fspick,move_mount,open_tree,mount_setattr,swapon,swapoff,pivot_root,quotactl,quotactl_fd */
/* trace: -v -X verbose -s 5 -e trace=mount,umount2,fsopen,fsconfig,fsmount,fspick,move_mount,open_tree,mount_setattr,swapon,quotactl,quotactl_fd */
/* trace: -v -X raw -x -e trace=mount,umount2,fsopen,fsconfig,fsmount,fspick,move_mount,open_tree,mount_setattr,swapon,quotactl,quotactl_fd */
/* trace: -xx -e verbose=none -e trace=mount,fsopen,fsconfig,mount_setattr,quotactl */
/* trace: -s 300 -e trace=fsconfig */
/* trace: -y -e trace=fsconfig,fsmount,fspick,open_tree,mount_setattr,quotactl_fd */
#include "forms.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const unsigned flags[] = {0, 1, 2, 0x20, 0x70, 0x80, 0x100, 0x1000, 0x1020, 0x4000, 0x8000, 0x17fff, 0x40000, 0x80000,
	0x100000, 0x200000, 0x1ef0000, 0x80000000, -1};

static void mounts(char *end)
{
	const char *strings[] = {NULL, BAD, "text", "a text that is longer than thirty-two letters", end, end - 3};
	memset(end - 3, 'e', 3);
	for (unsigned i = 0; i < COUNT(flags); i++) {
		syscall(SYS_mount, "source", "missing/target", "type", flags[i], "data");
		syscall(SYS_mount, "source", "missing", "t", 0xc0ed0000 | flags[i], "d");
		syscall(SYS_mount, "source", "missing", "t", 1UL << 2 * i, NULL);
		syscall(SYS_umount2, "missing", flags[i]);
		syscall(SYS_fsopen, "missing", flags[i]);
		syscall(SYS_fsmount, -1, flags[i], flags[i]);
		syscall(SYS_fspick, -1, "missing", flags[i]);
		syscall(SYS_move_mount, -i, "missing", AT_FDCWD, "missing", flags[i]);
		syscall(SYS_open_tree, -1, "missing", flags[i]);
		syscall(SYS_swapon, "missing/swap", flags[i]);
	}
	for (unsigned i = 0; i < COUNT(strings); i++) {
		syscall(SYS_mount, strings[i], "missing", strings[5 - i], 0, strings[i]);
		syscall(SYS_fsopen, strings[i], -2);
		syscall(SYS_pivot_root, "missing", strings[i]);
		syscall(SYS_swapoff, i ? strings[i] : "missing");
		syscall(SYS_mount, "missing", "missing", strings[i], 0x1000, strings[i]);
		for (unsigned command = 0; command < 10; command++)
			syscall(SYS_fsconfig, -1, command, strings[i], strings[5 - i], (int)i - 2);
		syscall(SYS_fsconfig, -1, 2, "key", strings[i], 3);
		syscall(SYS_fsconfig, -1, 2, "key", strings[i], 40);
	}
	char *text = malloc(2000000);
	memset(text, 'k', 2000000);
	syscall(SYS_fsconfig, -1, 2, "key", text, 1 << 20);
	syscall(SYS_fsconfig, -1, 2, "key", text, (1 << 20) + 1);
	syscall(SYS_fsconfig, -100, 4, "key", "value", -100);
	text[256] = 0;
	syscall(SYS_fsconfig, -1, 1, text, text, 0);
	text[255] = 0;
	syscall(SYS_fsconfig, -1, 1, text, text, 0);
	free(text);
}

static void attributes(char *end)
{
	static unsigned long attribute[6];
	for (unsigned i = 0; i < COUNT(flags); i++) {
		attribute[0] = flags[i];
		attribute[1] = 1UL << 2 * i;
		attribute[2] = flags[i] & 0x1fffff;
		attribute[3] = i < 5 ? i : 0x7ffffffe + i % 4;
		syscall(SYS_mount_setattr, -1, "missing", flags[i], attribute, 32);
	}
	attribute[5] = 0x0102;
	for (unsigned size = 31; size < 50; size += 4)
		syscall(SYS_mount_setattr, -1, "missing", 0, attribute, size);
	memset(end - 36, 0, 36);
	for (unsigned i = 30; i < 38; i++)
		syscall(SYS_mount_setattr, -1, "missing", 0, end - i, 36);
	syscall(SYS_mount_setattr, -1, "missing", 0, NULL, 32);
	syscall(SYS_mount_setattr, -1, "missing", 0, end - 36, -1);
}

static void quotas(char *end)
{
	static unsigned char block[256];
	static const unsigned commands[] = {0x800001, 0x800002, 0x800003, 0x800004, 0x800005, 0x800006, 0x800007, 0x800008, 0x800009,
		0x80000a, 0x5801, 0x5802, 0x5803, 0x5804, 0x5805, 0x5806, 0x5807, 0x5808, 0x5809, 0, 0x100, 0xffffff, 0x1100};
	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] = 255 - i;
	for (unsigned i = 0; i < COUNT(commands); i++) {
		syscall(SYS_quotactl, commands[i] << 8 | i, "missing/special", i % 6, block);
		syscall(SYS_quotactl, 0x1200000000 | commands[i] << 8, NULL, -1, NULL);
		syscall(SYS_quotactl_fd, -1, commands[i] << 8 | 1, i % 6, block);
		syscall(SYS_quotactl, commands[i] << 8 | 255, "missing", -2, end - 4);
		syscall(SYS_quotactl_fd, i, commands[i] << 8, 1, BAD);
		block[i] = 1 << i % 8;
	}
}

int main(void)
{
	char *end = edge();
	mounts(end);
	attributes(end);
	quotas(end);
	return 0;
}
