/* Strings: every byte, every length around the limit, and what -s, -x, -xx and -a make of them. */
/* trace: -e trace=write,openat,mkdir */
/* trace: -e trace=write -s 0 */
/* trace: -e trace=write -s 5 */
/* trace: -e trace=write -s 1000 */
/* trace: -e trace=write,openat -x */
/* trace: -e trace=write,openat -xx */
/* trace: -e trace=write,openat -xx -s 300 */
/* trace: -e trace=write -a 1 */
/* trace: -e trace=write -a 90 */
/* trace: -e trace=write --strings-in-hex=non-ascii-chars */
#include "forms.h"

int main(void)
{
	char all[600];
	int nowhere = open("/dev/null", O_WRONLY);
	for (int i = 0; i < 600; i++)
		all[i] = i;
	for (int i = 0; i < 256; i += 16)
		write(nowhere, all + i, 16);
	for (int length = 0; length < 40; length++)
		write(nowhere, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHI", length);
	write(nowhere, all, 256);
	write(nowhere, all, 600);
	write(nowhere, "\0001\0008\0009\0a\1\0", 11);  /* octal digits before digits */
	write(nowhere, "\n\t\r\f\v\b\a\033", 8);
	write(nowhere, "\"quoted\\\"", 9);
	write(nowhere, "/* comment */ ? ??/", 19);
	write(nowhere, "\303\244\342\202\254", 5);
	write(nowhere, "end", 4);
	for (int length = 28; length < 38; length++) {
		char text[64] = {0};
		memset(text, 'n', length);
		write(nowhere, text, length + 1);
	}
	openat(AT_FDCWD, "no\nsuch\tname", O_RDONLY);
	openat(AT_FDCWD, "", O_RDONLY);
	openat(AT_FDCWD, "\001\377", O_RDONLY);
	char path[5000];
	memset(path, 'p', sizeof path);
	path[4999] = 0;
	openat(AT_FDCWD, path, O_RDONLY);
	path[4095] = 0;
	openat(AT_FDCWD, path, O_RDONLY);
	path[40] = 0;
	openat(AT_FDCWD, path, O_RDONLY);
	mkdir(path + 1, 0);
	return 0;
}
