//! The ways to pay that a deposit answer offers.

use std::collections::HashSet;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::members::Members;
use crate::model::model;
use crate::private_text::PrivateText;
use crate::words::{CountryCode, WayCode};

model! {
    /// One way to pay, an item of `payWays` (`docs/wire.md`, section 7.1).
    pub struct PayWay {
        required {}
        optional {
            /// The way code.
            way_code: WayCode = "payWay";
            /// The kind of way. Seen: `UPI`, `ewallet`, `bank`.
            kind: String = "payWayType";
            /// The address of a picture.
            logo: String = "payWayLogo";
            /// The country.
            country_code: CountryCode = "countryCode";
            /// Seen: 1 and 2. The meaning is not documented.
            skip_mode: i64 = "skipMode";
            /// What the payer needs to pay this way, in Bangladesh probably the wallet number of an agent;
            /// equals `payData` there.
            pay_code: PrivateText = "payCode";
            /// The gateway's number of this way.
            id: i64 = "id";
            /// Seen: 1. The meaning is not documented; it is no order state.
            state: i64 = "state";
            /// Always 0 so far; the unit is not documented.
            created_at: i64 = "createdAt";
            /// Always 0 so far; the unit is not documented.
            updated_at: i64 = "updatedAt";
        }
    }
}

impl PayWay {
    /// A way to pay, as a gateway sends it; the rest can be set field by field.
    pub fn new(way_code: WayCode) -> Self {
        Self { way_code: Some(way_code), ..Self::with_required() }
    }
}

/// The ways to pay by group, `payWays`: a map from the name of a group (seen: `UPI`, `ewallet`, `EWALLET`,
/// `PFX`) to its ways. The set of groups is open.
///
/// A group that is no list of objects cannot be used; it is left in [`extra`](PayWays::extra) as it came.
///
/// ```
/// use tarspay_types::{Decode, PayWays};
///
/// let ways = PayWays::from_json(r#"{"UPI":[{"payWay":"UPI","skipMode":1}],"odd":null}"#)?;
/// let codes: Vec<_> = ways.iter().filter_map(|way| way.way_code.as_ref()).collect();
/// assert_eq!(codes[0].as_str(), "UPI");
/// assert_eq!(ways.extra.get("odd"), Some("null"));
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayWays {
    groups: Vec<(String, Vec<PayWay>)>,
    /// Groups that cannot be used, exactly as they came.
    pub extra: Members,
}

impl PayWays {
    /// No ways.
    pub const fn new() -> Self {
        Self { groups: Vec::new(), extra: Members::new() }
    }

    /// Sets the ways of a group.
    #[must_use]
    pub fn with_group(mut self, name: impl Into<String>, ways: Vec<PayWay>) -> Self {
        let name = name.into();
        self.extra.remove(&name);
        match self.groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = ways,
            None => self.groups.push((name, ways)),
        }
        self
    }

    /// The groups and their ways, in the order in which they came.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &[PayWay])> {
        self.groups.iter().map(|(name, ways)| (name.as_str(), ways.as_slice()))
    }

    /// The ways of a group; none for a group that is not there.
    pub fn group(&self, name: &str) -> &[PayWay] {
        self.groups().find(|(known, _)| *known == name).map_or(&[], |(_, ways)| ways)
    }

    /// All ways of all groups.
    pub fn iter(&self) -> impl Iterator<Item = &PayWay> {
        self.groups.iter().flat_map(|(_, ways)| ways)
    }
}

impl fmt::Debug for PayWays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.groups()).entry(&"extra", &self.extra).finish()
    }
}

impl Serialize for PayWays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, ways) in self.groups() {
            map.serialize_entry(name, ways)?;
        }
        // Public as it is, `extra` may name a group that was set here; the group counts.
        let names: HashSet<&str> = self.groups().map(|(name, _)| name).collect();
        for (name, value) in self.extra.raw() {
            if !names.contains(name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl Decode for PayWays {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let mut ways = Self::new();
        for (name, value) in Members::from_json(json)?.into_raw() {
            match Decode::from_json(value.get()) {
                Ok(group) => ways.groups.push((name, group)),
                Err(_) => ways.extra.push(name, value),
            }
        }
        Ok(ways)
    }
}

deserialize_by_decode!(PayWays);
