"""Command APDUs of the token, as a host sends them."""

from bumble import crypto


def command(cla, ins, p1, p2, data=b"", expected=None):
    """A command APDU, extended where it has to be (ISO/IEC 7816-4, 5.2)."""
    head = bytes([cla, ins, p1, p2])
    if len(data) <= 255 and (expected or 0) <= 256:
        body = bytes([len(data)]) + data if data else b""
        return head + body + (b"" if expected is None else bytes([expected & 0xFF]))
    body = b"\0" + len(data).to_bytes(2, "big") + data if data else b"\0"
    return head + body + (b"" if expected is None else expected.to_bytes(2, "big"))


def select(*path):
    """SELECT by path from the master file, which is no path; no answer wanted."""
    if not path:
        return command(0, 0xA4, 0, 0x0C, b"\x3f\x00")
    return command(0, 0xA4, 8, 0x0C, b"".join(each.to_bytes(2, "big") for each in path))


def verify(code=""):
    """VERIFY of the CNS PIN; without a code, whether it is verified already."""
    return command(0, 0x20, 0, 0x10, code.encode())


CERTIFICATE = (0x1100, 0x1101)
KEY = ()
# GENERATE ASYMMETRIC KEY PAIR of the CNS key, as the issuer sends it.
GENERATE_KEY = command(0, 0x46, 0, 0x01, bytes.fromhex("20013f0100100020"), expected=512)
OK = b"\x90\x00"


async def authenticate_issuer(link, token):
    """EXTERNAL AUTHENTICATE with the transport key."""
    answer = await link.transmit(command(0, 0x84, 0, 0, expected=8))
    proof = crypto.aes_cmac(answer[:8], token.transport_key)
    return await link.transmit(command(0, 0x82, 0, 0x1F, proof))
