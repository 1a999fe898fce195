//! A request as people have it: a pasted `curl` command, a raw HTTP dump, or a HAR file or other JSON.

mod curl;

use crate::failure::Failure;
use serde_json::Value;
use tarspay::types::{Decode as _, Members};

const FORMATS: &str =
    "Give a curl command, a raw HTTP request with an empty line before its body, or a HAR file.";

/// A request that was read from what somebody pasted.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) method: String,
    /// Path and query, as in the request line; empty if it was not pasted.
    pub(crate) target: String,
    pub(crate) host: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What is remarkable about it, apart from the signature.
    pub(crate) notes: Vec<String>,
}

/// How a request is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Curl,
    Http,
}

impl Message {
    /// Reads a request; without a form it is detected. Files that a curl command names are read only on demand.
    pub(crate) fn read(text: &[u8], form: Option<Form>, reads_files: bool) -> Result<Self, Failure> {
        let start = text.trim_ascii_start();
        let is_curl = || {
            let word = start.trim_ascii_start().split(u8::is_ascii_whitespace).find(|word| *word != b"$");
            matches!(word, Some(b"curl" | b"curl.exe"))
        };
        let mut message = match form {
            Some(Form::Curl) => curl::message(as_text(text)?, reads_files)?,
            None if is_curl() => curl::message(as_text(text)?, reads_files)?,
            None if start.starts_with(b"{") => json(as_text(text)?)?,
            None | Some(Form::Http) => http(text)?,
        };
        if form.is_none() && message.method.is_empty() && !start.is_empty() && !message.has_usual_header() {
            return Err(none_of_the_formats());
        }
        if !message.method.is_empty() && message.method != "POST" {
            let note =
                format!("the method is {}; the gateway takes POST, and POST is signed", message.method);
            message.notes.push(note);
        }
        Ok(message)
    }

    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether it has a header of a signed request: a line of another file can look like one too.
    fn has_usual_header(&self) -> bool {
        self.headers.iter().any(|(name, _)| {
            let name = name.to_lowercase().replace('_', "-");
            name.starts_with("x-") || ["host", "content-type", "content-length"].contains(&name.as_str())
        })
    }

    fn set_url(&mut self, url: &str) {
        let (host, target) = split_url(url);
        (self.host, self.target) = (Some(host.to_owned()), target.to_owned());
    }
}

fn none_of_the_formats() -> Failure {
    let reason = "what was pasted is none of the formats that can be read";
    Failure::usage(reason).detail(FORMATS)
}

fn as_text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes)
        .map_err(|error| Failure::usage(format!("byte {} is not UTF-8", error.valid_up_to() + 1)))
}

/// Host and target of a URL, as an HTTP client takes them apart.
pub(crate) fn split_url(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (
        authority.rsplit_once('@').map_or(authority, |(_, host)| host),
        if target.is_empty() { "/" } else { target },
    )
}

