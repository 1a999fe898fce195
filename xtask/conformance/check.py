#!/usr/bin/env python3
"""Check conformance.json with a second implementation of the signature.

Written from docs/signing.md alone; the shape of the suite is from vectors/README.md and its schema. Its
author had read neither the Rust code nor another checker. Section numbers are those of the page. Where the
page was silent, the first version guessed; the suite proved three guesses wrong: the lines marked "open".

Needs the package `ecdsa`; with `jsonschema`, validates the suite by conformance.schema.json beside it too.

    check.py conformance.json

Exit status: 0 every case agrees, 1 something disagrees, 2 wrong usage, 3 a package is missing.
"""

import hashlib
import json
import pathlib
import re
import sys

try:
    from ecdsa import SECP256k1, SigningKey
    from ecdsa.ellipticcurve import INFINITY, PointJacobi
except ImportError:
    print("the package ecdsa is not installed")
    sys.exit(3)

N = SECP256k1.order
P = SECP256k1.curve.p()
G = SECP256k1.generator
RULES = {  # the headings of docs/signing.md as anchors
    "1-overview", "2-request-signature", "21-steps", "22-the-string-to-sign-as-a-formula", "23-values",
    "24-path-and-nonce", "25-der", "26-headers", "27-which-hash-does-my-library-take",
    "3-request-worked-example", "31-the-same-with-openssl", "32-the-same-with-tarspay-sign",
    "4-callback-signature", "41-the-ordered-text", "5-callback-worked-example",
    "6-why-does-my-signature-fail", "7-external-signers", "8-malleability",
    "9-what-the-signature-does-not-cover", "10-test-vectors",
}
BASES = {"documented", "proven", "seen", "inferred", "choice"}


class Refused(Exception):
    """An input that must be refused: its kind, and the member at fault."""

    def __init__(self, kind, member=None):
        super().__init__(kind)
        self.kind, self.member = kind, member


# --- JSON text, read without losing a character (RFC 8259)

STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
TOKEN = re.compile(rf"[ \t\n\r]*({STRING}|{NUMBER}|true|false|null|[][{{}}:,])[ \t\n\r]*")
ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
SHORT = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
CLOSER = {"{": "}", "[": "]"}


