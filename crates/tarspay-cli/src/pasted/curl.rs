//! A pasted `curl` command: its words, as a shell takes them apart, and what its options mean.

use super::{Message, header};
use crate::failure::Failure;
use crate::{input, output};
use std::path::Path;

/// The options with a value that say nothing about the request that is sent, with their short names.
const LEFT_OUT: &str = "A b c C D e E K m o Q r t T u U w x y Y z cacert capath cert cert-type ciphers config \
    connect-timeout connect-to cookie cookie-jar dump-header interface key key-type limit-rate max-redirs max-time \
    noproxy oauth2-bearer output pass proto proxy proxy-header proxy-user referer resolve retry retry-delay \
    retry-max-time socks5 socks5-hostname stderr tls-max trace trace-ascii unix-socket upload-file user user-agent \
    write-out";

/// The options with a value that make the request.
const TAKEN: &str =
    "X H d F request header json url data data-ascii data-binary data-raw data-urlencode form";

const UNCLOSED: &str = "this quotation mark is not closed";
const NOT_A_BODY: &str = "sends a form; the gateway takes one JSON object, which --data-raw and --json send";

/// The request that a curl command sends.
pub(super) fn message(text: &str, reads_files: bool) -> Result<Message, Failure> {
    let mut words = words(text)?.into_iter().skip_while(|word| word == "$");
    words.next();
    let mut message = Message::default();
    let (mut bodies, mut is_query) = (Vec::<Vec<u8>>::new(), false);
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) else {
            // A word that is no URL may be the value of an option that is not known here.
            if message.target.is_empty() || word.contains("://") {
                message.set_url(&word);
            }
            continue;
        };
        // A short option may be one of several, and its value may follow at once.
        let (mut name, mut rest) = (option.strip_prefix('-').unwrap_or_default(), "");
        if !word.starts_with("--") {
            let at = option.find(|letter: char| {
                let letter = letter.to_string();
                is_one_of("X H d F G I", &letter) || is_one_of(LEFT_OUT, &letter)
            });
            let Some(at) = at else { continue };
            (name, rest) = option[at..].split_at(1);
        }
        if matches!(name, "G" | "get" | "I" | "head") {
            is_query |= name.starts_with(['G', 'g']);
            if is_query { "GET" } else { "HEAD" }.clone_into(&mut message.method);
            continue;
        }
        if !is_one_of(TAKEN, name) && !is_one_of(LEFT_OUT, name) {
            continue;
        }
        let value = if rest.is_empty() { words.next() } else { Some(rest.to_owned()) };
        let value = value.ok_or_else(|| Failure::usage(format!("curl's {word} has no value")))?;
        match name {
            "X" | "request" => message.method = value,
            "url" => message.set_url(&value),
            "H" | "header" => match header(&value) {
                // curl sends no header without a value.
                Some((_, value)) if value.is_empty() => {}
                Some(header) => message.headers.push(header),
                None => {
                    return Err(Failure::usage(format!(
                        "curl's {word} {value} is no header; paste 'Name: value'"
                    )));
                }
            },
            "F" | "form" | "data-urlencode" => {
                return Err(Failure::usage(format!("curl's {word} {NOT_A_BODY}")));
            }
            "data-raw" => bodies.push(value.into_bytes()),
            name if name == "json" || name.starts_with('d') => bodies.push(body(&word, &value, reads_files)?),
            _ => {}
        }
        if name == "json" {
            message.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
    }
    if message.target.is_empty() {
        return Err(Failure::usage("the curl command has no URL"));
    }
    let has_body = !bodies.is_empty() && !is_query;
    if has_body {
        message.body = bodies.join(&b"&"[..]);
        if message.header("content-type").is_none() {
            message.headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
    }
    if message.method.is_empty() {
        if has_body { "POST" } else { "GET" }.clone_into(&mut message.method);
    }
    Ok(message)
}

fn is_one_of(options: &str, name: &str) -> bool {
    options.split(' ').any(|option| option == name)
}

/// The value of an option for data: itself, or the file that it names with `@`.
fn body(option: &str, value: &str, reads_files: bool) -> Result<Vec<u8>, Failure> {
    let Some(file) = value.strip_prefix('@') else { return Ok(value.as_bytes().to_vec()) };
    if !reads_files {
        return Ok(Vec::new());
    }
    if file == "-" {
        return Err(Failure::usage(
            "the command reads its body from standard input; save it, and give --body FILE",
        ));
    }
    output::message(&format!("tarspay: reads the body from {file}, as the command does ({option} {value})"));
    let mut bytes = input::bytes(Path::new(file), "the body")?;
    if !matches!(option, "--data-binary" | "--json") {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    Ok(bytes)
}

/// Takes a command apart as a POSIX shell does, or as that of Windows if it has its escapes.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let is_windows = text.contains("^\"") || text.lines().any(|line| line.trim_end().ends_with('^'));
    let bare = if is_windows { without_carets(text) } else { String::new() };
    let mut shell = Shell { text: if is_windows { &bare } else { text }, at: 0, is_windows };
    let mut words = Vec::new();
    while let Some(word) = shell.word()? {
        words.push(word);
    }
    Ok(words)
}

