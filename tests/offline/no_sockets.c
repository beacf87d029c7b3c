// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process and its children: connect, bind and sendto on the Internet's families fail, as do look-ups of
// names, and each attempt becomes a line in the file that NO_SOCKETS_LOG names. Local sockets work.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *what, const char *where, int port) {
    char line[512];
    const char *path = getenv("NO_SOCKETS_LOG");
    const int n = snprintf(line, sizeof line, "%s %s port %d by %s (%d)\n", what, where, port,
                           program_invocation_short_name, (int)getpid());
    const int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    if (file < 0 || write(file, line, (size_t)(n < (int)sizeof line ? n : (int)sizeof line - 1)) < 0)
        abort(); // an attempt that nobody hears of would pass
    close(file);
}

static int is_forbidden(const char *what, const struct sockaddr *address) {
    char where[INET6_ADDRSTRLEN] = "";
    int port = 0;
    if (address && address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, where, sizeof where);
        port = ntohs(in->sin_port);
    } else if (address && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, where, sizeof where);
        port = ntohs(in->sin6_port);
    } else {
        return 0;
    }
    note(what, where, port);
    errno = EACCES;
    return 1;
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    static int (*real)(int, const struct sockaddr *, socklen_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "connect");
    return is_forbidden("connect", address) ? -1 : real(fd, address, length);
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
    static int (*real)(int, const struct sockaddr *, socklen_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "bind");
    return is_forbidden("bind", address) ? -1 : real(fd, address, length);
}

ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *address, socklen_t length) {
    static ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sendto");
    return is_forbidden("sendto", address) ? -1 : real(fd, data, n, flags, address, length);
}

// A name is looked up by the C library's own calls, which a preloaded connect does not see.
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    char number[sizeof(struct in6_addr)];
    if (name && inet_pton(AF_INET, name, number) != 1 && inet_pton(AF_INET6, name, number) != 1) {
        note("look-up", name, 0);
        return EAI_FAIL;
    }
    return real(name, service, hints, result);
}
