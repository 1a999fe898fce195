//! What to say about a currency that no market has: which ones there are, and which one was probably meant.

use super::ALL;

/// The message of a report about a currency that no market has.
pub(super) fn message(given: &str) -> String {
    let known: Vec<(&str, &str)> =
        ALL.iter().filter_map(|market| Some((market.currency()?.as_str(), market.name()))).collect();
    let likely =
        known.iter().filter(|(currency, _)| begin_alike(currency, given.trim())).map(|(currency, name)| {
            let genitive = if name.ends_with('s') { "'" } else { "'s" };
            format!("{name}{genitive} is `{currency}`; ")
        });
    let listed: Vec<_> = known.iter().map(|(currency, name)| format!("`{currency}` ({name})")).collect();
    format!("has no market that is known; {}known: {}", likely.collect::<String>(), listed.join(", "))
}

/// Whether the first two letters, which stand for the country in ISO 4217, are the same in whatever case.
fn begin_alike(one: &str, other: &str) -> bool {
    one.get(..2).zip(other.get(..2)).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}
