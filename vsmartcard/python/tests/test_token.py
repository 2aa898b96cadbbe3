"""The token over pyscard, PyKCS11 and its control socket."""

from __future__ import annotations

import datetime
import glob
import os
import subprocess
import time
from typing import Any, List, Tuple

import PyKCS11
import pytest
from smartcard.Exceptions import NoCardException, SmartcardException
from smartcard.System import readers

import softdna

RIGHT, WRONG_ONCE = (0x90, 0x00), (0x63, 0xC2)


def connect(token: softdna.PluggedToken) -> Any:
    (reader,) = [reader for reader in readers() if str(reader) == token.reader]
    connection = reader.createConnection()
    connection.connect()
    return connection


def send(connection: Any, command: str, data: bytes = b"") -> Tuple[List[int], Tuple[int, int]]:
    apdu = list(bytes.fromhex(command)) + ([len(data), *data] if data else [])
    answer, sw1, sw2 = connection.transmit(apdu)
    return answer, (sw1, sw2)


def verify(connection: Any, pin: str) -> Tuple[int, int]:
    return send(connection, "00200010", pin.encode())[1]


class TestPyscard:
    def test_sees_the_reader_and_the_card(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        assert bytes(connection.getATR()) == token.status().atr
        challenge, status = send(connection, "0084000008")
        assert status == RIGHT and len(challenge) == 8

    def test_counts_tries_with_the_card(self, token: softdna.PluggedToken) -> None:
        assert verify(connect(token), "00000000") == WRONG_ONCE
        assert token.tries()[0x10] == softdna.CodeTries(left=2, most=3)

    def test_begins_afresh_after_a_wrong_pin(self, token: softdna.PluggedToken) -> None:
        assert token.tries()[0x10].left == 3
        assert verify(connect(token), token.pin) == RIGHT

    def test_begins_afresh_after_a_verified_pin(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        assert send(connection, "00200010")[1] == (0x63, 0xC3)

    def test_changes_a_pin_for_one_test_only(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        data = token.pin.encode() + b"86420975"
        assert send(connection, "00240010", data)[1] == RIGHT
        assert verify(connection, "86420975") == RIGHT

    def test_has_the_first_pin_again(self, token: softdna.PluggedToken) -> None:
        assert verify(connect(token), token.pin) == RIGHT

    def test_is_restored_in_milliseconds(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        token.snapshot("mine")
        begin = time.monotonic()
        for _ in range(5):
            assert verify(connection, "00000000") == WRONG_ONCE
            token.restore("mine", in_place=True)
        assert time.monotonic() - begin < 5 * 0.4, "a card that left and came back takes 0.4 s"
        assert "mine" in [snapshot.name for snapshot in token.snapshots()]
        token.delete_snapshot("mine")

    def test_misses_a_removed_card(self, token: softdna.PluggedToken) -> None:
        token.remove()
        with pytest.raises(NoCardException):
            connect(token)
        assert not token.status().present

    def test_has_it_back_in_the_next_test(self, token: softdna.PluggedToken) -> None:
        assert token.status().present
        connect(token)

    def test_forgets_the_pin_at_a_reset(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        assert verify(connection, token.pin) == RIGHT
        assert send(connection, "00200010")[1] == RIGHT
        token.reset()
        assert send(connection, "00200010")[1] == (0x63, 0xC3)


class TestFaults:
    def test_answer(self, token: softdna.PluggedToken) -> None:
        number = token.fault(answer=0x6F00, ins=0x84, nth=2)
        (fault,) = token.faults()
        assert (fault.number, fault.effect, fault.ins) == (number, {"answer": "6F00"}, 0x84)
        connection = connect(token)
        statuses = [send(connection, "0084000008")[1] for _ in range(3)]
        assert statuses == [RIGHT, (0x6F, 0x00), RIGHT]
        assert token.faults() == []

    def test_delay(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        token.fault(delay=300)
        begin = time.monotonic()
        assert send(connection, "0084000008")[1] == RIGHT
        assert time.monotonic() - begin >= 0.3

    def test_garbage(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        token.fault(garbage=True)
        assert send(connection, "0084000008")[1] == (0x6F, 0xFF)
        token.fault(garbage=bytes.fromhex("0102036985"))
        assert send(connection, "0084000008") == ([1, 2, 3], (0x69, 0x85))

    def test_drop(self, token: softdna.PluggedToken) -> None:
        connection = connect(token)
        token.fault(drop=True, execute=True)
        with pytest.raises(SmartcardException):
            verify(connection, "00000000")
        assert not token.status().present
        token.insert()
        # Its answer was lost, not its effect.
        assert token.tries()[0x10].left == 2
        assert verify(connect(token), token.pin) == RIGHT

    def test_are_gone_with_the_test(self, token: softdna.PluggedToken) -> None:
        assert token.faults() == []
        token.fault(answer=0x6581, always=True)

    def test_even_those_for_always(self, token: softdna.PluggedToken) -> None:
        assert token.faults() == []
        assert send(connect(token), "0084000008")[1] == RIGHT

    def test_refusals(self, token: softdna.PluggedToken) -> None:
        with pytest.raises(softdna.Refused, match="one of answer, delay") as error:
            token.fault()
        assert error.value.kind == "usage"
        with pytest.raises(softdna.Refused, match="no fault 999") as error:
            token.clear_faults(999)
        assert error.value.kind == "refused"
        with pytest.raises(softdna.Refused, match='did you mean "status"'):
            token.request("statuss")


@pytest.fixture(scope="module")
def library(pcsc_world: softdna.World) -> Any:
    library = PyKCS11.PyKCS11Lib()
    library.load(glob.glob("/usr/lib/*/opensc-pkcs11.so")[0])
    yield library
    library.unload()


class TestPKCS11:
    def test_signs_with_the_key_in_the_card(
        self, library: Any, token: softdna.PluggedToken, tmp_path: Any
    ) -> None:
        session = library.openSession(library.getSlotList(tokenPresent=True)[0])
        session.login(token.pin)
        (key,) = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])
        message = b"to be signed"
        signature = session.sign(key, message, PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))
        (certificate,) = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_CERTIFICATE)])
        (der,) = session.getAttributeValue(certificate, [PyKCS11.CKA_VALUE])
        session.logout()
        session.closeSession()
        (tmp_path / "holder.der").write_bytes(bytes(der))
        (tmp_path / "message").write_bytes(message)
        (tmp_path / "signature").write_bytes(bytes(signature))
        script = (
            "openssl x509 -inform der -in holder.der -out holder.pem &&"
            " openssl x509 -in holder.pem -noout -pubkey -out key.pem &&"
            " openssl verify -CAfile $1 holder.pem &&"
            " openssl dgst -sha256 -verify key.pem -signature signature message"
        )
        subprocess.run(["sh", "-euc", script, "sh", token.ca_file], cwd=tmp_path, check=True)

    def test_reports_a_wrong_pin(self, library: Any, token: softdna.PluggedToken) -> None:
        session = library.openSession(library.getSlotList(tokenPresent=True)[0])
        with pytest.raises(PyKCS11.PyKCS11Error) as error:
            session.login("00000000")
        assert error.value.value == PyKCS11.CKR_PIN_INCORRECT
        session.closeSession()
        assert token.tries()[0x10].left == 2

    def test_reports_a_card_that_fails(self, library: Any, token: softdna.PluggedToken) -> None:
        session = library.openSession(library.getSlotList(tokenPresent=True)[0])
        token.fault(answer=0x6581, ins=0x20)
        with pytest.raises(PyKCS11.PyKCS11Error) as error:
            session.login(token.pin)
        assert error.value.value == PyKCS11.CKR_DEVICE_ERROR
        session.login(token.pin)
        session.logout()
        session.closeSession()


class TestIssuedToken:
    def test_has_an_authority(self, issued_token: softdna.IssuedToken) -> None:
        assert issued_token.authority("show")["status"] == "active"
        issued_token.authority("suspend")
        assert issued_token.authority("show")["status"] == "suspended"
        with pytest.raises(softdna.SoftdnaError, match="suspen"):
            issued_token.authority("suspend")

    def test_grows_old(self, issued_token: softdna.IssuedToken) -> None:
        script = (
            "pkcs15-tool --read-certificate 01 >holder.pem;"
            " openssl verify -CAfile $SOFTDNA_CA_FILE holder.pem"
        )
        with issued_token.plug_in(in_process=False, movable_clock=True) as world:
            folder = issued_token.path
            assert world.run(["sh", "-c", script], cwd=folder).returncode == 0
            clock = world.token.advance_clock(years=4)
            assert clock.date > datetime.date.today() + datetime.timedelta(days=4 * 365 - 1)
            assert clock.seen_by == ("authority", "command")
            result = world.run(["sh", "-c", script], cwd=folder)
            assert result.returncode != 0 and "certificate has expired" in result.stderr
            with pytest.raises(softdna.Refused, match="does not go back"):
                world.token.advance_clock(to=datetime.date(2000, 1, 1))
            assert world.token.reset_clock().days == 0
            assert world.run(["sh", "-c", script], cwd=folder).returncode == 0

    def test_is_reproducible(self, tmp_path: Any) -> None:
        tokens = [softdna.IssuedToken.issue(tmp_path / name, seed=5) for name in "ab"]
        assert tokens[0].scratch_card == tokens[1].scratch_card
        assert os.path.isfile(tokens[0].ca_file)
