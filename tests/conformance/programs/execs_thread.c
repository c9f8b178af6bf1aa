/* execve by a thread that is not the first: it takes over the first one's pid. */
/* trace: -f */
/* trace: -f -q */
/* trace: -f -v -n */
#include "forms.h"

static char **given;

static int other(void *unused)
{
	char *words[] = {"itself", "again", NULL};
	spin(60);
	execv(given[0], words);
	return 0;
}

int main(int count, char **words)
{
	given = words;
	if (count > 1)
		return 6;
	thread(other, NULL);
	pause();
	return 0;
}
