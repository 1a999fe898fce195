// Holds the conformance suite against an implementation that shares no code with tarspay-sign.
//
// Usage: node check.mjs conformance.json. Needs the package `elliptic`, here or in NODE_PATH.
// Ends with 0 if every case agrees, 1 if one does not, 3 if the package is missing.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

let elliptic;
try {
  elliptic = createRequire(import.meta.url)("elliptic");
} catch {
  console.log("the package elliptic is not installed");
  process.exit(3);
}
const curve = new elliptic.ec("secp256k1");
const order = BigInt(`0x${curve.n.toString(16)}`);

class Refused extends Error {}
const refuse = (kind) => {
  throw new Refused(kind);
};

const TOKEN =
  /("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null)|([{}[\]:,])|([ \t\r\n]+)/y;

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text) ?? refuse("invalid_body");
    if (match[5] === undefined) tokens.push(match[0]);
  }
  return tokens;
}

const isString = (token) => token?.startsWith('"');

function characters(token) {
  const text = JSON.parse(token);
  return text.isWellFormed() ? text : refuse("invalid_body");
}

// The members of one object in order: name, and the tokens of the value.
function membersOf(raw) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    refuse("invalid_body");
  }
  const tokens = tokensOf(text);
  let at = 0;
  const expect = (token) => tokens[at++] === token || refuse("invalid_body");
  const name = () => {
    const token = tokens[at++];
    if (!isString(token)) refuse("invalid_body");
    expect(":");
    return token;
  };
  const list = (end, item) => {
    if (tokens[at] === end) return void at++;
    for (;;) {
      item();
      if (tokens[at] === end) return void at++;
      expect(",");
    }
  };
  const value = () => {
    const start = at;
    const token = tokens[at++] ?? refuse("invalid_body");
    if (token === "{") list("}", () => (name(), value()));
    else if (token === "[") list("]", value);
    else if ("}]:,".includes(token)) refuse("invalid_body");
    return tokens.slice(start, at);
  };
  const members = [];
  expect("{");
  list("}", () => members.push([characters(name()), value()]));
  if (at !== tokens.length) refuse("invalid_body");
  members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  members.forEach(([name], index) => index && members[index - 1][0] === name && refuse("invalid_body"));
  return members;
}

