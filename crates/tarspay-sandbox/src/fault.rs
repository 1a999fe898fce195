//! Faults that can be injected: what goes wrong, and with which calls or callbacks.

use crate::error::{Error, ErrorKind};
use crate::input::{Input, nearest, required, wrong};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;
use tarspay_types::{ErrorCode, MerchantOrderNo, OrderState};

number! {
    /// The number of a fault in its sandbox.
    FaultId(u64)
}

/// Defines [`FaultKind`]: for each fault its constructor, its members in JSON, what it applies to, and its words.
macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $variant:ident: $constructor:ident($($(#[$attribute:meta])* $member:ident: $type:ty)?) $(-> $checked:ident)?,
            $target:ident, $words:literal;
    )*) => {
        /// What goes wrong. In JSON `kind` has its name.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
        pub(crate) enum FaultKind {
            $($variant { $($(#[$attribute])* $member: $type)? },)*
        }

        /// The name of each kind, and of its own member.
        const KINDS: &[(&str, &[&str])] =
            &[$((stringify!($constructor), &[$(stringify!($member))?]),)*];

        impl FaultKind {
            pub(crate) fn target(&self) -> Target {
                match self {
                    $(Self::$variant { .. } => Target::$target,)*
                }
            }
        }

        impl fmt::Display for FaultKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant { $($member)? } => write!(f, $words),)*
                }
            }
        }

        /// # What goes wrong
        impl Fault {
            $(kinds! { @ $(#[$doc])* $variant, $constructor($($member: $type)?) $($checked)? })*
        }
    };
    (@ $(#[$doc:meta])* $variant:ident, $constructor:ident($($member:ident: $type:ty)?)) => {
        $(#[$doc])*
        pub fn $constructor($($member: $type)?) -> Self {
            Self::new(FaultKind::$variant { $($member)? })
        }
    };
    (@ $(#[$doc:meta])* $variant:ident, $constructor:ident($($member:ident: $type:ty)?) checked) => {
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidFault`](crate::ErrorKind::InvalidFault) if the number is out of range.
        pub fn $constructor($($member: $type)?) -> Result<Self, Error> {
            let kind = FaultKind::$variant { $($member)? };
            kind.check().map_err(|reason| Error::new(ErrorKind::InvalidFault, reason))?;
            Ok(Self::new(kind))
        }
    };
}

/// What a fault applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A call, before it has an effect unless [`Fault::after_commit`] is set.
    Call,
    /// The response to a call, after the call has had its effect.
    Response,
    Callback,
}

kinds! {
    /// The call waits this long before it is handled.
    Delay: delay(#[serde(serialize_with = "as_millis", deserialize_with = "from_millis")] millis: Duration), Call, "delay by {millis:?}";
    /// The connection is closed without a byte of a response; before the call has any effect, unless it is set to
    /// [after the commit](Fault::after_commit).
    DropConnection: drop_connection(), Call, "drop the connection";
    /// The response has this HTTP status and no JSON; before the call has any effect, unless it is set to
    /// [after the commit](Fault::after_commit). From 200 to 599.
    HttpStatus: http_status(#[serde(deserialize_with = "in_range")] status: u16) -> checked, Call, "respond with HTTP {status}";
    /// The call is refused with this code; before it has any effect, unless it is set to
    /// [after the commit](Fault::after_commit).
    Refuse: refuse(#[serde(deserialize_with = "error_code")] code: ErrorCode), Call, "refuse with {code}";
    /// Only this many bytes of the response's body are sent, then the connection is closed.
    Truncate: truncate(#[serde(deserialize_with = "whole")] bytes: usize), Response, "cut the response after {bytes} bytes";
    /// The head and the first byte of the response are sent at once, the rest after this time.
    SlowResponse: slow_response(#[serde(serialize_with = "as_millis", deserialize_with = "from_millis")] millis: Duration), Response, "take {millis:?} for the response";
    /// The response reports this state instead of the order's own; the order itself is not changed.
    UnknownState: unknown_state(#[serde(deserialize_with = "order_state")] state: OrderState), Response, "report the state {state}";
    /// A callback is sent with the signature of a different text.
    WrongCallbackSignature: wrong_callback_signature(), Callback, "sign the callback wrongly";
    /// A callback is sent with a high `s` in its signature, as the real gateway often does. The signature
    /// is valid.
    HighSCallbackSignature: high_s_callback_signature(), Callback, "sign the callback with a high s";
    /// A callback is sent this many times more, one after the other, from 1 to 100. It ends early if the receiver does not
    /// respond, or the fault is cleared.
    DuplicateCallback: duplicate_callback(#[serde(deserialize_with = "in_range")] copies: u32) -> checked, Callback, "send the callback {copies} times more";
    /// A callback waits until another one has been sent. If there is no other, waiting for deliveries with
    /// [`Sandbox::settle`](crate::Sandbox::settle) sends it.
    ReorderCallbacks: reorder_callbacks(), Callback, "hold the callback back for another";
    /// An attempt at a callback is lost on the way: the receiver gets nothing, and the sandbox tries again later.
    LoseCallback: lose_callback(), Callback, "lose the callback on the way";
    /// A callback is sent this much later, once, on the sandbox's [clock](crate::Sandbox::clock).
    DelayCallback: delay_callback(#[serde(serialize_with = "as_millis", deserialize_with = "from_millis")] millis: Duration), Callback, "send the callback {millis:?} later";
    /// Before a callback comes a forged one about the same order, which reports that all was paid. It is signed, but not
    /// by this sandbox. [`EventKind::ForgerySent`](crate::EventKind::ForgerySent) reports whether the receiver believed it.
    ForgeCallback: forge_callback(), Callback, "send a forged callback before it";
}

impl FaultKind {
    /// An error names the member.
    fn check(&self) -> Result<(), String> {
        match self {
            Self::HttpStatus { status } if !(200..=599).contains(status) => {
                Err(wrong("status", "must be from 200 to 599: those below are not the end of a call"))
            }
            Self::DuplicateCallback { copies } if !(1..=MOST_COPIES).contains(copies) => {
                Err(wrong("copies", format!("must be from 1 to {MOST_COPIES}")))
            }
            _ => Ok(()),
        }
    }
}

/// The longest delay: beyond the last attempt at a callback, and below what is a mistake in the unit.
const MOST_MILLIS: u64 = 30 * 24 * 3600 * 1000;

/// The most copies of one callback.
const MOST_COPIES: u32 = 100;

/// Something that goes wrong on demand.
///
/// By default it applies once, to the next call or callback that it fits; the settings choose others. Durations of
/// calls are in real time, whatever the sandbox's clock shows: they are there to try the timeouts of clients. As JSON it
/// has the members of the control API and of scenarios.
///
/// ```
/// use std::time::Duration;
/// use tarspay_sandbox::Fault;
///
/// // The next three deposits are written, and the connection is cut before the response.
/// let lost = Fault::drop_connection().after_commit().on_path("/api/pay/unifiedOrder").times(3);
///
/// // About every fifth call is slow; the same ones in every run.
/// let slow = Fault::slow_response(Duration::from_millis(50)).with_chance(20, 4711);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Fault {
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
    pub(crate) after_commit: bool,
    path: Option<String>,
    merchant_order_no: Option<MerchantOrderNo>,
    /// How often it still applies; `None`: forever.
    pub(crate) times_left: Option<u32>,
    #[serde(skip)]
    chance: Option<(u8, SplitMix64)>,
}

/// Everything but the kind and its own member.
const SETTINGS: &[&str] =
    &["after_commit", "path", "merchant_order_no", "times", "always", "chance_percent", "seed"];

/// An error names the member.
impl TryFrom<Map<String, Value>> for Fault {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        let is_setting = |name: &String| SETTINGS.contains(&name.as_str());
        let (settings, kind): (Map<_, _>, Map<_, _>) =
            members.into_iter().partition(|(name, _)| is_setting(name));
        let kind = kind.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let kind = read_kind(kind)?;
        kind.check()?;
        Self::new(kind).with_settings(&Input::new(settings))
    }
}

fn read_kind(members: Map<String, Value>) -> Result<FaultKind, String> {
    let input = Input::new(members);
    let kind = required("kind", input.text("kind")?)?;
    let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        let meant = nearest(kind, &names);
        return Err(wrong("kind", format!("must be one of {}{meant}", names.join(", "))));
    };
    input.only(&[&["kind"], *own, SETTINGS].concat())?;
    for name in *own {
        required(name, input.get(name))?;
    }
    // What is still wrong is its one member.
    let named = own.first().copied().unwrap_or("kind");
    serde_json::from_value(Value::Object(input.into_members())).map_err(|error| wrong(named, error))
}

impl Fault {
    fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            after_commit: false,
            path: None,
            merchant_order_no: None,
            times_left: Some(1),
            chance: None,
        }
    }

    fn with_settings(mut self, input: &Input) -> Result<Self, String> {
        self.after_commit = input.flag("after_commit")?;
        self.path = input.text("path")?.map(str::to_owned);
        self.merchant_order_no = input.parsed("merchant_order_no")?;
        if let Some(percent) = input.number::<u8>("chance_percent")? {
            if percent > 100 {
                return Err(wrong("chance_percent", "must be at most 100"));
            }
            self = self.with_chance(percent, input.number("seed")?.unwrap_or(0));
        } else if input.get("seed").is_some() {
            return Err(wrong("seed", "is of no use without chance_percent"));
        }
        match (input.number("times")?, input.flag("always")?) {
            (Some(_), true) => Err(wrong("times", "cannot be together with always")),
            (Some(0), false) => Err(wrong("times", "must be at least 1")),
            (Some(times), false) => Ok(self.times(times)),
            (None, true) => Ok(self.always()),
            (None, false) => Ok(self),
        }
    }

    /// Applies after the call has had its effect: an order exists, and the merchant does not learn of it.
    #[must_use]
    pub fn after_commit(mut self) -> Self {
        self.after_commit = true;
        self
    }

    /// Applies only to calls at this path. Callbacks have none.
    #[must_use]
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Applies only to calls that name this order in their body, or to callbacks about it.
    #[must_use]
    pub fn on_order(mut self, number: MerchantOrderNo) -> Self {
        self.merchant_order_no = Some(number);
        self
    }

    /// Applies this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times_left = Some(times);
        self
    }

    /// Applies forever.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times_left = None;
        self
    }

    /// Applies in this many of 100 cases, forever unless [`times`](Fault::times) follows. The same seed chooses the same
    /// cases.
    #[must_use]
    pub fn with_chance(mut self, percent: u8, seed: u64) -> Self {
        self.chance = Some((percent, SplitMix64(seed)));
        self.always()
    }

    pub(crate) fn is_of_callbacks(&self) -> bool {
        self.kind.target() == Target::Callback
    }

    /// Whether it applies this time, which counts.
    pub(crate) fn applies(&mut self, path: Option<&str>, order: Option<&str>) -> bool {
        let fits = self.times_left != Some(0)
            && (self.path.is_none() || self.path.as_deref() == path)
            && self.merchant_order_no.as_ref().is_none_or(|number| Some(number.as_str()) == order);
        let applies = fits
            && self.chance.as_mut().is_none_or(|(percent, random)| random.next() % 100 < u64::from(*percent));
        if let (true, Some(left)) = (applies, &mut self.times_left) {
            *left -= 1;
        }
        applies
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.times_left == Some(0)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if self.kind.target() == Target::Call && !matches!(self.kind, FaultKind::Delay { .. }) {
            f.write_str(if self.after_commit { " after the commit" } else { " before the commit" })?;
        }
        Ok(())
    }
}

/// A whole number of a JSON value. Errors say so without a type of Rust.
fn whole<'de, T: TryFrom<i64>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let number = Value::deserialize(deserializer)?.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom("must be a whole number that is not too large"))
}

/// Zero for what the type cannot hold, since both are out of range for the fault.
fn in_range<'de, T: TryFrom<i64> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    whole::<i64, D>(deserializer).map(|number| T::try_from(number).unwrap_or_default())
}

fn error_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
    whole(deserializer).map(ErrorCode::from_code)
}

fn order_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OrderState, D::Error> {
    whole::<u32, D>(deserializer).map(|code| OrderState::from_code(code.into()))
}

fn as_millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    crate::clock::millis(*duration).serialize(serializer)
}

fn from_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let millis = whole(deserializer)?;
    if millis > MOST_MILLIS {
        return Err(D::Error::custom(format!("must be at most {MOST_MILLIS}, which is 30 days")));
    }
    Ok(Duration::from_millis(millis))
}

/// `SplitMix64`: a small pseudo-random generator, so that the same seed gives the same run.
#[derive(Clone, Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::SplitMix64;

    #[test]
    fn it_is_the_published_generator() {
        let mut random = SplitMix64(1_234_567);
        let numbers: Vec<_> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
