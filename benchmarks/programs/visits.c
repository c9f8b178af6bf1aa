/* visits N PATH: N times opens, reads and closes a file and asks for one that is not there, and prints N. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    long times = argc > 2 ? atol(argv[1]) : 0;
    for (long done = 0; done < times; done++) {
        char data[16], missing[32];
        struct stat status;
        int file = open(argv[2], O_RDONLY);
        if (file < 0 || read(file, data, sizeof data) < 0)
            return 1;
        close(file);
        snprintf(missing, sizeof missing, "/nonexistent%ld", done % 50);
        if (stat(missing, &status) == 0)
            return 1;
    }
    printf("%ld\n", times);
    return 0;
}
