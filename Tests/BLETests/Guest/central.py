"""A host that is not BlueZ: bumble on the second controller, as the token's peer sees itself."""

import asyncio
import itertools
import logging
import socket

from bumble import core, l2cap
from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration, Peer
from bumble.hci import Address
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink
from bumble.transport.hci_socket import open_hci_socket_transport
from bumble.transport.vhci import open_vhci_transport

import frames
from cases import expect, until

# What bumble reports as errors is what these cases provoke.
logging.getLogger("bumble").setLevel(logging.CRITICAL)

INSUFFICIENT_AUTHENTICATION = 0x05
MTU = 517
CONFIGURATION = core.UUID.from_16_bits(0x2902)


class Refused(Exception):
    """The token's end refused: an ATT error, an SMP reason or an L2CAP result, by its number."""

    def __init__(self, code):
        super().__init__(f"refused: 0x{code:02x}")
        self.code = code


async def refusal(attempt):
    """The number an attempt is refused with; None where it succeeds."""
    try:
        await attempt
    except Refused as error:
        return error.code
    except core.ProtocolError as error:
        return error.error_code
    return None


class Person(PairingDelegate):
    """Who sits at the host: types the passkey the token shows, compares numbers."""

    def __init__(self, capability, passkey=None, agrees=True):
        super().__init__(capability)
        self._passkey = passkey
        self._agrees = agrees
        self.number = None

    async def get_number(self):
        return await self._passkey()

    async def compare_numbers(self, number, digits):
        self.number = number
        return self._agrees


KEYBOARD = PairingDelegate.KEYBOARD_INPUT_ONLY
SCREEN_AND_BUTTONS = PairingDelegate.DISPLAY_OUTPUT_AND_YES_NO_INPUT
NOTHING = PairingDelegate.NO_OUTPUT_NO_INPUT


class Host:
    """A host stack with its own bonds."""

    def __init__(self, device):
        self.device = device
        self.address = str(device.random_address).split("/", maxsplit=1)[0]

    @classmethod
    async def on_adapter(cls, number):
        """Takes a controller from the kernel; it must be down."""
        transport = await open_hci_socket_transport(str(number))
        # A stream of notifications comes faster than Python reads.
        transport.source.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        return await cls.on_transport(transport.source, transport.sink, "F0:F1:F2:F3:F4:F5")

    @classmethod
    async def on_transport(cls, source, sink, address):
        """On a controller of any kind."""
        configuration = DeviceConfiguration(
            name="host", address=Address(address), keystore="Memory")
        device = Device.from_config_with_hci(configuration, source, sink)
        await device.power_on()
        return cls(device)

    async def forget(self):
        """Drops all bonds on this side."""
        for name, _ in await self.device.keystore.get_all():
            await self.device.keystore.delete(name)

    async def connect(self, token):
        """A link to the token, as soon as it advertises."""
        peer = Address(token.address, Address.PUBLIC_DEVICE_ADDRESS)
        since = len(token.events)

        async def attempt():
            try:
                return await self.device.connect(peer, timeout=20)
            except (core.ConnectionError, core.TimeoutError):
                return None

        connection = await until(attempt, "the token lets a host connect")
        await token.event("connected", since, host=self.address)
        return Link(connection, token, self.address)


class Air(LocalLink):
    """What controllers made here share. btvirt's have one connection at a time."""

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        # LocalLink takes the sender's random address; BlueZ uses its public one.
        target = self.find_le_controller(destination_address)
        source = next((each.self_address for each in sender_controller.le_connections.values()
                       if each.peer_address == destination_address), None)
        if target and source:
            asyncio.get_running_loop().call_soon(
                target.on_link_acl_data, source, transport, data)


async def crowd(address, *hosts):
    """One more adapter for the kernel, with this address, and hosts that can all connect to it at
    the same time."""
    air = Air()
    made = []
    for each in hosts:
        controller = Controller(each, link=air)
        made.append(await Host.on_transport(controller, AsyncPipeSink(controller), each))
    # Last, as the kernel gives a controller two seconds for each answer, and does not ask again:
    # on a machine that is busy it has to be plugged in once more.
    for _ in range(5):
        transport = await open_vhci_transport(None)
        controller = Controller("token", host_source=transport.source, host_sink=transport.sink,
                                link=air, public_address=address)
        try:
            await until(adapter_is_known, "bluetoothd knows the new adapter", limit=8)
            return made
        except AssertionError:
            air.remove_controller(controller)
            await transport.close()
    raise AssertionError("the kernel does not take a controller made here")


async def adapter_is_known():
    """bluetoothd has the adapter that `crowd` adds."""
    process = await asyncio.create_subprocess_exec(
        "dbus-send", "--system", "--print-reply", "--dest=org.bluez", "/org/bluez/hci2",
        "org.freedesktop.DBus.Introspectable.Introspect", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL)
    described, _ = await process.communicate()
    return b"org.bluez.GattManager1" in described


