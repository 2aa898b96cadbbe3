/* What is answered, and the L2CAP channel: one message an SDU, opcode and id in front. */
#include "floor.h"

#include <bluetooth/bluetooth.h>
#include <bluetooth/l2cap.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const unsigned char atr[] = {0x3B, 0x81, 0x80, 0x01, 0x46, 0x46};

int must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "softdna-floor-radio: %s: %s\n", what, strerror(-result));
        exit(1);
    }
    return result;
}

int answer(const unsigned char *command, size_t size, int *opcode, unsigned char *payload,
                  int request)
{
    size_t wanted = 0;

    switch (request) {
    case POWER_ON:
        *opcode = ATR;
        memcpy(payload, atr, ATR_SIZE);
        return ATR_SIZE;
    case PING:
        *opcode = PONG;
        return 0;
    case APDU:
        *opcode = RESPONSE;
        /* Le at the end of a command without data (ISO/IEC 7816-4, 5.2). */
        if (size == 5)
            wanted = command[4] != 0 ? command[4] : 256;
        else if (size == 7)
            wanted = (size_t) command[5] << 8 | command[6];
        memset(payload, 0, wanted);
        payload[wanted] = 0x90;
        payload[wanted + 1] = 0x00;
        return (int) wanted + 2;
    default:
        return -1;
    }
}

int listen_for_channels(uint16_t *psm)
{
    const struct bt_security security = {.level = BT_SECURITY_FIPS};
    const uint16_t mtu = CHANNEL_MTU;
    struct sockaddr_l2 address = {.l2_family = AF_BLUETOOTH, .l2_bdaddr_type = BDADDR_LE_PUBLIC};
    socklen_t size = sizeof address;
    int listener = socket(AF_BLUETOOTH, SOCK_SEQPACKET | SOCK_CLOEXEC, BTPROTO_L2CAP);

    if (listener < 0 || bind(listener, (struct sockaddr *) &address, sizeof address) < 0
        || setsockopt(listener, SOL_BLUETOOTH, BT_SECURITY, &security, sizeof security) < 0
        || setsockopt(listener, SOL_BLUETOOTH, BT_RCVMTU, &mtu, sizeof mtu) < 0
        || listen(listener, 1) < 0
        || getsockname(listener, (struct sockaddr *) &address, &size) < 0)
        must(-errno, "an L2CAP channel");
    *psm = btohs(address.l2_psm);
    return listener;
}

int serve_channel(int channel)
{
    static unsigned char command[CHANNEL_MTU], reply[2 + CHANNEL_MTU];
    ssize_t size = recv(channel, command, sizeof command, 0);
    int opcode, length;

    if (size < 2)
        return 0;
    length = answer(command + 2, (size_t) size - 2, &opcode, reply + 2, command[0]);
    if (length < 0)
        return 1;
    reply[0] = (unsigned char) opcode;
    reply[1] = command[1];
    return send(channel, reply, 2 + (size_t) length, MSG_NOSIGNAL) > 0;
}
