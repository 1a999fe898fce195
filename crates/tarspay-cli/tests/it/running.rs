//! A running command, such as `tarspay sandbox`, which never outlives its test.

use crate::{tarspay, text};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tokio::net::TcpSocket;

/// Far longer than anything takes; only a hanging test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// The line that it prints when it is ready.
    pub(crate) ready: String,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_command(tarspay(&["sandbox"]).args(args))
    }

    /// Starts any command that prints a line when it is ready.
    pub(crate) fn start_command(command: &mut Command) -> Self {
        let mut running = Self::begin(command);
        running.ready = running.line();
        running
    }

    /// The next line of stdout.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the command prints a line")
    }

    /// The next line of stderr.
    #[track_caller]
    pub(crate) fn error_line(&self) -> String {
        self.errors.recv_timeout(PATIENCE).expect("the command prints a line to stderr")
    }

    pub(crate) fn json_line(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Starts it, looks at it so many times or until it is ready, and kills it.
    #[cfg(unix)]
    pub(crate) fn killed_while_starting(args: &[&str], looks: u32) {
        let mut running = Self::begin(tarspay(&["sandbox"]).args(args));
        for _ in 0..looks {
            assert_eq!(running.child.try_wait().unwrap(), None, "it ends only when it is killed");
            if running.lines.try_recv().is_ok() {
                break;
            }
            std::thread::yield_now();
        }
        running.kill();
    }

    /// `kill -9`, and waits for the end.
    #[cfg(unix)]
    pub(crate) fn kill(mut self) {
        use std::os::unix::process::ExitStatusExt as _;
        const SIGKILL: i32 = 9;
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(SIGKILL), "it ends only when it is killed");
    }

    /// Starts a command without waiting for a line.
    pub(crate) fn begin(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        Self { child, lines, errors, ready: String::new() }
    }

    pub(crate) fn start_json() -> (Self, Value) {
        Self::start_json_on("127.0.0.1:0")
    }

    pub(crate) fn start_json_on(address: &str) -> (Self, Value) {
        Self::start_json_with(&["--listen", address])
    }

    pub(crate) fn start_json_with(args: &[&str]) -> (Self, Value) {
        let running = Self::start(&[&["--json"], args].concat());
        let ready = serde_json::from_str(&running.ready).unwrap();
        (running, ready)
    }

    /// Sends a signal by its name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end, without having printed another line: exit code and stderr.
    pub(crate) fn ended(self) -> (Option<i32>, String) {
        assert_eq!(
            self.lines.recv_timeout(PATIENCE),
            Err(RecvTimeoutError::Disconnected),
            "it ends silently"
        );
        self.at_end()
    }

    /// Waits for the end, whatever it prints before: exit code and stderr.
    pub(crate) fn at_end(mut self) -> (Option<i32>, String) {
        let stderr = self.errors.iter().map(|line| line + "\n").collect();
        (self.child.wait().unwrap().code(), stderr)
    }
}

/// The lines of a stream, as they come. Ends when the program does.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    lines
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that nobody else gets while the socket lives, and that a listener may still
/// take. Only Linux lets the two share it; elsewhere the port is merely free.
pub(crate) fn reserve() -> (Option<TcpSocket>, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (cfg!(target_os = "linux").then_some(socket), address)
}

/// `tarspay balance` for the test merchant of a sandbox, all by the environment.
pub(crate) fn balance_of(ready: &Value) -> Command {
    merchant_of(ready, &["balance"])
}

/// The program with these arguments for the test merchant of a sandbox, all by the environment.
pub(crate) fn merchant_of(ready: &Value, args: &[&str]) -> Command {
    let mut command = tarspay(args);
    command
        .env("TARSPAY_API_URL", text(ready, "base_url"))
        .env("TARSPAY_MERCHANT_ID", text(ready, "merchant_no"))
        .env("TARSPAY_PRIVATE_KEY", text(ready, "private_key"));
    command
}
