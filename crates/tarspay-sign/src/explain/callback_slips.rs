//! What the signer of a callback, or a receiver that re-writes it before verifying, may do differently.

use super::body::{Body, Order, Value};
use super::escape::JsonEscape;
use super::inquiry::Target;
use super::json_text::Layout;
use super::mistake::Mistake;
use super::parameters::{Form, Nulls, Parameters, Quotes};
use super::recipe::{REQUEST, Recipe};
use super::slips::{ARRANGEMENT, EMPTY, FORM, NULLS, NUMBERS, ORDER, Slip, Slips, VALUES, encoders};

/// All slips, likely ones first.
pub(super) fn all(target: &Target<'_>, body: &Body<'_>) -> Vec<Slip> {
    let mut slips = Slips(Vec::new());
    // The bytes as received are as right as the members in order.
    slips.add(FORM, &[], |recipe| recipe.parameters.form = Form::Raw);
    // Writing a callback anew is one slip, whatever the order, the blanks and the escapes: an encoder does all three.
    for (order, mistake) in [
        (Order::Bytes, None),
        (Order::Received, Some(Mistake::MembersUnsorted)),
        (Order::IgnoringCase, Some(Mistake::SortedIgnoringCase)),
        (Order::Descending, Some(Mistake::SortedDescending)),
    ] {
        for (layout, escape, encoded) in encoders() {
            if !is_likely(order, layout, escape) {
                continue;
            }
            let mistakes: Vec<_> = mistake.into_iter().chain(encoded).collect();
            slips.add(ORDER | VALUES, &mistakes, move |recipe| {
                recipe.parameters = Parameters { order, layout, escape, ..recipe.parameters };
            });
        }
    }
    add_values(&mut slips, body);
    add_pairs(&mut slips, target);
    slips.add_ends();
    slips.add_charsets();
    slips.0
}

/// Whether an encoder is tried: the unusual ones only in the usual order, so that the search stays small.
fn is_likely(order: Order, layout: Layout, escape: JsonEscape) -> bool {
    use JsonEscape::{Kept, Plain, SlashesUnicode, Unicode};
    match (order, layout) {
        (Order::Bytes, Layout::Compact) => escape != Kept,
        (Order::Bytes | Order::Received, Layout::Pretty { .. }) => {
            matches!(escape, Kept | Plain | Unicode | SlashesUnicode)
        }
        (Order::Bytes | Order::Received, _) | (Order::IgnoringCase, Layout::Compact) => true,
        (Order::IgnoringCase, _) => false,
        (Order::Descending, _) => layout == Layout::Compact && escape == Kept,
    }
}

fn add_values(slips: &mut Slips, body: &Body<'_>) {
    if body.any(|value| matches!(value, Value::Null)) {
        slips.add(NULLS, &[Mistake::NullDropped], |recipe| recipe.parameters.nulls = Nulls::Dropped);
    }
    if body.any(|value| matches!(value, Value::Text(text) if text.is_empty())) {
        slips.add(EMPTY, &[Mistake::EmptyDropped], |recipe| recipe.parameters.drops_empty = true);
    }
    for (quotes, mistake) in
        [(Quotes::NumbersQuoted, Mistake::NumbersQuoted), (Quotes::TextsUnquoted, Mistake::TextsUnquoted)]
    {
        slips.add(NUMBERS, &[mistake], move |recipe| recipe.parameters.quotes = quotes);
    }
    slips.add_numbers(body);
}

/// The formula of requests, whole and in part.
fn add_pairs(slips: &mut Slips, target: &Target<'_>) {
    let pairs = |order: Order, nulls: Nulls| {
        move |recipe: &mut Recipe| recipe.parameters = Parameters { order, nulls, ..Parameters::EXPECTED }
    };
    slips.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Dropped));
    slips.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Printed("null")));
    slips.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Printed("")));
    slips.add(
        FORM,
        &[Mistake::MembersUnsorted, Mistake::PairsInsteadOfJson],
        pairs(Order::Received, Nulls::Dropped),
    );
    slips.add(FORM, &[Mistake::PairsInsteadOfJson, Mistake::EmptyDropped], |recipe| {
        recipe.parameters = Parameters { drops_empty: true, ..Parameters::EXPECTED };
    });
    slips.add(FORM, &[Mistake::ValuesOnly, Mistake::PairsInsteadOfJson], |recipe| {
        recipe.parameters =
            Parameters { names: false, form: Form::Pairs, joiners: ("", ""), ..Parameters::EXPECTED };
    });
    if target.path.is_empty() && target.nonce.is_empty() {
        return;
    }
    slips.add(ARRANGEMENT, &[Mistake::RequestFormula], |recipe| recipe.arrangement = REQUEST);
    slips.add(ARRANGEMENT | FORM, &[Mistake::PairsInsteadOfJson, Mistake::RequestFormula], |recipe| {
        recipe.arrangement = REQUEST;
        recipe.parameters = Parameters::EXPECTED;
    });
}
