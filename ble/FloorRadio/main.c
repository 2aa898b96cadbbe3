/* The token the radio benchmark measures against: the same bus calls and sockets, and no card.
 *
 *   softdna-floor-radio ADAPTER
 *
 * Offers the profile of ble/PROFILE.md on an adapter (hci0) and says "ready". Every command is
 * answered at once with as many zero bytes as it asks for, and 9000. It takes one host that is
 * bonded already (there is no agent), commands in one fragment, and its word for everything. */
#include "floor.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

enum { HEADER = 6, ATT_HEADER = 3, LARGEST_VALUE = 510 };

#define UUID_(number) "0e39000" #number "-e069-41d6-8153-673142514692"

/* Bytes on the link in one notification; bluetoothd says how many. */
static size_t largest_value = 20;
static int notifications = -1;
static uint16_t channel_psm;

static void notify(const unsigned char *command, size_t size)
{
    static unsigned char payload[CHANNEL_MTU], frame[LARGEST_VALUE];
    size_t offset = 0, room = largest_value - HEADER;
    int opcode, total;

    if (size < HEADER)
        return;
    total = answer(command + HEADER, size - HEADER, &opcode, payload, command[0]);
    if (total < 0)
        return;
    do {
        size_t part = (size_t) total - offset < room ? (size_t) total - offset : room;
        const unsigned char header[HEADER] = {
            (unsigned char) opcode, command[1], (unsigned char) (offset >> 8),
            (unsigned char) offset, (unsigned char) (total >> 8), (unsigned char) total};

        memcpy(frame, header, HEADER);
        memcpy(frame + HEADER, payload + offset, part);
        send(notifications, frame, HEADER + part, MSG_NOSIGNAL);
        offset += part;
    } while (offset < (size_t) total);
}

/* GattCharacteristic1 and the others; `user` is the number of the attribute. */
static int number_of(void *user) { return (int) (intptr_t) user; }

static int uuid(sd_bus *bus, const char *path, const char *interface, const char *name,
                sd_bus_message *reply, void *user, sd_bus_error *error)
{
    static const char *const uuids[] = {"", UUID_(1), UUID_(2), UUID_(3), UUID_(4), UUID_(5)};

    (void) bus, (void) path, (void) interface, (void) name, (void) error;
    return sd_bus_message_append(reply, "s", uuids[number_of(user)]);
}

static int flags(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *reply, void *user, sd_bus_error *error)
{
    static const char *const all[] = {
        "", "", "secure-write", "secure-notify", "secure-read", "secure-read"};

    (void) bus, (void) path, (void) interface, (void) name, (void) error;
    return sd_bus_message_append(reply, "as", 1, all[number_of(user)]);
}

static int service(sd_bus *bus, const char *path, const char *interface, const char *name,
                   sd_bus_message *reply, void *user, sd_bus_error *error)
{
    (void) bus, (void) path, (void) interface, (void) name, (void) user, (void) error;
    return sd_bus_message_append(reply, "o", "/floor/service");
}

static int truth(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *reply, void *user, sd_bus_error *error)
{
    (void) bus, (void) path, (void) interface, (void) user, (void) error;
    return sd_bus_message_append(reply, "b", strcmp(name, "Primary") == 0);
}

static int advertised(sd_bus *bus, const char *path, const char *interface, const char *name,
                      sd_bus_message *reply, void *user, sd_bus_error *error)
{
    (void) bus, (void) path, (void) interface, (void) user, (void) error;
    if (strcmp(name, "ServiceUUIDs") == 0)
        return sd_bus_message_append(reply, "as", 1, UUID_(1));
    return sd_bus_message_append(reply, "s", strcmp(name, "Type") == 0 ? "peripheral" : "Floor");
}

static int read_value(sd_bus_message *call, void *user, sd_bus_error *error)
{
    /* Versions, longest message, longest fragment, features: a channel and CANCEL; no ATR yet. */
    unsigned char info[9 + ATR_SIZE + 1 + 8] = {1, 1, 0xFF, 0xFF, 0x01, 0xF8, 0, 5, ATR_SIZE};
    const unsigned char psm[] = {(unsigned char) channel_psm, (unsigned char) (channel_psm >> 8)};
    sd_bus_message *reply = NULL;
    int result;

    (void) error;
    memcpy(info + 9, atr, ATR_SIZE);
    info[9 + ATR_SIZE] = 1;
    must(sd_bus_message_new_method_return(call, &reply), "an answer");
    if (number_of(user) == 4)
        sd_bus_message_append_array(reply, 'y', info, sizeof info);
    else
        sd_bus_message_append_array(reply, 'y', psm, sizeof psm);
    result = sd_bus_send(NULL, reply, NULL);
    sd_bus_message_unref(reply);
    return result;
}

static int write_value(sd_bus_message *call, void *user, sd_bus_error *error)
{
    const void *value;
    size_t size;
    int result = sd_bus_message_read_array(call, 'y', &value, &size);

    (void) user, (void) error;
    if (result < 0)
        return result;
    result = sd_bus_reply_method_return(call, "");
    notify(value, size);
    return result;
}

