#!/usr/bin/env python3
"""Opens every case of tests/vectors/sealed-v1/opens.json with Python's `cryptography` (OpenSSL).

Written from docs/spec/sealed-v1.md alone; shares no code with the library. The refused cases of the
other files are checked as far as a reader goes that only opens: none may open.
Needs: pip install cryptography
"""
import base64
import hmac
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CLASSES = ("identity address biographical ssn ssn_last4 other_government_id account_info billing service_details "
           "device_id call_detail location payment auth_secret directory_listing survivor").split()
SHAPES = {1: "value", 2: "calls"}


class Refused(Exception):
    pass


def need(condition):
    if not condition:
        raise Refused


def u32(number):
    return struct.pack(">I", number)


def items(*parts):
    return b"".join(u32(len(part)) + part for part in parts)


def extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha256")


def expand(prk, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out, counter = out + block, counter + 1
    return out[:length]


class Keys:
    def __init__(self, case):
        keys = case["keys"]
        self.tenant, self.account = keys["tenant"].encode(), keys["account"].encode()
        self.record_id = case["record_id"].encode()
        self.version, self.epoch = keys["version"], keys["epoch"]
        ikm = bytes.fromhex(case["root"]) + bytes.fromhex(keys.get("subject_secret", ""))
        label = b"cpni-guard/v1/account"
        info = items(label, u32(self.version), self.tenant, self.account, u32(self.epoch))
        self.account_key = expand(extract(label, ikm), info, 32)

    def class_bytes(self, code):
        out = expand(self.account_key, items(b"cpni-guard/v1/class", bytes([code])), 64)
        return out[:32], out[32:]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data))
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, length):
        return int.from_bytes(self.take(length), "big")


def read_entry(reader):
    name = reader.take(reader.number(1))
    need(1 <= len(name) <= 64 and name[:1].islower() and name.isascii())
    need(all(c in b"abcdefghijklmnopqrstuvwxyz0123456789_" for c in name))
    code, shape = reader.number(1), reader.number(1)
    need(1 <= code <= 16 and shape in SHAPES)
    body = Reader(reader.take(reader.number(4)))
    count = body.number(4)
    need(1 <= count <= (1 if shape == 1 else 4096))
    chunks = []
    for _ in range(count):
        length = body.number(4)
        need(length % 16 == 0 and 32 <= length <= 65568)
        chunks.append((body.take(12), body.take(length)))
    need(body.at == len(body.data))
    return name, code, shape, chunks


def read(data, kind):
    reader = Reader(data)
    need(reader.take(4) == (b"CGR\x01" if kind == "record" else b"CGF\x01"))
    version, epoch = reader.number(4), reader.number(4)
    need(version >= 1)
    if kind == "record":
        listed = [(reader.number(1), reader.take(32)) for _ in range(reader.number(1))]
        codes = [code for code, _ in listed]
        need(codes == sorted(set(codes)))
        entries = [read_entry(reader) for _ in range(reader.number(2))]
        names = [entry[0] for entry in entries]
        need(1 <= len(names) <= 512 and names == sorted(set(names)))
        need(set(codes) == {entry[1] for entry in entries})
        commitments = dict(listed)
    else:
        commitment, entries = reader.take(32), [read_entry(reader)]
        commitments = {entries[0][1]: commitment}
    need(reader.at == len(data))
    return version, epoch, commitments, entries


def read_rows(chunk):
    reader, rows = Reader(chunk), []
    while reader.at < len(chunk):
        row = {"direction": reader.number(1), "start_micros": reader.number(8), "duration_secs": reader.number(4)}
        need(row["direction"] in (1, 2))
        try:
            row["number"] = reader.take(reader.number(1)).decode()
            flag = reader.number(1)
            need(flag in (0, 1))
            row["place"] = reader.take(reader.number(1)).decode() if flag else None
        except UnicodeDecodeError:
            raise Refused
        rows.append(row)
    return rows


def open_case(case):
    """The opened fields, and every intermediate value."""
    if "text" in case:
        text = case["text"]
        need(all(c.isascii() and (c.isalnum() or c in "-_") for c in text))
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        need(base64.urlsafe_b64encode(data).decode().rstrip("=") == text)
    else:
        data = bytes.fromhex(case["sealed"])
    keys = Keys(case)
    version, epoch, commitments, entries = read(data, case["kind"])
    need((version, epoch) == (keys.version, keys.epoch))
    opened, between = [], {"account_key": keys.account_key.hex(), "classes": {}, "chunks": []}
    for name, code, shape, chunks in entries:
        key, commitment = keys.class_bytes(code)
        need(commitments[code] == commitment)
        between["classes"][CLASSES[code - 1]] = {"class_key": key.hex(), "commitment": commitment.hex()}
        plain = []
        for index, (nonce, sealed) in enumerate(chunks):
            aad = items(b"cpni-guard/v1/sealed", keys.tenant, keys.account, keys.record_id, name, bytes([code]),
                        bytes([shape]), u32(version), u32(epoch), u32(index), u32(len(chunks)))
            try:
                padded = AESGCM(key).decrypt(nonce, sealed, aad)
            except InvalidTag:
                raise Refused
            stripped = padded.rstrip(b"\0")
            need(stripped[-1:] == b"\x80" and len(padded) - len(stripped) < 16)
            plain.append(stripped[:-1])
            between["chunks"].append({
                "field": name.decode(), "index": index, "aad": aad.hex(), "nonce": nonce.hex(),
                "padded": padded.hex(), "ciphertext_and_tag": sealed.hex()})
        field = {"name": name.decode(), "class": CLASSES[code - 1], "shape": SHAPES[shape]}
        if shape == 1:
            field["plaintext"] = plain[0].hex()
        else:
            field["chunks"] = [chunk.hex() for chunk in plain]
            field["rows"] = [row for chunk in plain for row in read_rows(chunk)]
        opened.append(field)
    return opened, between


def main():
    folder = pathlib.Path(__file__).parent.parent / "tests/vectors/sealed-v1"
    opened, refused, wrong = 0, 0, []
    for path in sorted(folder.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            if "ask" in case:
                continue  # about a schema, not about bytes
            title = f"{path.name}: {case['name']}"
            try:
                fields, between = open_case(case)
                if fields != case["expect"].get("open") or between != case["intermediate"]:
                    wrong.append(title)
                opened += 1
            except Refused:
                if "open" in case["expect"]:
                    wrong.append(title)
                refused += 1
    print(f"{opened} opened with equal intermediate values, {refused} refused, {len(wrong)} wrong")
    print("\n".join(wrong), end="")
    return 1 if wrong or not opened else 0


if __name__ == "__main__":
    sys.exit(main())