def tokens_of(raw):
    """The tokens of a JSON text in UTF-8, and an empty one that marks the end."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("invalid_body") from None
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Refused("invalid_body")
        tokens.append(match[1])
        at = match.end()
    return tokens + [""]


def after_name(tokens, at):
    """The index behind `"name" :`."""
    if tokens[at][:1] != '"' or tokens[at + 1] != ":":
        raise Refused("invalid_body")
    return at + 2


def after_value(tokens, at):
    """The index behind the value that begins at `at`; a stack in place of recursion, so any depth will do."""
    closers = []
    while True:
        token, at = tokens[at], at + 1
        if token in ("", "}", "]", ":", ","):
            raise Refused("invalid_body")
        if token in CLOSER:
            closers.append(CLOSER[token])
            if tokens[at] != closers[-1]:
                at = after_name(tokens, at) if token == "{" else at
                continue
        while closers and tokens[at] == closers[-1]:
            closers.pop()
            at += 1
        if not closers:
            return at
        if tokens[at] != ",":
            raise Refused("invalid_body")
        at = after_name(tokens, at + 1) if closers[-1] == "}" else at + 1


def decode(token, member=None):
    """The characters of a JSON string; `member` is whose value it is. A lone surrogate is refused."""
    units = ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else SHORT[m[2]], token[1:-1])
    try:
        return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Refused("invalid_body", member) from None  # open: that the member is named


def members_of(raw):
    """The members of one JSON object, by decoded name: each value as its characters, without outer blanks."""
    tokens = tokens_of(raw)
    if tokens[0] != "{" or after_value(tokens, 0) != len(tokens) - 1:
        raise Refused("invalid_body")
    members, at = {}, 1
    while tokens[at] != "}":
        name, end = decode(tokens[at]), after_value(tokens, at + 2)
        if name in members:
            raise Refused("invalid_body", name)
        members[name] = "".join(tokens[at + 2:end])
        at = end + (tokens[end] == ",")
    return members


def ascending(members):
    """The members by the bytes of the UTF-8 name."""
    return sorted(members.items(), key=lambda member: member[0].encode("utf-8"))


# --- Requests (section 2)

def values_of(body):
    """2.3: the members that are signed and sent, each as its JSON type and its text in PARAMS."""
    values = {}
    for name, value in ({} if body is None else members_of(body)).items():
        if value[0] == '"':
            values[name] = ("string", decode(value, name))
        elif value in ("true", "false"):
            values[name] = ("boolean", value)
        elif re.fullmatch(r"-?(0|[1-9][0-9]*)", value):
            values[name] = ("integer", value)
        elif value != "null":
            raise Refused("unsupported_value", name)
    return values


def params_of(values):
    """2.1, steps 2 and 3."""
    return "&".join(f"{name}={text}" for name, (_, text) in ascending(values))


def string_to_sign(path, nonce, values):
    """2.2 and 2.4: the text that is signed, if path and nonce fit the grammar."""
    if not re.fullmatch(r"/[\x21-\x22\x24-\x3e\x40-\x7b\x7d-\x7e]*", path):
        raise Refused("invalid_path")
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", nonce) or int(nonce) > 18446744073709551615:
        raise Refused("invalid_nonce")
    return "|".join(["POST", path, nonce, params_of(values)])


def digest_of(raw):
    """SHA-256 of the 32 raw bytes of SHA-256."""
    return hashlib.sha256(hashlib.sha256(raw).digest()).digest()


def sent_body_of(body, values):
    """2.1, step 11: one right body; open: without a body, nothing is sent."""
    if body is None:
        return ""
    written = {name: json.dumps(text) if kind == "string" else text for name, (kind, text) in values.items()}
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in written.items()) + "}"


def is_sent_body(text, body, values):
    """Whether this body may be sent too: the same members and values, each once, and no null."""
    try:
        members, sent = members_of(text.encode("utf-8")), values_of(text.encode("utf-8"))
    except Refused:
        return False
    return body is not None and "null" not in members.values() and sent == values


# --- Keys and signatures (sections 1, 2.5 and 8)

def private_key_of(text):
    """A number from 1 to n - 1 in 64 hex digits."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text) or not 0 < int(text, 16) < N:
        raise Refused("invalid_private_key")
    return int(text, 16)


def public_key_of(text):
    """A compressed point of the curve."""
    if not re.fullmatch(r"0[23][0-9a-fA-F]{64}", text):  # open: that capitals are read
        raise Refused("invalid_public_key")
    x = int(text[2:], 16)
    y = pow(x**3 + 7, (P + 1) // 4, P)
    if x >= P or (y * y - x**3 - 7) % P:
        raise Refused("invalid_public_key")
    return PointJacobi(SECP256k1.curve, x, y if y % 2 == int(text[1]) % 2 else P - y, 1, N)


def compressed(point):
    """A public key as text."""
    return f"{2 + point.y() % 2:02x}{point.x():064x}"


def integer_to_der(number):
    """2.5: an INTEGER as short as it can be, with a leading zero byte if it would look negative."""
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(octets)]) + octets


def to_der(r, s):
    """2.5: a SEQUENCE of two integers."""
    content = integer_to_der(r) + integer_to_der(s)
    return bytes([0x30, len(content)]) + content


def signature_of(header):
    """Section 4, steps 2 and 3: the hex text of strict DER, in either case, as r and s."""
    if not header:
        raise Refused("missing")
    if not re.fullmatch(r"([0-9a-fA-F]{2})+", header):
        raise Refused("malformed")
    der = bytes.fromhex(header)
    fields = re.fullmatch(rb"\x30.\x02(.)(.*)", der, re.DOTALL)
    split = fields and fields[1][0]
    if not fields or len(fields[2]) < split + 3:
        raise Refused("malformed")
    r, s = int.from_bytes(fields[2][:split], "big"), int.from_bytes(fields[2][split + 2:], "big")
    if not (0 < r < N and 0 < s < N) or to_der(r, s) != der:  # only the strict form comes out again
        raise Refused("malformed")
    return r, s


