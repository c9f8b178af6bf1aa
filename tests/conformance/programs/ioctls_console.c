/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* trace: -y -s 1 -e trace=ioctl */
/* What ioctl(2) asks of the console: keys, fonts, lights. */
#include "ioctls.h"
#include <linux/kd.h>
#include <linux/keyboard.h>

static const unsigned requests[][2] = {
	{KIOCSOUND, 0}, {KDMKTONE, 0}, {KDGETLED, 1}, {KDSETLED, 0}, {KDGKBLED, 1}, {KDSKBLED, 0}, {KDGKBTYPE, 1},
	{KDADDIO, 0}, {KDSETMODE, 0}, {KDGETMODE, 4}, {GIO_SCRNMAP, 256}, {PIO_SCRNMAP, 256}, {GIO_UNISCRNMAP, 512},
	{PIO_UNISCRNMAP, 512}, {KDGKBMODE, 4}, {KDSKBMODE, 0}, {KDGKBENT, 4}, {KDSKBENT, 4}, {KDGKBSENT, 40},
	{KDSKBSENT, 513}, {KDGKBDIACR, 40}, {KDSKBDIACR, 772}, {KDGKBDIACRUC, 40}, {KDSKBDIACRUC, 60},
	{KDGETKEYCODE, 8}, {KDSETKEYCODE, 8}, {KDSIGACCEPT, 0}, {KDKBDREP, 8}, {KDGKBMETA, 4}, {KDSKBMETA, 0},
	{PIO_UNIMAPCLR, 6}, {GIO_CMAP, 48}, {PIO_CMAP, 48}, {KDENABIO, 0}, {GIO_UNIMAP, 16}, {PIO_UNIMAP, 16},
	{GIO_FONTX, 16}, {PIO_FONTX, 16}, {KDFONTOP, 32}, {KDGKBMETA + 16, 0},
};

static void special(void)
{
	static struct unipair pairs[3] = {{1, 2}, {0xf000, 3}, {4, 5}};
	static unsigned char glyphs[] = "\1\2\3\4\5\6\7\10";
	struct unimapdesc map = {3, pairs};
	struct consolefontdesc font = {0, 16, glyphs};
	struct console_font_op operation = {0, 3, 8, 16, 0, glyphs};
	struct kbentry entry = {0, 0, 0};
	char *end = edge();

	for (unsigned type = 0; type < 17; type++) {
		entry.kb_table = type * 2;
		for (unsigned value = 0; value < 256; value += value < 16 ? 5 : 70) {
			entry.kb_value = K(type, value);
			ioctl(-1, KDSKBENT, &entry);
		}
	}
	ioctl(-1, KDSKBENT, end - 2);
	ioctl(-1, KDGKBENT, end - 2);
	strcpy(end - 5, "\1abc");
	ioctl(-1, KDSKBSENT, end - 5);
	ioctl(-1, KDGKBSENT, end - 5);
	ioctl(-1, KDSKBSENT, end - 1);
	for (unsigned i = 0; i < 2; i++) {
		ioctl(-1, GIO_UNIMAP, &map);
		ioctl(-1, PIO_UNIMAP, &map);
		ioctl(-1, GIO_FONTX, &font);
		ioctl(-1, PIO_FONTX, &font);
		map.entry_ct = 4;
		map.entries = (void *)(end - 12);
		font.charcount = 600;
	}
	for (operation.op = 0; operation.op < 6; operation.op++) {
		operation.data = glyphs;
		ioctl(-1, KDFONTOP, &operation);
		operation.charcount = 1;
		operation.data = (void *)(end - 32);
		ioctl(-1, KDFONTOP, &operation);
	}
	for (int i = 0; i < 70; i += 31)
		ioctl(-1, KDSIGACCEPT, i);
	for (unsigned i = 0; i < 512; i++)
		((short *)(end - 512))[i % 256] = 0xf000 + i * 3;
	ioctl(-1, PIO_UNISCRNMAP, end - 512);
	*(int *)(end - 772) = 257;
	memcpy(end - 768, "a'\\\n\tb\200\1z", 9);
	ioctl(-1, KDSKBDIACR, end - 772);
}

int main(void)
{
	TABLE(requests);
	special();
	succeed();
	TABLE(requests);
	special();
	return 0;
}
