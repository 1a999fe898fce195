//! A time in seconds, so that nobody mixes it up with the milliseconds of a nonce.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::open::integer;

const WHAT: &str = "Unix time";

/// A time as seconds since 1970-01-01T00:00:00Z. (The nonce of a request is in milliseconds.)
///
/// **JSON**: written as a number, read from a whole number or its text.
///
/// ```
/// use tarspay_types::UnixSeconds;
///
/// let time = UnixSeconds::new(1_659_320_053); // 2022-08-01T02:14:13Z
/// assert_eq!(time.to_system_time().map(UnixSeconds::from_system_time), Some(time));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// That many seconds after the beginning of 1970.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds since the beginning of 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The time of a clock, without its fraction of a second; a time before 1970 becomes 0.
    pub fn from_system_time(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// The time for comparison with a clock; `None` if the platform cannot hold it.
    pub fn to_system_time(self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0))
    }
}

impl Serialize for UnixSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Decode for UnixSeconds {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let seconds = integer(WHAT, json)?;
        u64::try_from(seconds).map(Self).map_err(|_| Error::new(WHAT, ErrorKind::Negative).into())
    }
}

deserialize_by_decode!(UnixSeconds);