def sign(secret, digest):
    """2.1, steps 8 to 10: RFC 6979 and the low s."""
    key = SigningKey.from_secret_exponent(secret, curve=SECP256k1)
    r, s = key.sign_digest_deterministic(digest, hashlib.sha256, sigencode=lambda r, s, order: (r, s))
    return to_der(r, min(s, N - s)).hex()


def verifies(point, digest, signature, require_low_s=False):
    """ECDSA; a high s is accepted unless told otherwise (section 8)."""
    r, s = signature
    if require_low_s and s > N // 2:
        return False
    inverse = pow(s, -1, N)
    sum_of_both = G * (int.from_bytes(digest, "big") * inverse % N) + point * (r * inverse % N)
    return sum_of_both != INFINITY and sum_of_both.x() % N == r


# --- Callbacks (section 4)

def ordered_text(raw):
    """4.1: compact, names ascending and written with the fewest escapes, values as they came."""
    members = ascending(members_of(without_mark(raw)))
    return "{" + ",".join(f"{write_name(name)}:{value}" for name, value in members) + "}"


def without_mark(raw):
    """4.1: a byte order mark is no part of the text."""
    return raw.removeprefix(b"\xef\xbb\xbf")


def write_name(name):
    """4.1: a name with the fewest escapes."""
    short = {value: "\\" + key for key, value in SHORT.items() if key != "/"}
    return '"' + re.sub(r'["\\\x00-\x1f]', lambda m: short.get(m[0], f"\\u{ord(m[0]):04x}"), name) + '"'


def verify_callback(point, header, raw, max_bytes, require_low_s=False):
    """Section 4: the form that was signed and its digest."""
    if len(raw) > max_bytes:
        raise Refused("too_large")
    signature = signature_of(header)
    if verifies(point, digest_of(raw), signature, require_low_s):
        return "as_received", digest_of(raw).hex()
    ordered = ordered_text(raw).encode("utf-8")  # step 5: 1536 bytes and 64 members are the most
    digest = digest_of(ordered)
    small = len(raw) <= 1536 and len(members_of(without_mark(raw))) <= 64
    if small and verifies(point, digest, signature, require_low_s):
        return "ordered", digest.hex()
    raise Refused("mismatch")


# --- The sections of the suite: from the input members of a case to its other members

def text_or_none(function, *inputs):
    """What the function gives, or None if it refuses."""
    try:
        return function(*inputs)
    except (Refused, UnicodeDecodeError):
        return None


def check_key(case):
    """Read a key."""
    try:
        read = {"private": lambda text: G * private_key_of(text), "public": public_key_of}[case["kind"]]
        point = read(case["text"])
    except Refused as refused:
        return {"valid": False, "public_key": None, "refused_as": refused.kind}
    return {"valid": True, "public_key": compressed(point), "refused_as": None}


def check_request(case):
    """Sign a request, verify what was signed, and compare the body that is sent by its members."""
    body = None if case["body"] is None else case["body"].encode("utf-8")
    secret, values = private_key_of(case["private_key"]), values_of(body)
    point, text = G * secret, string_to_sign(case["path"], case["nonce"], values)
    digest = digest_of(text.encode("utf-8"))
    signature = sign(secret, digest)
    if not verifies(point, digest, signature_of(signature), require_low_s=True):
        raise ValueError("this program does not verify its own signature")
    same = is_sent_body(case["sent_body"], body, values)
    public_key = compressed(point)
    return {
        "public_key": public_key, "params": params_of(values), "string_to_sign": text,
        "digest": digest.hex(), "signature": signature,
        "headers": {"X-API-KEY": public_key, "X-API-NONCE": case["nonce"], "X-API-SIGNATURE": signature},
        "sent_body": case["sent_body"] if same else sent_body_of(body, values),
    }


def check_refused_request(case):
    """Refuse to sign."""
    raw = bytes.fromhex(case["body_hex"])
    body = text_or_none(raw.decode, "utf-8")
    try:
        string_to_sign(case["path"], case["nonce"], values_of(raw))
    except Refused as refused:
        return {"body": body, "refused_as": refused.kind, "member": refused.member}
    return {"body": body, "refused_as": None, "member": None}


