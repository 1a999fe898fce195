//! The load: requests that create deposits, signed before the time is taken, on many connections at once.

use crate::shell::Failure;
use serde_json::Value;
use std::ops::Range;
use std::time::{Duration, Instant};
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 32;
const PATH: &str = "/api/pay/unifiedOrder";
/// Longer than any response of the sandbox to a deposit.
const RESPONSE_BYTES: usize = 8 * 1024;

type Anything = Box<dyn std::error::Error + Send + Sync>;

/// The sandbox's own test merchant.
pub(super) struct Merchant {
    pub(super) address: String,
    key: PrivateKey,
    number: String,
    nonces: NonceSource,
}

impl Merchant {
    /// Reads the line that `tarspay sandbox --json` prints.
    pub(super) fn read(ready: &str) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::to("read what the sandbox says", error);
        let ready: Value = serde_json::from_str(ready).map_err(|error| failed(&error))?;
        let text = |member| ready[member].as_str().ok_or_else(|| failed(&format!("it has no {member}")));
        let address = text("base_url")?;
        Ok(Self {
            address: address.strip_prefix("http://").unwrap_or(address).to_owned(),
            key: PrivateKey::from_hex(text("private_key")?).map_err(|error| failed(&error))?,
            number: text("merchant_no")?.to_owned(),
            nonces: NonceSource::new(),
        })
    }

    /// Signed requests, each as the bytes to send.
    pub(super) fn deposits(&self, numbers: Range<usize>) -> Result<Vec<String>, Failure> {
        let signed = numbers.map(|number| self.deposit(number));
        signed.collect::<Result<_, _>>().map_err(|error| Failure::to("sign the deposits", error))
    }

    fn deposit(&self, number: usize) -> Result<String, tarspay::sign::Error> {
        let body = format!(
            r#"{{"amount":"100","currency":"KES","mchNo":"{}","mchOrderNo":"LOAD-{number}","notifyUrl":"http://127.0.0.1:9/","wayCode":"CASHIER"}}"#,
            self.number
        );
        let parameters = Parameters::from_json(body.as_bytes())?;
        let signed = RequestToSign::new(PATH, self.nonces.next_nonce(), parameters)?.sign(&self.key);
        let [key, nonce, signature] =
            signed.headers().pairs().map(|(name, value)| format!("{name}: {value}\r\n"));
        let length = body.len();
        Ok(format!(
            "POST {PATH} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {length}\r\n{key}{nonce}{signature}\r\n{body}"
        ))
    }
}

/// Sends all requests and has the responses: each must be accepted.
pub(super) fn create(address: &str, requests: Vec<String>) -> Result<Duration, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::to("make a runtime", error))?;
    let parts = requests.chunks(requests.len().div_ceil(CONNECTIONS).max(1)).map(<[String]>::to_vec);
    let parts: Vec<_> = parts.collect();
    drop(requests);
    runtime
        .block_on(async {
            let start = Instant::now();
            let mut connections = JoinSet::new();
            for part in parts {
                connections.spawn(send(address.to_owned(), part));
            }
            while let Some(done) = connections.join_next().await {
                done??;
            }
            Ok(start.elapsed())
        })
        .map_err(|error: Anything| Failure::to("create deposits in the sandbox", error))
}

/// One request after the other on one connection.
async fn send(address: String, requests: Vec<String>) -> Result<(), Anything> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; RESPONSE_BYTES];
    for request in requests {
        stream.write_all(request.as_bytes()).await?;
        let mut length = 0;
        let accepted = loop {
            match stream.read(&mut buffer[length..]).await? {
                0 => return Err("the connection ends, or the response does not".into()),
                read => length += read,
            }
            if let Some(body) = whole_body(std::str::from_utf8(&buffer[..length])?) {
                break body.starts_with(r#"{"code":0,"#);
            }
        };
        if !accepted {
            return Err(String::from_utf8_lossy(&buffer[..length]).into());
        }
    }
    Ok(())
}

/// The body of a response that has come whole.
fn whole_body(response: &str) -> Option<&str> {
    let (head, body) = response.split_once("\r\n\r\n")?;
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    (body.len() == length).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    const READY: &str = r#"{"base_url":"http://127.0.0.1:1","merchant_no":"M1","private_key":"515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c"}"#;

    #[test]
    fn the_merchant_is_read_from_the_sandboxs_line() {
        let merchant = Merchant::read(READY).unwrap();
        assert_eq!((merchant.address.as_str(), merchant.number.as_str()), ("127.0.0.1:1", "M1"));
        for odd in ["", "{}", &READY.replace("private_key", "other"), &READY.replace("515e", "515x")] {
            assert!(Merchant::read(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn each_deposit_has_a_number_and_a_signature_of_its_own() {
        let deposits = Merchant::read(READY).unwrap().deposits(7..9).unwrap();
        assert!(deposits[0].contains(r#""mchOrderNo":"LOAD-7""#) && deposits[1].contains("LOAD-8"));
        let signature = |request: &str| request.split_once("X-API-SIGNATURE: ").unwrap().1[..130].to_owned();
        assert_ne!(signature(&deposits[0]), signature(&deposits[1]));
    }

    #[test]
    fn a_response_is_read_to_its_end() {
        assert_eq!(whole_body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Some("{}"));
        for part in ["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", "HTTP/1.1 200 OK\r\n\r\n{}"] {
            assert_eq!(whole_body(part), None, "{part:?}");
        }
    }

    /// A server that responds to the first request with these bytes and ends.
    fn created(response: &'static str) -> Result<Duration, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
            read
        });
        let created = create(&address, vec!["a request".to_owned()]);
        assert_eq!(server.join().unwrap(), "a request".len());
        created
    }

    #[test]
    fn only_an_accepted_deposit_counts() {
        assert!(created("HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"code\":0,\"msg\":0}").is_ok());
        for (response, reason) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"code\":1001}", "1001"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"code\":0,", "the connection ends"),
            ("", "the connection ends"),
        ] {
            assert!(created(response).unwrap_err().to_string().contains(reason), "{response}");
        }
    }
}
