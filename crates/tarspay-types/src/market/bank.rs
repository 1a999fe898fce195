//! The codes of banks and wallets that a market pays out to, and the search in them.

/// A bank or wallet of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bank {
    code: &'static str,
    name: &'static str,
}

impl Bank {
    /// The code, spelt as the vendor prints it. Send it exactly so.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The name as the vendor prints it, misspellings included.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The bank and wallet codes of a market, in the vendor's order.
///
/// ```
/// use tarspay_types::market;
///
/// let banks = market::malaysia::MARKET.withdrawal().banks();
/// assert_eq!(banks.by_code("maybank").map(|bank| bank.code()), Some("MAYBANK"));
/// let found: Vec<_> = banks.search("islam").iter().map(|bank| bank.name()).collect();
/// assert_eq!(found, ["Bank Islam"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankList {
    pub(super) banks: &'static [Bank],
    pub(super) complete: bool,
    pub(super) notes: &'static [&'static str],
}

impl BankList {
    pub(super) const NONE: Self = Self { banks: &[], complete: false, notes: &[] };

    /// All banks that are known. None where the vendor documents none.
    pub const fn all(&self) -> &'static [Bank] {
        self.banks
    }

    /// Whether the vendor's list ends here. If not, a code that is missing may well exist.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// What to know about the list.
    pub const fn notes(&self) -> &'static [&'static str] {
        self.notes
    }

    /// The bank with this code: in this spelling, or else in another case.
    pub fn by_code(&self, code: &str) -> Option<&'static Bank> {
        let same_letters = || self.banks.iter().find(|bank| bank.code.eq_ignore_ascii_case(code));
        self.banks.iter().find(|bank| bank.code == code).or_else(same_letters)
    }

    /// The banks whose code is `text` or whose name contains it, in any case; the one with that
    /// code first.
    ///
    /// None for a text without anything but blanks.
    pub fn search(&self, text: &str) -> Vec<&'static Bank> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let lower = text.to_lowercase();
        let mut found: Vec<_> = self.by_code(text).into_iter().collect();
        for bank in self.banks {
            let matches = bank.code.eq_ignore_ascii_case(text) || bank.name.to_lowercase().contains(&lower);
            if matches && !found.contains(&bank) {
                found.push(bank);
            }
        }
        found
    }
}

/// A table of banks: code, name. A row without a name has the code as its name.
macro_rules! banks {
    ($( $code:literal $( = $name:literal )? ; )*) => {
        &[$( $crate::market::bank::bank($code, &[$($name)?]) ),*]
    };
}
pub(super) use banks;

/// A row of [`banks!`].
pub(super) const fn bank(code: &'static str, name: &[&'static str]) -> Bank {
    match name {
        [] => Bank { code, name: code },
        [name, ..] => Bank { code, name },
    }
}