def check_signature(case):
    """Verify a signature; by section 8 its two forms are equally valid, and the strict switch refuses one."""
    point, digest = public_key_of(case["public_key"]), bytes.fromhex(case["digest"])
    try:
        r, s = signature_of(case["signature"])
    except Refused as refused:
        return {"valid": False, "high_s": None, "refused_as": refused.kind}
    high, valid = s > N // 2, verifies(point, digest, (r, s))
    for form, policy in ((min(s, N - s), True), (max(s, N - s), False)):
        if verifies(point, digest, (r, form), policy) != valid:
            raise ValueError("the two forms of the signature differ")
    if verifies(point, digest, (r, max(s, N - s)), True):
        raise ValueError("the strict switch lets a high s through")
    return {"valid": valid, "high_s": high, "refused_as": None if valid else "mismatch"}


def check_callback(case):
    """Verify a callback."""
    raw, point = bytes.fromhex(case["body_hex"]), public_key_of(case["public_key"])
    result = {"body": text_or_none(raw.decode, "utf-8"), "ordered": text_or_none(ordered_text, raw)}
    try:
        form, digest = verify_callback(point, case["signature"], raw, case["max_bytes"])
    except Refused as refused:
        return result | {"valid": False, "form": None, "digest": None, "refused_as": refused.kind}
    return result | {"valid": True, "form": form, "digest": digest, "refused_as": None}


SECTIONS = {  # name: the members a case is computed from, and the function that gives all its others
    "keys": ({"kind", "text"}, check_key),
    "requests": ({"path", "nonce", "body", "private_key"}, check_request),
    "refused_requests": ({"path", "nonce", "body_hex"}, check_refused_request),
    "signatures": ({"public_key", "digest", "signature"}, check_signature),
    "callbacks": ({"public_key", "signature", "body_hex", "max_bytes"}, check_callback),
}


def disagreements(section, case, seen):
    """One line for each way in which a case and this program disagree."""
    name = f"{section} {case.get('id')}"
    if not isinstance(case.get("id"), str) or case["id"] in seen:
        yield f"{name}: expected an id of its own"
    seen.add(case.get("id"))
    if case.get("rule") not in RULES or case.get("basis") not in BASES or not case.get("comment"):
        yield f"{name}: no known rule, basis or comment: {case.get('rule')!r}, {case.get('basis')!r}"
    inputs, function = SECTIONS[section]
    try:
        computed = function(case)
    except (Refused, LookupError, TypeError, ValueError, AttributeError) as error:
        yield f"{name}: cannot be checked: {error!r}"
        return
    for member in sorted(computed):
        if member not in case:
            yield f"{name}: {member} is missing, computed {computed[member]!r}"
        elif (case[member], type(case[member])) != (computed[member], type(computed[member])):
            yield f"{name}: {member}: expected {case[member]!r}, computed {computed[member]!r}"
    for member in sorted(case.keys() - computed.keys() - inputs - {"id", "rule", "basis", "comment"}):
        yield f"{name}: {member} is a member that this program does not know"


def check_schema(path, suite):
    """What to say about the schema, and its violations."""
    try:
        import jsonschema
    except ImportError:
        return "schema skipped: jsonschema is not installed", []
    schema = json.loads(path.with_name("conformance.schema.json").read_text("utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(suite)
    return "schema validated", [f"schema: {error.json_path}: {error.message[:200]}" for error in errors]


def without_repeats(pairs):
    """A JSON object, unless it names a member twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member is named twice")
    return dict(pairs)


def main(arguments):
    """Check one file and return the exit status."""
    if len(arguments) != 1:
        print("usage: check.py conformance.json", file=sys.stderr)
        return 2
    path, seen = pathlib.Path(arguments[0]), set()
    try:
        suite = json.loads(path.read_bytes(), object_pairs_hook=without_repeats)
        schema, problems = check_schema(path, suite)
        unknown = suite.keys() - SECTIONS.keys() - {"about", "version"}
        problems += [f"unknown section: {name}" for name in sorted(unknown)]
        problems += [f"no cases: {name}" for name in SECTIONS if not suite.get(name)]
        problems += [] if suite.get("version") == 1 else [f"unknown version: {suite.get('version')!r}"]
        for section in SECTIONS:
            for case in suite.get(section, []):
                problems += disagreements(section, case, seen)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        schema, problems = "", [f"{path}: cannot be checked: {error}"]
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{len(seen)} cases agree; {schema}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