class Link:
    """A connection, and what goes over it."""

    def __init__(self, connection, token, address):
        self.connection = connection
        self._token = token
        self._address = address
        self._since = len(token.events)
        self.peer = Peer(connection)
        self.inbox = frames.Inbox()
        self.fragment = 244
        identifiers = itertools.cycle(range(256))
        # The number of the next request.
        self.next_id = lambda: next(identifiers)
        self._handles = {}
        self.closed = asyncio.Event()
        connection.on("disconnection", lambda _: self.closed.set())

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.disconnect()

    async def disconnect(self):
        """Ends the link, if it is still there, and returns when the token knows. bluetoothd 5.66
        takes the next link of a host whose last one it has not seen end for another bearer of
        that one, and answers nothing over it."""
        if not self.closed.is_set():
            try:
                await self.connection.disconnect()
            except core.ProtocolError:
                await self.closed.wait()
        await self._token.event("disconnected", self._since, host=self._address)

    async def pair(self, person, secure=True, mitm=True, bonding=True):
        """Pairs; `secure` is LE Secure Connections."""
        self.connection.device.pairing_config_factory = lambda _: PairingConfig(
            sc=secure, mitm=mitm, bonding=bonding, delegate=person)
        try:
            await self.connection.pair()
        except core.ProtocolError as error:
            raise Refused(error.error_code) from error

    async def discover(self):
        """Finds the token's characteristics."""
        await self.peer.request_mtu(MTU)
        services = await self.peer.discover_service(frames.SERVICE)
        expect(len(services), 1, "services of the profile")
        await services[0].discover_characteristics()
        found = {str(each.uuid).lower(): each for each in services[0].characteristics}
        self._handles = found
        return self

    def characteristic(self, uuid):
        """One that `discover` found."""
        return self._handles[uuid]

    async def read(self, uuid):
        """The value of a characteristic."""
        return await self.peer.read_value(self.characteristic(uuid))

    async def write(self, value, request=True):
        """Writes Command."""
        await self.peer.write_value(
            self.characteristic(frames.COMMAND), value, with_response=request)

    async def subscribe(self):
        """Asks for the token's frames."""
        answer = self.characteristic(frames.ANSWER)
        if not answer.descriptors_discovered:
            await self.peer.discover_descriptors(answer)
        # Not by bumble's subscribe(), which remembers what the token has refused.
        await self.peer.write_value(
            answer.get_descriptor(CONFIGURATION), b"\x01\x00", with_response=True)
        subscribers = self.peer.gatt_client.notification_subscribers
        subscribers.setdefault(answer.handle, set()).add(self.inbox.take)

    async def open(self):
        """Everything a host does before its first command."""
        await self.discover()
        await self.subscribe()
        return self

    async def reopen(self):
        """The same on a link of an earlier bond, whose keys come first."""
        await self.connection.encrypt()
        return await self.open()

    async def channel(self, psm):
        """The L2CAP channel."""
        specification = l2cap.LeCreditBasedChannelSpec(psm=psm, mtu=4096)
        try:
            return await self.connection.create_l2cap_channel(spec=specification)
        except core.ProtocolError as error:
            raise Refused(error.error_code) from error

    async def send(self, opcode, payload=b"", shuffle=list):
        """Sends a message and returns its id; `shuffle` is given its frames and returns those to
        be written."""
        identifier = self.next_id()
        for frame in shuffle(frames.fragments(opcode, identifier, payload, self.fragment)):
            await self.write(frame)
        return identifier

    async def answer(self, identifier, limit=30):
        """The next message with this id that is no WAIT; those are left in `inbox`."""
        def found():
            for message in self.inbox.messages:
                if message.id == identifier and message.opcode != frames.WAIT:
                    self.inbox.messages.remove(message)
                    return message
            return None
        return await until(found, f"an answer to request {identifier}", limit)

    async def first_wait(self, identifier):
        """Returns when the token has said that it works at a request."""
        await until(lambda: any(each.id == identifier and each.opcode == frames.WAIT
                                for each in self.inbox.messages), "a WAIT")

    async def transmit(self, command, limit=30, shuffle=list):
        """Sends a command APDU and returns the response APDU."""
        identifier = await self.send(frames.APDU, command, shuffle)
        message = await self.answer(identifier, limit)
        expect(message.opcode, frames.RESPONSE, f"opcode of the answer {message.payload.hex()}")
        return message.payload

    async def power_on(self):
        """Resets the card and returns its ATR."""
        message = await self.answer(await self.send(frames.POWER_ON))
        expect(message.opcode, frames.ATR, "opcode of the answer")
        return message.payload


async def pair_by_passkey(host, token):
    """A link that is paired as it should be."""
    link = await host.connect(token)
    token.from_now_on()
    await link.pair(Person(KEYBOARD, token.passkey))
    return link