/// What `cmd` hands to a program: a caret outside quotes takes the next character as it is, and joins lines.
fn without_carets(text: &str) -> String {
    let (mut bare, mut in_quotes) = (String::new(), false);
    let plain = text.replace("\r\n", "\n");
    let mut characters = plain.chars();
    while let Some(character) = characters.next() {
        match character {
            '^' if !in_quotes => match characters.next() {
                // The first line end is left out, a second one is kept.
                Some('\n') => bare.extend(characters.next()),
                next => bare.extend(next),
            },
            _ => {
                in_quotes ^= character == '"';
                bare.push(character);
            }
        }
    }
    bare
}

struct Shell<'t> {
    text: &'t str,
    at: usize,
    is_windows: bool,
}

impl Shell<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.text[self.at..].chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Skips this text if it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let comes = self.text[self.at..].starts_with(text);
        self.at += if comes { text.len() } else { 0 };
        comes
    }

    fn error(&self, at: usize, what: &str) -> Failure {
        let before = &self.text[..at];
        let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |end| end + 1));
        let column = before[start..].chars().count() + 1;
        Failure::usage(format!("the curl command, line {line}, column {column}: {what}"))
    }

    fn word(&mut self) -> Result<Option<String>, Failure> {
        let mut word: Option<String> = None;
        loop {
            let at = self.at;
            let Some(character) = self.next() else { return Ok(word) };
            let text = match character {
                _ if character.is_whitespace() => match word {
                    Some(_) => return Ok(word),
                    None => continue,
                },
                '"' => self.quoted(at)?,
                // The command ends here.
                '|' | ';' | '&' | '<' | '>' => {
                    self.at = self.text.len();
                    return Ok(word);
                }
                '\'' if !self.is_windows => {
                    let (text, _) =
                        self.text[self.at..].split_once('\'').ok_or_else(|| self.error(at, UNCLOSED))?;
                    self.at += text.len() + 1;
                    text.to_owned()
                }
                '$' if self.skip("'") => self.ansi_c(at)?,
                '$' if self.skip("\"") => self.quoted(at)?,
                '$' | '`' if !self.is_windows => self.no_variable(at, character)?,
                '\\' => match self.next() {
                    Some('\n') => continue,
                    Some('\r') if self.skip("\n") => continue,
                    next => next.map(String::from).unwrap_or_default(),
                },
                _ => character.to_string(),
            };
            word.get_or_insert_default().push_str(&text);
        }
    }

    /// A dollar sign by itself is one; what the shell would put in place of a variable is not known.
    fn no_variable(&self, at: usize, character: char) -> Result<String, Failure> {
        let next = self.text[self.at..].chars().next();
        let begins = next.is_some_and(|next| next.is_alphanumeric() || matches!(next, '_' | '{' | '('));
        if character == '$' && !begins && self.at > at {
            return Ok("$".to_owned());
        }
        let what =
            "a shell would put something else here; paste the command with its values (`echo` shows them)";
        Err(self.error(at, what))
    }

    /// In double quotes a backslash escapes a few characters.
    fn quoted(&mut self, at: usize) -> Result<String, Failure> {
        let mut quoted = String::new();
        loop {
            let here = self.at;
            match self.next() {
                None => return Err(self.error(at, UNCLOSED)),
                Some('"') => return Ok(quoted),
                Some('\\') => match self.next() {
                    Some('\n') => {}
                    Some(next @ ('"' | '\\' | '$' | '`')) => quoted.push(next),
                    next => quoted.extend([Some('\\'), next].into_iter().flatten()),
                },
                Some(next @ ('$' | '`')) if !self.is_windows => {
                    quoted.push_str(&self.no_variable(here, next)?);
                }
                Some(next) => quoted.push(next),
            }
        }
    }

    /// `$'…'`, as browsers write it: with the escapes of C.
    fn ansi_c(&mut self, at: usize) -> Result<String, Failure> {
        let mut text = String::new();
        loop {
            let here = self.at;
            let next = match self.next() {
                None => return Err(self.error(at, UNCLOSED)),
                Some('\'') => return Ok(text),
                Some('\\') => match self.next() {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('u') => {
                        let digits = self.text[self.at..].get(..4).unwrap_or_default();
                        self.at += digits.len();
                        let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                        character.ok_or_else(|| self.error(here, "this escape is not a character"))?
                    }
                    Some(next @ ('\\' | '\'' | '"' | '?')) => next,
                    _ => return Err(self.error(here, "this escape is not known")),
                },
                Some(next) => next,
            };
            text.push(next);
        }
    }
}
