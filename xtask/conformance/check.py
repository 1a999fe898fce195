"""Holds the conformance suite against an implementation that was written from docs/signing.md alone.

Usage: check.py conformance.json. Needs the package `ecdsa`; validates the schema too where `jsonschema` is installed.
Ends with 0 if every case agrees, 1 if one does not, 3 if the package is missing.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

try:
    import ecdsa
    from ecdsa.util import sigencode_der_canonize
except ImportError:
    print("the package ecdsa is not installed")
    sys.exit(3)

CURVE = ecdsa.SECP256k1
ORDER = CURVE.order
TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null)|(?P<mark>[{}\[\]:,])|(?P<blank>[ \t\r\n]+)"
)


class Refused(Exception):
    pass


def tokens_of(text):
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Refused("invalid_body")
        if match.lastgroup != "blank":
            tokens.append((match.lastgroup, match.group()))
        at = match.end()
    return tokens


def characters(token):
    text = json.loads(token)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("invalid_body") from None
    return text


def members_of(raw):
    """The members of one object: name, and the tokens of the value."""
    try:
        tokens = tokens_of(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused("invalid_body") from None
    at = 0

    def take(text=None):
        nonlocal at
        if at >= len(tokens) or (text and tokens[at][1] != text):
            raise Refused("invalid_body")
        at += 1
        return tokens[at - 1]

    def peek():
        return tokens[at][1] if at < len(tokens) else ""

    def name():
        kind, text = take()
        if kind != "string":
            raise Refused("invalid_body")
        take(":")
        return text

    def value():
        start = at
        kind, text = take()
        if text == "{":
            while peek() != "}":
                name()
                value()
                if peek() == "}":
                    break
                take(",")
                if peek() == "}":
                    raise Refused("invalid_body")
            take("}")
        elif text == "[":
            while peek() != "]":
                value()
                if peek() == "]":
                    break
                take(",")
                if peek() == "]":
                    raise Refused("invalid_body")
            take("]")
        elif kind == "mark":
            raise Refused("invalid_body")
        return tokens[start:at]

    members = []
    take("{")
    if peek() != "}":
        members.append((characters(name()), value()))
        while peek() == ",":
            take(",")
            members.append((characters(name()), value()))
    take("}")
    if at != len(tokens):
        raise Refused("invalid_body")
    members.sort(key=lambda member: member[0].encode("utf-8"))
    for first, second in zip(members, members[1:]):
        if first[0] == second[0]:
            raise Refused("invalid_body")
    return members


def written(name):
    return json.dumps(name, ensure_ascii=False)


def parameters(raw):
    pairs, sent = [], []
    for name, value in members_of(raw):
        kind, text = value[0]
        if text == "null":
            continue
        if kind == "mark" or (kind == "number" and re.search("[.eE]", text)):
            raise Refused("unsupported_value")
        pairs.append(f"{name}={characters(text) if kind == 'string' else text}")
        sent.append(f"{written(name)}:{text}")
    return "&".join(pairs), "{" + ",".join(sent) + "}"


def string_to_sign(path, nonce, params):
    if not re.fullmatch(r"0|[1-9][0-9]*", nonce) or int(nonce) >= 2**64:
        raise Refused("invalid_nonce")
    if not re.fullmatch(r"/[!-~]*", path) or re.search(r"[#?|]", path):
        raise Refused("invalid_path")
    return f"POST|{path}|{nonce}|{params}"


def digest_of(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def private_key(text):
    if not re.fullmatch("[0-9a-fA-F]{64}", text) or not 0 < int(text, 16) < ORDER:
        raise Refused("invalid_private_key")
    return ecdsa.SigningKey.from_string(bytes.fromhex(text), CURVE)


def public_key(text):
    if not re.fullmatch("0[23][0-9a-fA-F]{64}", text):
        raise Refused("invalid_public_key")
    try:
        return ecdsa.VerifyingKey.from_string(bytes.fromhex(text), CURVE)
    except Exception:
        raise Refused("invalid_public_key") from None


def compressed(key):
    return key.to_string("compressed").hex()


def signature_of(text):
    if not text:
        raise Refused("missing")
    if not re.fullmatch("(?:[0-9a-fA-F]{2})+", text):
        raise Refused("malformed")
    der = bytes.fromhex(text)
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] >= 0x80:
        raise Refused("malformed")
    numbers, at = [], 2
    while at < len(der):
        if at + 2 > len(der) or der[at] != 0x02:
            raise Refused("malformed")
        body = der[at + 2 : at + 2 + der[at + 1]]
        at += 2 + der[at + 1]
        if not body or at > len(der) or body[0] >= 0x80:
            raise Refused("malformed")
        if len(body) > 1 and body[0] == 0 and body[1] < 0x80:
            raise Refused("malformed")
        numbers.append(int.from_bytes(body, "big"))
    if len(numbers) != 2 or not all(0 < number < ORDER for number in numbers):
        raise Refused("malformed")
    return numbers


def fits(key, digest, numbers):
    point = key.pubkey.point
    public = ecdsa.ecdsa.Public_key(CURVE.generator, point)
    return public.verifies(int.from_bytes(digest, "big"), ecdsa.ecdsa.Signature(*numbers))


def ordered_text(raw):
    return "{" + ",".join(
        f"{written(name)}:{''.join(text for _, text in value)}" for name, value in members_of(raw)
    ) + "}"


def callback(case):
    raw = bytes.fromhex(case["body_hex"])
    if len(raw) > case["max_bytes"]:
        raise Refused("too_large")
    numbers = signature_of(case["signature"])
    key = public_key(case["public_key"])
    for form, text in (("as_received", lambda: raw), ("ordered", lambda: ordered_text(raw).encode("utf-8"))):
        digest = digest_of(text())
        if fits(key, digest, numbers):
            return {"form": form, "digest": digest.hex()}
    raise Refused("mismatch")


def check_key(case):
    if case["kind"] == "private":
        return {"public_key": compressed(private_key(case["text"]).verifying_key)}
    return {"public_key": compressed(public_key(case["text"]))}


def check_request(case):
    key = private_key(case["private_key"])
    params, sent = ("", "") if case["body"] is None else parameters(case["body"].encode("utf-8"))
    text = string_to_sign(case["path"], case["nonce"], params)
    digest = digest_of(text.encode("utf-8"))
    signature = key.sign_digest_deterministic(
        digest, hashfunc=hashlib.sha256, sigencode=sigencode_der_canonize
    ).hex()
    public = compressed(key.verifying_key)
    if not fits(public_key(case["public_key"]), digest, signature_of(case["signature"])):
        raise Refused("mismatch")
    return {
        "params": params, "string_to_sign": text, "digest": digest.hex(), "signature": signature,
        "sent_body": sent, "public_key": public,
        "headers": {"X-API-KEY": public, "X-API-NONCE": case["nonce"], "X-API-SIGNATURE": signature},
    }


def check_refused(case):
    params, _ = parameters(bytes.fromhex(case["body_hex"]))
    return {"signed": string_to_sign(case["path"], case["nonce"], params)}


def check_signature(case):
    numbers = signature_of(case["signature"])
    if not fits(public_key(case["public_key"]), bytes.fromhex(case["digest"]), numbers):
        raise Refused("mismatch")
    return {"high_s": numbers[1] > ORDER // 2}


SECTIONS = {
    "keys": check_key, "requests": check_request, "refused_requests": check_refused,
    "signatures": check_signature, "callbacks": callback,
}


def disagreements(suite):
    for section, check in SECTIONS.items():
        if not suite[section]:
            yield f"{section}: no case"
        for case in suite[section]:
            valid = case.get("valid", section == "requests")
            try:
                found, refused = check(case), None
            except Refused as refusal:
                found, refused = {}, str(refusal)
            if refused != case.get("refused_as") or valid != (refused is None):
                yield f"{case['id']}: {refused or 'accepted'} here"
            for name, value in found.items():
                if case.get(name) != value:
                    yield f"{case['id']}: {name} is {value!r} here"
            if "body_hex" in case and case["body"] is not None and case["body"].encode().hex() != case["body_hex"]:
                yield f"{case['id']}: body and body_hex differ"


def schema_errors(suite, folder):
    try:
        import jsonschema
    except ImportError:
        return "schema: skipped: the package jsonschema is not installed", []
    schema = json.loads((folder / "conformance.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(suite)
    return "schema holds", [f"schema: {error.json_path}: {error.message}" for error in errors]


suite = json.loads(Path(sys.argv[1]).read_text("utf-8"))
schema = Path(__file__).resolve().parents[2] / "crates/tarspay-sign/vectors"
summary, wrong = schema_errors(suite, schema)
wrong += disagreements(suite)
for line in wrong:
    print(line)
if wrong:
    sys.exit(1)
counts = ", ".join(f"{len(suite[section])} {section}" for section in SECTIONS)
print(f"python with ecdsa agrees: {counts}; {summary}")
