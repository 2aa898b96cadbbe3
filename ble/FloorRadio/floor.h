/* Between the two files of softdna-floor-radio. */
#include <stddef.h>
#include <stdint.h>

enum { APDU = 0x01, POWER_ON = 0x02, PING = 0x05, RESPONSE = 0x81, ATR = 0x82, PONG = 0x85 };
enum { CHANNEL_MTU = 65535, ATR_SIZE = 6 };

extern const unsigned char atr[ATR_SIZE];

/* Ends the program where `result` is a negative errno. */
int must(int result, const char *what);

/* The answer to a message: its opcode, and its payload's length; -1 where there is none. */
int answer(const unsigned char *command, size_t size, int *opcode, unsigned char *payload,
           int request);

/* A socket that hosts connect to, and the PSM that it has. */
int listen_for_channels(uint16_t *psm);

/* Answers one message; false once the host has hung up. */
int serve_channel(int channel);
