//! How long and how large: the deadlines and sizes of a transport, their defaults and what is refused as a
//! slip.

use std::time::Duration;

use crate::error::Error;

/// hyper refuses to work with a smaller buffer.
const SMALLEST_HEAD: usize = 8 * 1024;
const LARGEST_HEAD: usize = 1024 * 1024;
const LARGEST_BODY: usize = 1024 * 1024 * 1024;
/// No HTTP call takes an hour; whoever asks for it has mixed up units.
const LONGEST: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) answer_head_timeout: Duration,
    pub(crate) call_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) max_answer_bytes: usize,
    pub(crate) max_answer_head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            answer_head_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            // Half of the 60 seconds after which common load balancers close an idle connection, so that we
            // are the first to let go of it.
            pool_idle_timeout: Duration::from_secs(30),
            max_answer_bytes: 1024 * 1024,
            max_answer_head_bytes: 64 * 1024,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("connect_timeout", self.connect_timeout),
            ("answer_head_timeout", self.answer_head_timeout),
            ("call_timeout", self.call_timeout),
            ("pool_idle_timeout", self.pool_idle_timeout),
        ] {
            check_timeout(value).map_err(|why| Error::configuration(format!("{name} {why}")))?;
        }
        for (name, value, smallest, largest) in [
            ("max_answer_bytes", self.max_answer_bytes, 1, LARGEST_BODY),
            ("max_answer_head_bytes", self.max_answer_head_bytes, SMALLEST_HEAD, LARGEST_HEAD),
        ] {
            if !(smallest..=largest).contains(&value) {
                return Err(Error::configuration(format!(
                    "{name} is {value}, it must be between {smallest} and {largest} bytes"
                )));
            }
        }
        Ok(())
    }
}

pub(crate) fn check_timeout(value: Duration) -> Result<(), String> {
    if value < Duration::from_millis(1) || value > LONGEST {
        return Err(format!("is {value:?}, it must be between one millisecond and one hour"));
    }
    Ok(())
}
