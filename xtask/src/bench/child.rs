//! A server in a process of its own, which says on its first line that it is ready and ends with this value.

use crate::shell::Failure;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

pub(super) struct Server {
    process: Child,
    /// Its first line.
    pub(super) ready: String,
}

impl Server {
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut process =
            command.stdout(Stdio::piped()).spawn().map_err(|error| Failure::to("start a server", error))?;
        let stdout = process.stdout.take();
        // From here on it ends whatever happens.
        let mut server = Self { process, ready: String::new() };
        if let Some(stdout) = stdout {
            BufReader::new(stdout)
                .read_line(&mut server.ready)
                .map_err(|error| Failure::to("read the first line of a server", error))?;
        }
        server.ready.truncate(server.ready.trim_end().len());
        Ok(server)
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended by itself there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_that_it_is_ready_and_ends_with_its_value() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo ready; exec cat"]).stdin(Stdio::piped());
        let server = Server::start(shell).unwrap();
        assert_eq!(server.ready, "ready");
        let id = server.id().to_string();
        let is_there =
            || Command::new("kill").args(["-0", &id]).stderr(Stdio::null()).status().unwrap().success();
        assert!(is_there());
        drop(server);
        assert!(!is_there());
    }
}
