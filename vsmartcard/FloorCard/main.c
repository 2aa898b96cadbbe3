/* The card the benchmark measures against: vpcd's wire and nothing behind it.
 *
 *   softdna-floor-card HOST PORT
 *
 * Connects to a slot of vpcd, says an ATR when asked for one, and answers every command with
 * eight zero bytes and 9000, until the reader hangs up. */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { POWER_OFF = 0, POWER_ON = 1, RESET = 2, GET_ATR = 4 };

/* Frames with their length of two bytes in front. T=1, one historical byte, TCK. */
static const unsigned char atr_frame[] = {0x00, 0x06, 0x3B, 0x81, 0x80, 0x01, 0x46, 0x46};
static const unsigned char answer_frame[] = {0x00, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x00};

static void set_option(int descriptor, int option)
{
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, option, &yes, sizeof yes);
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints, *found, *address;
    int descriptor = -1;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (address = found; address != NULL && descriptor < 0; address = address->ai_next) {
        descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (descriptor >= 0 && connect(descriptor, address->ai_addr, address->ai_addrlen) != 0) {
            close(descriptor);
            descriptor = -1;
        }
    }
    freeaddrinfo(found);
    return descriptor;
}

/* Blocks until `size` bytes are there; 0 once the reader has hung up. */
static int receive(int descriptor, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(descriptor, bytes, size, 0);
        /* Not sticky, and worth 40 ms: see the README beside this directory. */
        set_option(descriptor, TCP_QUICKACK);
        if (count <= 0)
            return 0;
        bytes += count;
        size -= (size_t) count;
    }
    return 1;
}

static int answer(int descriptor, const unsigned char *frame, size_t size)
{
    return send(descriptor, frame, size, MSG_NOSIGNAL) == (ssize_t) size;
}

int main(int argc, char **argv)
{
    static unsigned char body[0xFFFF];
    unsigned char header[2];
    int descriptor;

    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    descriptor = connect_to(argv[1], argv[2]);
    if (descriptor < 0) {
        fprintf(stderr, "%s: nothing listens at %s:%s\n", argv[0], argv[1], argv[2]);
        return 1;
    }
    set_option(descriptor, TCP_NODELAY);

    while (receive(descriptor, header, sizeof header)) {
        size_t size = (size_t) header[0] << 8 | header[1];
        int is_control;

        if (!receive(descriptor, body, size))
            break;
        is_control = size == 1;
        if (is_control && (body[0] == POWER_OFF || body[0] == POWER_ON || body[0] == RESET))
            continue;
        if (is_control && body[0] == GET_ATR) {
            if (!answer(descriptor, atr_frame, sizeof atr_frame))
                break;
        } else if (!answer(descriptor, answer_frame, sizeof answer_frame)) {
            break;
        }
    }
    close(descriptor);
    return 0;
}
