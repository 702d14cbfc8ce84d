#!/usr/bin/env python3
"""Plays every case of tests/vectors/device-session-v1 with Python's X25519 and AES-GCM (OpenSSL).

Written from docs/spec/device-session-v1.md and RFC 9180 alone; shares no code with the library.
Needs: pip install cryptography
"""
import hmac
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
CLASSES = ("identity address biographical ssn ssn_last4 other_government_id account_info billing service_details "
           "device_id call_detail location payment auth_secret directory_listing survivor").split()
BLOCK, WITHHOLD = 1024, 4


class Refused(Exception):
    pass


def need(condition):
    if not condition:
        raise Refused


def extract(salt, label, ikm, suite):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def expand(prk, label, info, length, suite):
    info = struct.pack(">H", length) + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def key_pair(seed):
    """RFC 9180 section 7.1.3."""
    secret = expand(extract(b"", b"dkp_prk", seed, KEM), b"sk", b"", 32, KEM)
    key = X25519PrivateKey.from_private_bytes(secret)
    return key, key.public_key().public_bytes_raw()


def hpke_open(key, public, enc, info, sealed):
    try:
        dh = key.exchange(X25519PublicKey.from_public_bytes(enc))
    except ValueError:  # all zeros
        raise Refused
    shared = expand(extract(b"", b"eae_prk", dh, KEM), b"shared_secret", enc + public, 32, KEM)
    context = b"\0" + extract(b"", b"psk_id_hash", b"", SUITE) + extract(b"", b"info_hash", info, SUITE)
    secret = extract(shared, b"secret", b"", SUITE)
    try:
        cipher = AESGCM(expand(secret, b"key", context, 32, SUITE))
        return cipher.decrypt(expand(secret, b"base_nonce", context, 12, SUITE), sealed, b"")
    except InvalidTag:
        raise Refused


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data))
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, length):
        return int.from_bytes(self.take(length), "big")

    def text(self, prefix):
        try:
            return self.take(self.number(prefix)).decode()
        except UnicodeDecodeError:
            raise Refused


def read_request(data):
    need(len(data) == 40 and data[:4] == b"CGQ\x01")
    number = int.from_bytes(data[36:], "big")
    need(number != 0)
    return {"public_key": data[4:36].hex(), "number": number}


def read_value(r):
    kind = r.number(1)
    need(kind <= 2)
    if kind == 0:
        return None
    if kind == 1:
        return {"text": r.text(4)}
    rows = []
    for _ in range(r.number(4)):
        direction, start, seconds, number = r.number(1), r.number(8), r.number(4), r.text(1)
        flag = r.number(1)
        need(direction in (1, 2) and flag <= 1)
        place = r.text(1) if flag else None
        rows.append({"direction": ("outbound", "inbound")[direction - 1], "start": start, "seconds": seconds,
                     "number": number, "place": place})
    return rows


def read_plain(padded):
    stripped = padded.rstrip(b"\0")
    need(len(padded) % BLOCK == 0 and stripped[-1:] == b"\x80" and len(padded) - len(stripped) < BLOCK)
    r = Reader(stripped[:-1])
    index, count, fields = r.number(8), r.number(2), []
    need(1 <= count <= 512)
    for _ in range(count):
        name, code = r.text(1), r.number(1)
        need(1 <= code <= 16)
        r.number(1)
        outcome, form, because = r.number(1), r.number(1), r.number(1)
        need((outcome == WITHHOLD) == (because != 0))
        field = {"name": name, "class": CLASSES[code - 1], "obligations": r.number(4), "for_agent": r.text(2)}
        field["reasons"] = [[r.text(1), r.text(2), r.text(2), r.text(1)] for _ in range(r.number(1))]
        remedies = [list(r.take(r.number(1))) for _ in range(r.number(1))]
        field["value"] = read_value(r)
        if because:
            need(form == 0 and field["value"] is None)
        else:
            need(form != 0 and not remedies)
            field["value"] = "absent" if field["value"] is None else field["value"]
        fields.append(field)
    need(r.at == len(r.data) and len({field["name"] for field in fields}) == count)
    return {"audit_index": index, "fields": fields}


def play(case):
    key, public = key_pair(bytes.fromhex(case["seed"]))
    waiting, bound, deadline, now, seen = set(range(1, case["requests"] + 1)), None, None, 0, None
    for reply in case["replies"]:
        now += reply["after_secs"] * 1_000_000
        need(deadline is None or now < deadline)
        data = bytes.fromhex(reply["reply"])
        r = Reader(data)
        need(r.take(4) == b"CGA\x01")
        number, ties, sealed_at, expires = r.number(4), r.take(48), r.number(8), r.number(8)
        agent = r.text(1)
        header, enc = data[:r.at], r.take(32)
        sealed = data[r.at:]
        need(number and expires > sealed_at and len(sealed) > BLOCK and len(sealed) % BLOCK == 16)
        need(reply["opened_as"] in waiting and number == reply["opened_as"])
        need(bound in (None, (ties, agent)))
        label = b"cpni-guard/v1/device-session"
        info = b"".join(struct.pack(">I", len(part)) + part for part in (label, header))
        plain = hpke_open(key, public, enc, info, sealed)
        need(now < expires - sealed_at)  # all requests are made at 0
        seen = read_plain(plain)
        waiting.discard(number)
        bound, deadline = (ties, agent), max(deadline or 0, expires - sealed_at)
    return seen, info.hex(), plain.hex()


def main():
    folder = pathlib.Path(__file__).parent.parent / "tests/vectors/device-session-v1"
    opened, refused, wrong = 0, 0, []
    for path in sorted(folder.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            expected = case["expect"].get("open")
            try:
                if case["kind"] == "request":
                    right = read_request(bytes.fromhex(case["request"])) == expected
                else:
                    seen, info, plain = play(case)
                    right = expected is not None and (info, plain) == (case["info"], case["plaintext"])
                    right = right and seen["audit_index"] == expected["audit_index"] and all(
                        all(theirs[part] == field[part] for part in field)
                        for field, theirs in zip(seen["fields"], expected["fields"], strict=True))
                opened += 1
            except Refused:
                right = expected is None
                refused += 1
            if not right:
                wrong.append(f"{path.name}: {case['name']}")
    print(f"{opened} opened with equal values, {refused} refused, {len(wrong)} wrong")
    print("\n".join(wrong), end="")
    return 1 if wrong or not opened else 0


if __name__ == "__main__":
    sys.exit(main())
