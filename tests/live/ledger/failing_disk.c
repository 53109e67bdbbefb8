/* Loaded before the system's library: the n-th write or flush of a ledger's files fails. Files are those with ".db" in
   their path. Compiled and used by tests/live/ledger/failing_disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long armed_write = -1, armed_sync = -1, writes, syncs, unflushed;
static int failure = EIO, torn;

void disk_arm(long write, long sync, int number, int half) {
    armed_write = write; armed_sync = sync; failure = number; torn = half; writes = syncs = unflushed = 0;
}
long disk_writes(void) { return writes; }
long disk_syncs(void) { return syncs; }
long disk_unflushed(void) { return unflushed; }

static int ours(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, ".db") != NULL && strstr(path, "-shm") == NULL;
}

#define WRITE(name, offset_type)                                                                  \
    ssize_t name(int file, const void *data, size_t size, offset_type offset) {                   \
        static ssize_t (*real)(int, const void *, size_t, offset_type);                           \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                \
        if (ours(file)) {                                                                         \
            unflushed++;                                                                          \
            if (++writes == armed_write) {                                                        \
                if (torn) real(file, data, size / 2, offset);                                     \
                errno = failure;                                                                  \
                return -1;                                                                        \
            }                                                                                     \
        }                                                                                         \
        return real(file, data, size, offset);                                                    \
    }
WRITE(pwrite, off_t)
WRITE(pwrite64, off64_t)

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (ours(file)) {
        unflushed++;
        if (++writes == armed_write) { errno = failure; return -1; }
    }
    return real(file, data, size);
}

#define SYNC(name)                                                                                \
    int name(int file) {                                                                          \
        static int (*real)(int);                                                                  \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                \
        if (ours(file)) {                                                                         \
            unflushed = 0;                                                                        \
            if (++syncs == armed_sync) { errno = failure; return -1; }                            \
        }                                                                                         \
        return real(file);                                                                        \
    }
SYNC(fsync)
SYNC(fdatasync)
