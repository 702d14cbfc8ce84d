#!/usr/bin/env python3
"""Makes and opens every case of tests/vectors/token-v1 with Python's AES and AES-SIV (OpenSSL).

Written from docs/spec/token-v1.md, NIST SP 800-38G and RFC 5297 alone; shares no code with the library.
Needs: pip install cryptography
"""
import base64
import hmac
import json
import math
import pathlib
import re
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

CLASSES = ("identity address biographical ssn ssn_last4 other_government_id account_info billing service_details "
           "device_id call_detail location payment auth_secret directory_listing survivor").split()


class Refused(Exception):
    pass


def need(condition, code):
    if not condition:
        raise Refused(code)


def pack(*items):
    return b"".join(struct.pack(">I", len(item)) + item for item in items)


def u32(number):
    return struct.pack(">I", number)


def expand(prk, info, length):
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def column_key(case):
    label = b"cpni-guard/v1/token"
    prk = hmac.digest(label, bytes.fromhex(case["root"]), "sha256")
    place = (case["tenant"].encode(), case["column"].encode())
    return expand(prk, pack(label, u32(case["version"]), *place), 32)


def normal_form(case):
    """Section 1, for the kinds that the vectors have."""
    value, kind = case["value"], case["value_kind"]
    if kind is None:
        return value
    digits = re.sub(r"[ ().+-]", "", value)
    if kind == "nanp" and len(digits) == 11:
        digits = digits.removeprefix("1")
    lengths = {"ssn": (9,), "nanp": (10,), "iccid": (18, 19, 20)}[kind]
    need(re.fullmatch("[0-9]+", digits) and len(digits) in lengths, 3111)
    return digits


def alphabet(text):
    seen = set()
    for character in text:
        need("!" <= character <= "~" and character not in seen, 3102)
        seen.add(character)
    need(2 <= len(text) <= 94, 3101)
    return text


def ff1(key, radix, tweak, symbols):
    """SP 800-38G, algorithm 7."""
    def aes(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    def number(digits):
        total = 0
        for digit in digits:
            total = total * radix + digit
        return total

    n, t = len(symbols), len(tweak)
    u, v = n // 2, n - n // 2
    a, b = symbols[:u], symbols[u:]
    size = ((radix ** v - 1).bit_length() + 7) // 8
    d = 4 * math.ceil(size / 4) + 4
    p = b"\x01\x02\x01" + radix.to_bytes(3, "big") + bytes([10, u % 256]) + u32(n) + u32(t)
    for i in range(10):
        q = tweak + bytes((-t - size - 1) % 16) + bytes([i]) + number(b).to_bytes(size, "big")
        r = bytes(16)
        for at in range(0, len(p + q), 16):
            r = aes(bytes(x ^ y for x, y in zip(r, (p + q)[at:at + 16])))
        s = r
        for j in range(1, math.ceil(d / 16)):
            s += aes(bytes(x ^ y for x, y in zip(r, j.to_bytes(16, "big"))))
        m = u if i % 2 == 0 else v
        c = (number(a) + int.from_bytes(s[:d], "big")) % radix ** m
        a, b = b, [c // radix ** (m - 1 - place) % radix for place in range(m)]
    return a + b


def check_class(case):
    need(case["class"] != "call_detail", 3107)
    need(case["class"] not in ("auth_secret", "ssn_last4"), 3106)


def format_token(case, key):
    values = alphabet(case["alphabet"])
    low, high = case["lengths"]
    need(low <= high <= 128, 3105)
    need(len(values) ** low >= 1_000_000, 3104)
    tokens = alphabet(case.get("token_alphabet", values))
    need(len(tokens) == len(values), 3103)
    check_class(case)
    value = normal_form(case)
    need(low <= len(value.encode()) <= high, 3112)
    need(all(character in values for character in value), 3113)
    label = b"cpni-guard/v1/token-tweak"
    tweak = pack(label, *(case[part].encode() for part in ("tenant", "field", "column")))
    ff1_key = expand(key, pack(b"cpni-guard/v1/token-ff1"), 32)
    made = {"column_key": key.hex(), "ff1_key": ff1_key.hex(), "tweak": tweak.hex()}
    symbols = ff1(ff1_key, len(values), tweak, [values.index(character) for character in value])
    return {"token": "".join(tokens[symbol] for symbol in symbols)}, made


def sealed_token(case, key):
    check_class(case)
    siv_key = expand(key, pack(b"cpni-guard/v1/token-siv"), 64)
    place = (case[part].encode() for part in ("tenant", "field", "column"))
    code = CLASSES.index(case["class"]) + 1
    associated = pack(b"cpni-guard/v1/token-sealed", *place, bytes([code]), u32(case["version"]))
    made = {"column_key": key.hex(), "siv_key": siv_key.hex(), "associated": associated.hex()}
    if "token" in case:
        value = open_sealed(case, siv_key, associated)
    else:
        value = normal_form(case).encode()
    need(len(value) <= 1023, 3112)
    padded = value + b"\x80" + bytes(-(len(value) + 1) % 16)
    token = b"CGT\x01" + u32(case["version"]) + AESSIV(siv_key).encrypt(padded, [associated])
    return {"token": base64.urlsafe_b64encode(token).decode().rstrip("="), "bytes": token.hex()}, made


def open_sealed(case, siv_key, associated):
    text = case["token"]
    need(re.fullmatch("[A-Za-z0-9_-]*", text), 3114)
    token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(token[:4] == b"CGT\x01" and len(token) >= 40 and (len(token) - 24) % 16 == 0, 3114)
    (version,) = struct.unpack(">I", token[4:8])
    need(version >= 1, 3114)
    need(version == case["version"], 3116)
    try:
        padded = AESSIV(siv_key).decrypt(token[8:], [associated])
    except InvalidTag:
        raise Refused(3115)
    value = padded.rstrip(b"\0")
    need(value.endswith(b"\x80") and len(padded) - len(value) < 16, 3115)
    return value[:-1]


def main():
    folder = pathlib.Path(__file__).parent.parent / "tests/vectors/token-v1"
    cases = [case for file in sorted(folder.glob("*.json")) for case in json.loads(file.read_text())["cases"]]
    for case in cases:
        make = format_token if case["kind"] == "format" else sealed_token
        try:
            got, made = make(case, column_key(case))
        except Refused as refused:
            got, made = {"error": refused.args[0]}, None
        if got != case["expect"] or ("intermediate" in case and made != case["intermediate"]):
            sys.exit(f"{case['name']}: {got}")
    print(f"{len(cases)} cases of token-v1 agree")


main()
