//! The ways to pay that a market offers, and the table macro that gives each a constant.

use super::Certainty;
use crate::amount::Amount;
use crate::text::WayCode;

/// A way to pay or to be paid in a market: its code, meaning and published limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    code: WayCode,
    meaning: &'static str,
    note: &'static str,
    minimum: Option<u64>,
    maximum: Option<u64>,
    certainty: Certainty,
    standing: Standing,
}

/// Whether a way can be used, by the vendor's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// Nothing speaks against it.
    Offered,
    /// Only another page than the market's current English one lists it: an older one or the
    /// Chinese one.
    OnAnotherPage,
    /// The vendor says that it is not open at present.
    NotOpen,
}

impl Way {
    pub(super) const fn new(
        code: WayCode,
        meaning: &'static str,
        limits: (Option<u64>, Option<u64>),
    ) -> Self {
        Self {
            code,
            meaning,
            note: "",
            minimum: limits.0,
            maximum: limits.1,
            certainty: Certainty::Documented,
            standing: Standing::Offered,
        }
    }

    pub(super) const fn note_of(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    pub(super) const fn proven(mut self) -> Self {
        self.certainty = Certainty::ProvenBySignature;
        self
    }

    pub(super) const fn seen(mut self) -> Self {
        self.certainty = Certainty::SeenInClients;
        self
    }

    pub(super) const fn inferred(mut self) -> Self {
        self.certainty = Certainty::Inferred;
        self
    }

    pub(super) const fn on_another_page(mut self) -> Self {
        self.standing = Standing::OnAnotherPage;
        self
    }

    pub(super) const fn not_open(mut self) -> Self {
        self.standing = Standing::NotOpen;
        self
    }

    /// The code to send as `wayCode`.
    pub const fn code(&self) -> &WayCode {
        &self.code
    }

    /// What it is.
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// What else to know; may be empty.
    pub const fn note(&self) -> &'static str {
        self.note
    }

    /// The smallest amount that the vendor publishes. A snapshot, not a promise.
    pub fn minimum(&self) -> Option<Amount> {
        self.minimum.map(Amount::from)
    }

    /// The greatest amount that the vendor publishes. A snapshot, not a promise.
    pub fn maximum(&self) -> Option<Amount> {
        self.maximum.map(Amount::from)
    }

    /// How certain it is that the code is accepted. The limits are always the vendor's own figures.
    pub const fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// Whether it can be used.
    pub const fn standing(&self) -> Standing {
        self.standing
    }
}

/// Reads a number with commas between its thousands, at compile time.
pub(super) const fn whole(text: &str) -> u64 {
    let mut rest = text.as_bytes();
    let mut value = 0;
    while let [byte, tail @ ..] = rest {
        if *byte != b',' {
            assert!(byte.is_ascii_digit(), "a limit has digits and commas only");
            value = value * 10 + (*byte - b'0') as u64;
        }
        rest = tail;
    }
    value
}

/// Limits as they stand in a table: `["100".."50,000"]`, `["100"..]` or `[]`; as data and as text.
macro_rules! limits {
    (data []) => {
        (None, None)
    };
    (data [$minimum:literal ..]) => {
        (Some($crate::market::way::whole($minimum)), None)
    };
    (data [$minimum:literal .. $maximum:literal]) => {
        (Some($crate::market::way::whole($minimum)), Some($crate::market::way::whole($maximum)))
    };
    (text []) => {
        "limits not documented"
    };
    (text [$minimum:literal ..]) => {
        concat!("from ", $minimum)
    };
    (text [$minimum:literal .. $maximum:literal]) => {
        concat!("from ", $minimum, " to ", $maximum)
    };
}
pub(super) use limits;

/// The ways of a market. Each row: constant, code, meaning, then for deposits, withdrawals or both
/// the limits, a note and how the way stands.
///
/// Makes the public module `way` with the constants, and the lists `DEPOSIT_WAYS` and
/// `WITHDRAWAL_WAYS`.
macro_rules! ways {
    (
        $market:literal;
        $(
            $name:ident = $code:literal, $meaning:literal
            $( deposit $deposit:tt $($deposit_note:literal)? $( . $deposit_mark:ident () )* )?
            $( withdrawal $withdrawal:tt $($withdrawal_note:literal)? $( . $withdrawal_mark:ident () )* )?
            ;
        )*
    ) => {
        #[doc = concat!("The way codes that are known in ", $market, ".")]
        ///
        /// A code that is not listed can be sent all the same: `WayCode::new`.
        pub mod way {
            use $crate::text::WayCode;
            $(
                #[doc = concat!($meaning, ".\n")]
                $( #[doc = concat!(
                    "- Deposit: ", $crate::market::way::limits!(text $deposit), $("; ", $deposit_note,)? "."
                )] )?
                $( #[doc = concat!(
                    "- Withdrawal: ", $crate::market::way::limits!(text $withdrawal), $("; ", $withdrawal_note,)? "."
                )] )?
                pub const $name: WayCode = WayCode::known($code);
            )*
        }

        const DEPOSIT_WAYS: &[$crate::market::Way] = &[$( $(
            $crate::market::Way::new(way::$name, $meaning, $crate::market::way::limits!(data $deposit))
                $(.note_of($deposit_note))? $(.$deposit_mark())*,
        )? )*];

        const WITHDRAWAL_WAYS: &[$crate::market::Way] = &[$( $(
            $crate::market::Way::new(way::$name, $meaning, $crate::market::way::limits!(data $withdrawal))
                $(.note_of($withdrawal_note))? $(.$withdrawal_mark())*,
        )? )*];
    };
}
pub(super) use ways;