static int acquire_notify(sd_bus_message *call, void *user, sd_bus_error *error)
{
    const char *key;
    uint16_t mtu = 23;
    int ends[2], result;

    (void) user, (void) error;
    must(sd_bus_message_enter_container(call, 'a', "{sv}"), "options");
    while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
        must(sd_bus_message_read(call, "s", &key), "an option");
        if (strcmp(key, "mtu") == 0)
            must(sd_bus_message_read(call, "v", "q", &mtu), "mtu");
        else
            must(sd_bus_message_skip(call, "v"), "an option");
        must(sd_bus_message_exit_container(call), "an option");
    }
    largest_value = mtu - ATT_HEADER < LARGEST_VALUE ? (size_t) mtu - ATT_HEADER : LARGEST_VALUE;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return -errno;
    if (notifications >= 0)
        close(notifications);
    notifications = ends[0];
    result = sd_bus_reply_method_return(call, "hq", ends[1], mtu);
    close(ends[1]);
    return result;
}

static int nothing(sd_bus_message *call, void *user, sd_bus_error *error)
{
    (void) user, (void) error;
    return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable service_table[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("UUID", "s", uuid, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Primary", "b", truth, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END};

#define CHARACTERISTIC                                                                  \
    SD_BUS_PROPERTY("UUID", "s", uuid, 0, SD_BUS_VTABLE_PROPERTY_CONST),                \
        SD_BUS_PROPERTY("Service", "o", service, 0, SD_BUS_VTABLE_PROPERTY_CONST),      \
        SD_BUS_PROPERTY("Flags", "as", flags, 0, SD_BUS_VTABLE_PROPERTY_CONST)

static const sd_bus_vtable write_table[] = {
    SD_BUS_VTABLE_START(0), CHARACTERISTIC,
    SD_BUS_METHOD("WriteValue", "aya{sv}", "", write_value, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};
static const sd_bus_vtable read_table[] = {
    SD_BUS_VTABLE_START(0), CHARACTERISTIC,
    SD_BUS_METHOD("ReadValue", "a{sv}", "ay", read_value, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};
static const sd_bus_vtable notify_table[] = {
    SD_BUS_VTABLE_START(0), CHARACTERISTIC,
    SD_BUS_PROPERTY("NotifyAcquired", "b", truth, 0, 0),
    SD_BUS_METHOD("AcquireNotify", "a{sv}", "hq", acquire_notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};
static const sd_bus_vtable advertisement_table[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Type", "s", advertised, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("ServiceUUIDs", "as", advertised, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("LocalName", "s", advertised, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_METHOD("Release", "", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};

static void publish(sd_bus *bus)
{
    static const struct { const char *path, *interface; const sd_bus_vtable *table; } all[] = {
        {"/floor/service", "org.bluez.GattService1", service_table},
        {"/floor/service/command", "org.bluez.GattCharacteristic1", write_table},
        {"/floor/service/response", "org.bluez.GattCharacteristic1", notify_table},
        {"/floor/service/info", "org.bluez.GattCharacteristic1", read_table},
        {"/floor/service/psm", "org.bluez.GattCharacteristic1", read_table}};

    must(sd_bus_add_object_manager(bus, NULL, "/floor"), "an object manager");
    for (size_t each = 0; each < sizeof all / sizeof all[0]; each++)
        must(sd_bus_add_object_vtable(bus, NULL, all[each].path, all[each].interface,
                                      all[each].table, (void *) (intptr_t) (each + 1)),
             all[each].path);
    must(sd_bus_add_object_vtable(bus, NULL, "/floor/advertisement", "org.bluez.LEAdvertisement1",
                                  advertisement_table, NULL), "the advertisement");
}

/* bluetoothd asks back while it registers, so its answer must not be waited for. */
static int registered(sd_bus_message *reply, void *user, sd_bus_error *error)
{
    static int count;

    (void) error;
    if (sd_bus_message_is_method_error(reply, NULL)) {
        fprintf(stderr, "softdna-floor-radio: %s: %s\n", (const char *) user,
                sd_bus_message_get_error(reply)->message);
        exit(1);
    }
    if (++count == 2) {
        puts("ready");
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    char adapter[64];
    sd_bus *bus;
    int listener, channel = -1;

    if (argc != 2) {
        fprintf(stderr, "usage: %s ADAPTER\n", argv[0]);
        return 2;
    }
    snprintf(adapter, sizeof adapter, "/org/bluez/%s", argv[1]);
    listener = listen_for_channels(&channel_psm);
    must(sd_bus_open_system(&bus), "the system bus");
    publish(bus);
    must(sd_bus_set_property(bus, "org.bluez", adapter, "org.bluez.Adapter1", "Powered", NULL, "b",
                             1), "power to the adapter");
    must(sd_bus_call_method_async(bus, NULL, "org.bluez", adapter, "org.bluez.GattManager1",
                                  "RegisterApplication", registered, "the application", "oa{sv}",
                                  "/floor", 0), "the application");
    must(sd_bus_call_method_async(bus, NULL, "org.bluez", adapter,
                                  "org.bluez.LEAdvertisingManager1", "RegisterAdvertisement",
                                  registered, "the advertisement", "oa{sv}",
                                  "/floor/advertisement", 0), "the advertisement");
    for (;;) {
        struct pollfd wait[3];

        while (must(sd_bus_process(bus, NULL), "the bus") > 0)
            continue;
        wait[0] = (struct pollfd) {sd_bus_get_fd(bus), (short) sd_bus_get_events(bus), 0};
        wait[1] = (struct pollfd) {listener, POLLIN, 0};
        wait[2] = (struct pollfd) {channel, POLLIN, 0};
        if (poll(wait, 3, -1) < 0)
            must(-errno, "poll");
        if (wait[1].revents != 0) {
            if (channel >= 0)
                close(channel);
            channel = accept(listener, NULL, NULL);
        } else if (wait[2].revents != 0 && !serve_channel(channel)) {
            close(channel);
            channel = -1;
        }
    }
}
