//! How long and how large: the deadlines and sizes of a transport, their defaults and
//! accepted ranges.

use std::time::Duration;

use crate::error::Error;

/// hyper refuses to work with a smaller buffer.
const SMALLEST_HEAD: usize = 8 * 1024;
/// Room for a status line in front of the headers, which alone count against their limit.
const STATUS_LINE_BYTES: usize = 1024;
/// Room for the certificates of a TLS handshake.
const TLS_BYTES: usize = 64 * 1024;
const LARGEST_HEAD: usize = 1024 * 1024;
const LARGEST_BODY: usize = 1024 * 1024 * 1024;
/// The resolution of a runtime's timer.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);
/// No HTTP call takes an hour: a longer time is a mixed-up unit.
const LONGEST: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) response_head_timeout: Duration,
    pub(crate) call_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) max_response_head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_head_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            // Half of the 60 seconds after which common load balancers close an idle connection, so
            // that we close it first.
            pool_idle_timeout: Duration::from_secs(30),
            max_response_bytes: 1024 * 1024,
            max_response_head_bytes: 64 * 1024,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("connect_timeout", self.connect_timeout),
            ("response_head_timeout", self.response_head_timeout),
            ("call_timeout", self.call_timeout),
            ("pool_idle_timeout", self.pool_idle_timeout),
        ] {
            if !(SHORTEST..=LONGEST).contains(&value) {
                return Err(Error::configuration(format!(
                    "{name} is {value:?}, it must be between one millisecond and one hour"
                )));
            }
        }
        for (name, value, smallest, largest) in [
            ("max_response_bytes", self.max_response_bytes, 1, LARGEST_BODY),
            ("max_response_head_bytes", self.max_response_head_bytes, SMALLEST_HEAD, LARGEST_HEAD),
        ] {
            if !(smallest..=largest).contains(&value) {
                return Err(Error::configuration(format!(
                    "{name} is {value}, it must be between {smallest} and {largest} bytes"
                )));
            }
        }
        Ok(())
    }

    /// How large hyper's buffer for a response's head may become.
    pub(crate) fn max_head_buffer(&self) -> usize {
        self.max_response_head_bytes + STATUS_LINE_BYTES
    }

    /// How many bytes may come from the network between two writes. A response at the limits of
    /// head and body fits even in chunks of ten bytes; what only interim responses fill is ended.
    pub(crate) fn max_read(&self) -> usize {
        TLS_BYTES + 4 * (self.max_response_head_bytes + self.max_response_bytes)
    }
}
