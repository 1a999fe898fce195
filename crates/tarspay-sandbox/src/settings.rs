//! What a sandbox was told before its start.

use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long a deposit waits for its payer.
    pub(crate) deposit_lifetime: Duration,
    /// Whether the published limits refuse.
    pub(crate) enforces_limits: bool,
    /// Whether states are told by callback of which the documentation does not say so.
    pub(crate) tells_all_ends: bool,
    /// Hosts besides loopback that callbacks may go to.
    pub(crate) allowed_receivers: Vec<String>,
    /// Whether a refused signature is investigated.
    pub(crate) explains: bool,
    /// How long a receiver may take to answer.
    pub(crate) callback_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deposit_lifetime: Duration::from_secs(30 * 60),
            enforces_limits: false,
            tells_all_ends: false,
            allowed_receivers: Vec::new(),
            explains: true,
            callback_timeout: Duration::from_secs(10),
        }
    }
}
