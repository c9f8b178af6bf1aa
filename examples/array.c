/* Prints its pid and the address of an array, waits for a line, and prints what the array holds by then. */

#include <stdio.h>
#include <unistd.h>

#define SIZE 32

static int array[SIZE];

int main(void)
{
    printf("%d %p\n", getpid(), (void *) array);
    fflush(stdout);
    getchar();
    for (int i = 0; i < SIZE; i++)
        printf("%d%c", array[i], i == SIZE - 1 ? '\n' : ' ');
    return 0;
}
