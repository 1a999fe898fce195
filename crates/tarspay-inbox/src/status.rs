//! How much waits, and since when.

use crate::Error;
use crate::value::Row;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much waits, and since when: see [`Inbox::status`](crate::Inbox::status).
///
/// [`numbers`](Self::numbers) gives all of it to a library for metrics. With the crate `metrics`
/// the line in the loop is `metrics::gauge!(name).set(value)`:
///
/// ```
/// # async fn report(inbox: tarspay_inbox::Inbox) -> Result<(), tarspay_inbox::Error> {
/// for (name, value) in inbox.status().await?.numbers() {
///     println!("{name} {value}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Callbacks that are stored and not yet taken into their order.
    pub accepted: Waiting,
    /// Orders whose newest fact is to be applied, or is being applied.
    pub to_apply: Waiting,
    /// Orders of which nobody knows yet whether the gateway has them.
    pub in_doubt: Waiting,
    /// Orders that have not ended, those in doubt among them.
    pub open: Waiting,
    /// Orders that wait for a person.
    pub parked: Waiting,
    /// Requests to receivers of this process that were not a callback of the merchant. They are not
    /// stored.
    pub refused: u64,
    /// Callbacks that receivers of this process have stored.
    pub received: u64,
}

/// How many wait, and for how long the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// How many.
    pub count: u64,
    /// The age of the oldest.
    pub oldest: Option<Duration>,
}

/// What this process has counted.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) refused: AtomicU64,
    pub(crate) received: AtomicU64,
}

impl Status {
    pub(crate) fn read(row: &Row, counts: &Counts) -> Result<Self, Error> {
        let now: i64 = row.get("now")?;
        let waiting = |count: &str, since: &str| {
            let since: Option<i64> = row.get(since)?;
            Ok(Waiting {
                count: u64::try_from(row.get::<i64>(count)?).unwrap_or(0),
                oldest: since.map(|then| Duration::from_millis(u64::try_from(now - then).unwrap_or(0))),
            })
        };
        Ok(Self {
            accepted: waiting("accepted", "accepted_since")?,
            to_apply: waiting("to_apply", "to_apply_since")?,
            in_doubt: waiting("in_doubt", "in_doubt_since")?,
            open: waiting("open", "open_since")?,
            parked: waiting("parked", "parked_since")?,
            refused: counts.refused.load(Ordering::Relaxed),
            received: counts.received.load(Ordering::Relaxed),
        })
    }

    /// All of it as names and numbers; ages are in seconds, 0 where nothing waits.
    #[allow(clippy::cast_precision_loss, reason = "counts for a graph")]
    pub fn numbers(&self) -> [(&'static str, f64); 12] {
        let count = |waiting: Waiting| waiting.count as f64;
        let age = |waiting: Waiting| waiting.oldest.map_or(0.0, |age| age.as_secs_f64());
        [
            ("tarspay_inbox_accepted", count(self.accepted)),
            ("tarspay_inbox_accepted_oldest_seconds", age(self.accepted)),
            ("tarspay_inbox_to_apply", count(self.to_apply)),
            ("tarspay_inbox_to_apply_oldest_seconds", age(self.to_apply)),
            ("tarspay_inbox_in_doubt", count(self.in_doubt)),
            ("tarspay_inbox_in_doubt_oldest_seconds", age(self.in_doubt)),
            ("tarspay_inbox_open", count(self.open)),
            ("tarspay_inbox_open_oldest_seconds", age(self.open)),
            ("tarspay_inbox_parked", count(self.parked)),
            ("tarspay_inbox_parked_oldest_seconds", age(self.parked)),
            ("tarspay_inbox_refused_total", self.refused as f64),
            ("tarspay_inbox_received_total", self.received as f64),
        ]
    }
}