function parameters(raw) {
  const kept = membersOf(raw).filter(([, value]) => value[0] !== "null");
  const pairs = kept.map(([name, [token]]) => {
    if (isString(token)) return `${name}=${characters(token)}`;
    if (/^[{[]/.test(token) || /^-?[0-9].*[.eE]/.test(token)) refuse("unsupported_value");
    return `${name}=${token}`;
  });
  const sent = kept.map(([name, [token]]) => `${JSON.stringify(name)}:${token}`);
  return { params: pairs.join("&"), sent_body: `{${sent.join(",")}}` };
}

function stringToSign(path, nonce, params) {
  if (!/^(0|[1-9][0-9]*)$/.test(nonce) || BigInt(nonce) >= 2n ** 64n) refuse("invalid_nonce");
  if (!/^\/[!-~]*$/.test(path) || /[#?|]/.test(path)) refuse("invalid_path");
  return ["POST", path, nonce, params].join("|");
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const digestOf = (bytes) => sha256(sha256(bytes));

function privateKey(text) {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) refuse("invalid_private_key");
  const number = BigInt(`0x${text}`);
  if (number === 0n || number >= order) refuse("invalid_private_key");
  return curve.keyFromPrivate(text, "hex");
}

function publicKey(text) {
  if (!/^0[23][0-9a-fA-F]{64}$/.test(text)) refuse("invalid_public_key");
  // elliptic reduces an x that is too large.
  if (BigInt(`0x${text.slice(2)}`) >= BigInt(`0x${curve.curve.p.toString(16)}`)) refuse("invalid_public_key");
  try {
    return curve.keyFromPublic(text, "hex");
  } catch {
    return refuse("invalid_public_key");
  }
}

const compressed = (key) => key.getPublic(true, "hex");

// Strict DER by hand, since elliptic reads other forms too.
function signatureOf(text) {
  if (!text) refuse("missing");
  if (!/^([0-9a-fA-F]{2})+$/.test(text)) refuse("malformed");
  const der = Buffer.from(text, "hex");
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der[1] >= 0x80) refuse("malformed");
  const numbers = [];
  for (let at = 2; at < der.length; ) {
    const length = der[at + 1];
    const body = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || !length || body.length !== length || body[0] >= 0x80) refuse("malformed");
    if (length > 1 && body[0] === 0 && body[1] < 0x80) refuse("malformed");
    numbers.push(BigInt(`0x${body.toString("hex")}`));
    at += 2 + length;
  }
  if (numbers.length !== 2 || numbers.some((number) => number === 0n || number >= order)) refuse("malformed");
  return numbers;
}

const fits = (key, digest, [r, s]) => key.verify(digest.toString("hex"), { r: r.toString(16), s: s.toString(16) });

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const withoutMark = (raw) => (raw.subarray(0, 3).equals(MARK) ? raw.subarray(3) : raw);
const isSmall = (raw) => raw.length <= 1536 && membersOf(withoutMark(raw)).length <= 64;

const orderedText = (raw) =>
  `{${membersOf(withoutMark(raw)).map(([name, value]) => `${JSON.stringify(name)}:${value.join("")}`).join(",")}}`;

const SECTIONS = {
  keys: ({ kind, text }) => ({ public_key: compressed(kind === "private" ? privateKey(text) : publicKey(text)) }),

  requests(given) {
    const key = privateKey(given.private_key);
    const body = given.body === null ? { params: "", sent_body: "" } : parameters(Buffer.from(given.body));
    const text = stringToSign(given.path, given.nonce, body.params);
    const digest = digestOf(Buffer.from(text));
    if (!fits(publicKey(given.public_key), digest, signatureOf(given.signature))) refuse("mismatch");
    const signature = key.sign(digest.toString("hex"), "hex", { canonical: true }).toDER("hex");
    const headers = { "X-API-KEY": compressed(key), "X-API-NONCE": given.nonce, "X-API-SIGNATURE": signature };
    return { ...body, string_to_sign: text, digest: digest.toString("hex"), signature, public_key: compressed(key), headers };
  },

  refused_requests(given) {
    const { params } = parameters(Buffer.from(given.body_hex, "hex"));
    return { signed: stringToSign(given.path, given.nonce, params) };
  },

  signatures(given) {
    const numbers = signatureOf(given.signature);
    if (!fits(publicKey(given.public_key), Buffer.from(given.digest, "hex"), numbers)) refuse("mismatch");
    return { high_s: numbers[1] > order / 2n };
  },

  callbacks(given) {
    const raw = Buffer.from(given.body_hex, "hex");
    if (raw.length > given.max_bytes) refuse("too_large");
    const numbers = signatureOf(given.signature);
    const key = publicKey(given.public_key);
    const forms = { as_received: () => raw, ordered: () => Buffer.from(orderedText(raw)) };
    for (const [form, text] of Object.entries(forms)) {
      const digest = digestOf(text());
      if (form === "ordered" && !isSmall(raw)) refuse("mismatch");
      if (fits(key, digest, numbers)) return { form, digest: digest.toString("hex") };
    }
    return refuse("mismatch");
  },
};

const suite = JSON.parse(readFileSync(process.argv[2], "utf8"));
const wrong = [];
for (const [section, check] of Object.entries(SECTIONS)) {
  if (!suite[section].length) wrong.push(`${section}: no case`);
  for (const given of suite[section]) {
    let found = {};
    let refused = null;
    try {
      found = check(given);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused = error.message;
    }
    const valid = given.valid ?? section === "requests";
    if (refused !== (given.refused_as ?? null) || valid !== (refused === null)) {
      wrong.push(`${given.id}: ${refused ?? "accepted"} here`);
    }
    for (const [name, value] of Object.entries(found)) {
      if (!isDeepStrictEqual(given[name], value)) wrong.push(`${given.id}: ${name} is ${JSON.stringify(value)} here`);
    }
  }
}
wrong.forEach((line) => console.log(line));
if (wrong.length) process.exit(1);
const counts = Object.keys(SECTIONS).map((section) => `${suite[section].length} ${section}`);
console.log(`node with elliptic agrees: ${counts.join(", ")}`);
