/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* trace: -y -s 1 -e trace=ioctl */
/* trace: -e trace=ioctl -e inject=ioctl:retval=8 */
/* trace: -v -X verbose -s 3 -e trace=ioctl -e inject=ioctl:retval=40 */
/* What ioctl(2) asks of input devices, flash memory, GPIO lines and virtual machines. */
#include "ioctls.h"
#include <linux/gpio.h>
#include <linux/input.h>
#include <linux/kvm.h>
#include <mtd/mtd-user.h>
#include <mtd/ubi-user.h>

static const unsigned input[][2] = {
	{EVIOCGVERSION, 4}, {EVIOCGID, 8}, {EVIOCGREP, 8}, {EVIOCSREP, 8}, {EVIOCGKEYCODE, 8}, {EVIOCSKEYCODE, 8},
	{EVIOCGKEYCODE_V2, 40}, {EVIOCSKEYCODE_V2, 40}, {EVIOCGNAME(7), 8}, {EVIOCGPROP(8), 8}, {EVIOCGKEY(8), 8},
	{EVIOCGMTSLOTS(16), 16}, {EVIOCGMTSLOTS(2), 16}, {EVIOCGBIT(0, 8), 8}, {EVIOCGBIT(EV_REL, 8), 8},
	{EVIOCGBIT(EV_PWR, 8), 8}, {EVIOCGBIT(30, 8), 8}, {EVIOCGABS(0), 24}, {EVIOCSABS(ABS_X), 24},
	{_IOC(_IOC_READ, 'E', 0x41, 20), 20}, {_IOC(_IOC_READ, 'E', 0x42, 12), 20}, {_IOC(_IOC_READ, 'E', 0x43, 22), 24},
	{_IOC(_IOC_READ, 'E', 0x44, 40), 40}, {_IOC(_IOC_READ, 'E', 0xff, 4), 0}, {_IOC(_IOC_WRITE, 'E', 0xa0, 4), 0},
	{_IOC(_IOC_WRITE, 'E', 0xff, 24), 24}, {_IOC(3u, 'E', 1, 4), 0}, {EVIOCRMFF, 0}, {EVIOCGRAB, 0}, {EVIOCREVOKE, 0},
	{EVIOCSCLOCKID, 4}, {EVIOCGEFFECTS, 4}, {EVIOCSFF, 48}, {_IOC(_IOC_READ, 'M', 5, 4), 0}, {_IOC(_IOC_WRITE, 'M', 6, 4), 0},
	{_IOC(_IOC_READ, 'H', 4, 9), 0}, {_IOC(3u, 'H', 6, 9), 0}, {_IOC(_IOC_READ, 'j', 0x13, 9), 0},
	{_IOC(_IOC_READ, 'U', 0x2c, 9), 0}, {_IOC(_IOC_WRITE, 'k', 0, 9), 0},
};
static const unsigned flash[][2] = {
	{MEMERASE, 8}, {MEMERASE64, 16}, {MEMWRITEOOB, 16}, {MEMREADOOB64, 24}, {MEMWRITE, 48}, {OTPGETREGIONINFO, 12},
	{OTPLOCK, 12}, {OTPSELECT, 4}, {MTDFILEMODE, 0}, {MEMGETBADBLOCK, 8}, {MEMGETINFO, 32}, {MEMGETOOBSEL, 200},
	{ECCGETLAYOUT, 328}, {ECCGETSTATS, 16}, {OTPGETREGIONCOUNT, 4}, {MEMGETREGIONCOUNT, 4}, {MEMGETREGIONINFO, 16},
	{UBI_IOCMKVOL, 152}, {UBI_IOCRSVOL, 12}, {UBI_IOCRNVOL, 16 + 32 * 136}, {UBI_IOCEBCH, 16}, {UBI_IOCATT, 24},
	{UBI_IOCEBMAP, 8}, {UBI_IOCSETVOLPROP, 16}, {UBI_IOCVOLUP, 8}, {UBI_IOCDET, 4}, {UBI_IOCVOLRMBLK, 0},
};
static const unsigned others[][2] = {
	{GPIO_GET_CHIPINFO_IOCTL, 68}, {GPIO_GET_LINEINFO_UNWATCH_IOCTL, 4}, {GPIO_GET_LINEINFO_IOCTL, 72},
	{GPIO_GET_LINEHANDLE_IOCTL, 364}, {GPIO_GET_LINEEVENT_IOCTL, 48}, {GPIOHANDLE_GET_LINE_VALUES_IOCTL, 64},
	{GPIOHANDLE_SET_LINE_VALUES_IOCTL, 64}, {GPIOHANDLE_SET_CONFIG_IOCTL, 84}, {GPIO_V2_GET_LINEINFO_IOCTL, 256},
	{GPIO_V2_GET_LINE_IOCTL, 592}, {GPIO_V2_LINE_SET_CONFIG_IOCTL, 272}, {GPIO_V2_LINE_GET_VALUES_IOCTL, 16},
	{GPIO_V2_LINE_SET_VALUES_IOCTL, 16}, {KVM_CREATE_VM, 0}, {KVM_CREATE_VCPU, 0}, {KVM_SET_USER_MEMORY_REGION, 32},
	{KVM_GET_REGS, 144}, {KVM_SET_REGS, 144}, {KVM_GET_SREGS, 312}, {KVM_SET_SREGS, 312}, {KVM_CHECK_EXTENSION, 0},
	{KVM_RUN, 0}, {KVM_GET_API_VERSION, 0}, {KVM_SET_CPUID2, 88}, {KVM_GET_SUPPORTED_CPUID, 88},
};

static void special(void)
{
	static const unsigned short types[] = {FF_RUMBLE, FF_PERIODIC, FF_CONSTANT, FF_RAMP, FF_SPRING};
	struct ff_effect effect = {0, -1, 2, {3, 4}, {5, 6}};
	struct gpio_v2_line_config config = {3, 4, {0}, {{{1, 0, {5}}, 1}, {{2, 0, {6}}, 2}, {{3, 0, {7}}, 3}, {{4, 5, {8}}, 4}}};
	struct gpiohandle_request handle = {{1, 2, 3}, 0xff, {1, 0, 1}, "label", 3, 0};
	static struct ubi_rnvol_req rename = {2, {0}, {{1, 4, {0}, "name"}, {2, 200, {0}, "other"}}};
	struct ubi_mkvol_req make = {1, 2, 3, UBI_DYNAMIC_VOLUME, 1, 5, {0}, "volume"};
	struct { unsigned count, pad; struct kvm_cpuid_entry2 entries[3]; } cpuid = {3, 0, {{1, 2, 3, 4, 5, 6, 7}}};

	memset((char *)&effect + 16, 0x81, 32);
	for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
		effect.type = types[i];
		ioctl(-1, EVIOCSFF, &effect);
	}
	ioctl(-1, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config);
	config.num_attrs = 11;
	ioctl(-1, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config);
	ioctl(-1, GPIO_GET_LINEHANDLE_IOCTL, &handle);
	ioctl(-1, UBI_IOCRNVOL, &rename);
	ioctl(-1, UBI_IOCMKVOL, &make);
	ioctl(-1, KVM_SET_CPUID2, &cpuid);
	ioctl(-1, KVM_GET_SUPPORTED_CPUID, &cpuid);
}

int main(void)
{
	TABLE(input);
	TABLE(flash);
	TABLE(others);
	special();
	succeed();
	TABLE(input);
	TABLE(flash);
	TABLE(others);
	special();
	return 0;
}