/// A line `Name: value` of a head.
pub(crate) fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_token.then(|| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// A request line, headers and, after an empty line, the body; or the lines that `curl -v` marks with `>`.
fn http(dump: &[u8]) -> Result<Message, Failure> {
    let dump = dump.trim_ascii_start();
    let ends = [(&b"\r\n\r\n"[..], 4), (b"\n\n", 2)].into_iter();
    let end =
        ends.filter_map(|(end, length)| Some((dump.windows(length).position(|bytes| bytes == end)?, length)));
    let (head, body) = end.min().map_or((dump, &[][..]), |(at, length)| (&dump[..at], &dump[at + length..]));
    let head = as_text(head)?;
    let is_verbose = head.lines().any(|line| line.starts_with("> "));
    let mut message = Message::default();
    for (at, line) in head.lines().enumerate() {
        let line = match line.strip_prefix('>') {
            Some(line) if is_verbose => line.strip_prefix(' ').unwrap_or(line),
            _ if is_verbose => continue,
            _ => line,
        };
        let mut words = line.split(' ');
        if message.headers.is_empty() && message.method.is_empty() {
            let request_line = (words.next(), words.next(), words.next());
            if let (Some(method), Some(target), Some(version)) = request_line
                && version.starts_with("HTTP/")
            {
                method.clone_into(&mut message.method);
                if target.starts_with('/') {
                    target.clone_into(&mut message.target);
                } else {
                    message.set_url(target);
                }
                continue;
            }
            if line.starts_with("HTTP/") {
                return Err(Failure::usage("this is a response; the request is needed"));
            }
        }
        match header(line) {
            Some(header) => message.headers.push(header),
            None if line.is_empty() => {}
            None if message.method.is_empty() && message.headers.is_empty() => {
                return Err(none_of_the_formats());
            }
            None => {
                let reason = format!("line {} is neither a request line nor a header (Name: value)", at + 1);
                return Err(Failure::usage(reason).detail(FORMATS));
            }
        }
    }
    message.host = message.header("host").map(str::to_owned).or(message.host);
    if message.header("transfer-encoding").is_some() {
        return Err(Failure::usage(
            "the body is in chunks; save it as the gateway reads it and give --body FILE",
        ));
    }
    let length =
        message.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(body.len());
    if length > body.len() {
        message.notes.push(format!(
            "Content-Length says {length} bytes, and {} follow: the body is not complete here; give it with --body FILE",
            body.len()
        ));
    }
    // What follows was added by an editor.
    message.body = body[..length.min(body.len())].to_vec();
    Ok(message)
}

/// An entry of a HAR file, or one object with headers, body, and URL or path.
fn json(text: &str) -> Result<Message, Failure> {
    let unread = |error: &dyn std::error::Error| Failure::usage("the JSON cannot be read").caused_by(error);
    let whole: Value = serde_json::from_str(text).map_err(|error| unread(&error))?;
    let mut message = Message::default();
    let entry = if let Some(entries) = whole["log"]["entries"].as_array() {
        let is_signed = |entry: &&Value| headers(&entry["request"]["headers"]).iter().any(is_signature);
        let first = entries.iter().find(is_signed);
        let first = first.ok_or_else(|| Failure::usage("no request of this HAR file has a signature"))?;
        &first["request"]
    } else {
        &whole
    };
    message.headers = headers(&entry["headers"]);
    if message.headers.is_empty() && entry["headers"].is_null() {
        message.headers = headers(entry);
        message.headers.retain(|(name, _)| name.contains('-'));
    }
    if message.headers.is_empty() {
        return Err(Failure::usage("this JSON has no headers; a body alone is given with --body FILE"));
    }
    let text_of = |name: &str| entry[name].as_str();
    text_of("method").or(text_of("httpMethod")).unwrap_or_default().clone_into(&mut message.method);
    if let Some(url) = text_of("url") {
        message.set_url(url);
    }
    text_of("path").unwrap_or(&message.target.clone()).clone_into(&mut message.target);
    let body = entry["postData"]["text"].as_str().or(text_of("body"));
    message.body = if let Some(body) = body {
        body.as_bytes().to_vec()
    } else {
        // An object, of which each number keeps its digits.
        let members = Members::from_json(text).map_err(|error| unread(&error))?;
        members.get("body").filter(|body| *body != "null").unwrap_or_default().as_bytes().to_vec()
    };
    Ok(message)
}

/// The headers of an object, or of a list of names and values.
fn headers(json: &Value) -> Vec<(String, String)> {
    let pair = |name: &str, value: &Value| Some((name.to_owned(), value.as_str()?.to_owned()));
    let listed = json.as_array().into_iter().flatten();
    let listed = listed.filter_map(|one| pair(one["name"].as_str()?, &one["value"]));
    listed
        .chain(json.as_object().into_iter().flatten().filter_map(|(name, value)| pair(name, value)))
        .collect()
}

fn is_signature((name, _): &(String, String)) -> bool {
    let headers = [tarspay::sign::API_SIGNATURE_HEADER, tarspay::sign::CALLBACK_SIGNATURE_HEADER];
    headers.iter().any(|header| name.eq_ignore_ascii_case(header))
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn no_part_of_a_request_makes_it_panic() {
        let texts = [
            "curl -sSX POST 'https://h/x?y' \\\r\n -H \"A: \\\"é\\\" $\" -d $'{\"a\":\"\\u00e9\\n\\'\"}' | jq # é",
            "curl ^\"https://h/x^\" ^\r\n  -H ^\"A: b^\" --data-raw ^\"^{^\\^\"a^\\^\":1^}^\" ^",
            "POST /x HTTP/1.1\r\nHost: é\r\nContent-Length: 9\r\n\r\n{\"a\":\"é\"}",
            "> POST /x HTTP/1.1\n> A: b\n>\n* done",
            r#"{"log":{"entries":[{"request":{"url":"h","headers":[{"name":"X-API-SIGNATURE","value":"é"}]}}]}}"#,
        ];
        let parts = texts.iter().flat_map(|text| (0..=text.len()).map(|end| &text.as_bytes()[..end]));
        let read = parts.filter(|part| Message::read(part, None, false).is_ok()).count();
        assert!(read > 50, "{read}");
    }
}
