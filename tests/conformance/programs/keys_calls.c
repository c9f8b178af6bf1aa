/* trace: -e trace=add_key,request_key,keyctl */
/* trace: -v -X verbose -e trace=add_key,request_key,keyctl */
/* trace: -s 3 -x -X raw -e trace=add_key,request_key,keyctl */
/* mask: \b\d{7,10}\b */
/* mask: ( +)= */
#include "forms.h"
#include <sys/uio.h>

#define WIDE 0xfedcba9800000000ul

static long control(long command, long b, long c, long d, long e) { return syscall(SYS_keyctl, command, b, c, d, e); }

int main(void)
{
	char *end = edge();
	void *const nowhere[] = {NULL, BAD, end, end - 3, (void *)-1};
	char text[80] = {0};
	static const char long_text[] = "a description that is longer than what is shown of a string";
	strcpy(end - 5, "user");
	/* A keyring for this process and its descendants only; then keys in it, as far as that is allowed. */
	control(1, 0, 0, 0, 0);
	long key = syscall(SYS_add_key, "user", "bstrace:key", "secret\0\1\377", 9, -3);
	syscall(SYS_add_key, end - 5, long_text, long_text, sizeof(long_text), -99);
	syscall(SYS_add_key, "keyring", "", NULL, -1, 0);
	for (int i = 0; i < 5; i++) {
		syscall(SYS_add_key, nowhere[i], nowhere[4 - i], nowhere[i], i, -i);
		syscall(SYS_request_key, nowhere[i], nowhere[4 - i], nowhere[i], i - 9);
		syscall(SYS_request_key, "user", end - 5, nowhere[i], WIDE | 7);
	}
	syscall(SYS_request_key, "bad type", "bstrace:none", "callout", 0x7fffffff);

	for (int command = -1; command < 36; command++) {
		if (command == 18 || command == 14)
			continue;
		control(command, WIDE | -1u, -8, WIDE | 5, -4);
		control(WIDE | command, -9, (long)BAD, (long)end, (long)BAD);
		control(command, (long)BAD, (long)end, (long)BAD, (long)end);
		control(command, 0x7ffffff0, (long)text, command == 20 ? 5 : sizeof(text), (long)text);
		control(command, 0x7ffffff0, (long)"two", command == 20 ? 3 : (long)"three", 7);
		if (command != 1)
			control(command, (long)NULL, 0, 0, 0);
	}
	control(14, 77, 0, 0, 0);
	control(14, -77, 0, 0, 0);
	control(14, -1, 0, 0, 0);
	for (int error = 0; error < 600; error += 37)
		control(19, -8, 5, error, -1);
	control(19, 1, -1, -1, -1);
	control(19, 1, 1, 512, -1);
	for (int bit = 0; bit < 32; bit++)
		control(5, 0x7ffffff0, 1u << bit | 1u << (bit + 7) % 32, 0, 0);
	control(5, 0x7ffffff0, 0x3f3f3f3f, 0, 0);
	control(5, 0x7ffffff0, -1, 0, 0);

	/* What the kernel stores. */
	for (unsigned size = 0; size < 80; size = size * 2 + 1) {
		control(6, key, (long)memset(text, '#', sizeof(text)), size, 0);
		control(11, key, (long)memset(text, '#', sizeof(text)), size, 0);
		control(17, key, (long)memset(text, '#', sizeof(text)), size, 0);
		control(31, (long)memset(text, '#', sizeof(text)), size, 0, 0);
	}
	control(11, key, (long)end - 9, 9, 0);
	control(31, (long)end - 4, 4, 0, 0);
	control(31, (long)BAD, 4, 0, 0);
	control(31, 0, 0, 0, 0);
	control(2, key, (long)"new\n", 4, 0);
	control(11, key, 0, 0, 0);
	control(15, key, 100, 0, 0);
	struct iovec parts[3] = {{"one", 3}, {NULL, 0}, {end - 2, 5}};
	control(20, key, (long)parts, 3, -3);
	control(20, key, (long)parts, 0, -3);

	/* Structures. */
	struct {
		int keys[3];
	} dh = {{-1, 2, 0x7fffffff}};
	struct {
		const char *name, *other;
		unsigned length, spare[8];
	} derivation = {"sha256", "other\1", 6, {0}};
	control(23, (long)&dh, (long)text, 80, 0);
	control(23, (long)end - 12, (long)text, 80, (long)&derivation);
	derivation.spare[3] = 0xabc;
	derivation.length = 0;
	control(23, (long)end - 11, (long)BAD, -1, (long)&derivation);
	derivation.name = (void *)end;
	derivation.other = (void *)end;
	derivation.length = 7;
	control(23, (long)&dh, (long)text, 80, (long)&derivation);
	struct {
		int key;
		unsigned in, out, spare[7];
	} operands = {0x7ffffff0, 5, 70, {0}};
	for (int command = 24; command < 29; command++) {
		control(command, (long)&operands, (long)"enc=raw", (long)"input", (long)text);
		control(command, (long)&operands, (long)end, (long)end - 3, (long)end - 3);
		operands.spare[6] = command - 24;
		operands.out = command - 24;
	}
	control(24, key, 0x12345, (long)"info", (long)text);
	control(30, 1, 2, 3, WIDE | 3);
	control(30, -1, -2, -3, 1);
	control(3, key, 0, 0, 0);
	return 0;
}
