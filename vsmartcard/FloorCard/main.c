/* The card the benchmark measures against: vpcd's wire and nothing behind it.
 *
 *   softdna-floor-card HOST PORT
 *
 * Connects to a slot of vpcd as soon as something listens there, says an ATR when asked for one, and
 * answers every short command with as many zero bytes as it asks for and 9000, until the reader hangs
 * up. */
#include <errno.h>
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
/* As long as the longest answer to a short command: length, 256 bytes, SW1-SW2. */
static unsigned char answer_frame[2 + 256 + 2];

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
            int reason = errno;
            close(descriptor);
            errno = reason;
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

/* Ne of a short command (ISO/IEC 7816-4, 5.2); 0 for one that asks for nothing. */
static size_t expected(const unsigned char *command, size_t size)
{
    size_t without_le = size < 6 ? 4 : 5 + (size_t) command[4];

    if (size != without_le + 1)
        return 0;
    return command[size - 1] == 0 ? 256 : command[size - 1];
}

/* Two bytes of length, zeros, 9000: how long that is. */
static size_t make_answer(size_t length)
{
    memset(answer_frame, 0, sizeof answer_frame);
    answer_frame[0] = (unsigned char) ((length + 2) >> 8);
    answer_frame[1] = (unsigned char) (length + 2);
    answer_frame[2 + length] = 0x90;
    return 2 + length + 2;
}

static int answer(int descriptor, const unsigned char *frame, size_t size)
{
    return send(descriptor, frame, size, MSG_NOSIGNAL) == (ssize_t) size;
}

int main(int argc, char **argv)
{
    static unsigned char body[0xFFFF];
    unsigned char header[2];
    int descriptor, tries;

    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    /* Ten seconds and more, looking as often as the card it is compared with. */
    for (tries = 0; tries < 500000; tries++) {
        descriptor = connect_to(argv[1], argv[2]);
        if (descriptor >= 0 || errno != ECONNREFUSED)
            break;
        usleep(20);
    }
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
        } else if (!answer(descriptor, answer_frame, make_answer(expected(body, size)))) {
            break;
        }
    }
    close(descriptor);
    return 0;
}
