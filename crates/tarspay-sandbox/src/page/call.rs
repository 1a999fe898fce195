//! One call: request and response side by side, and what had to be signed beside what was signed.

use super::layout;
use super::no_such;
use crate::event::EventKind;
use crate::recorded::RecordedCall;
use crate::web::{OperatorRequest, Refused};
use maud::{Markup, html};
use tarspay_types::{ErrorCode, PrivateText};

/// The most parts of two texts that are aligned: a request has some dozens.
const MOST_PARTS: usize = 200;

pub(super) fn page(it: &OperatorRequest) -> Result<Markup, Refused> {
    let number: u64 = it.id.parse().map_err(|_| no_such("call"))?;
    let event = it.sandbox.events_before(number.saturating_add(1), 1, |event| event.number == number);
    let called = event.first().and_then(|event| match &event.kind {
        EventKind::Called {
            path,
            merchant_no,
            merchant_order_no,
            code,
            message,
            explanation,
            warning,
            ..
        } => Some((path, merchant_no, merchant_order_no, code, message, explanation, warning)),
        _ => None,
    });
    let (Some((path, merchant_no, order_no, code, message, explanation, warning)), Some(call)) =
        (called, it.sandbox.recorded_call(number))
    else {
        return Err(Refused::unknown(
            "unknown_page",
            format!(
                "call no. {number} is not kept; the latest 1,000 calls are, and of large ones 8 MiB in all"
            ),
        ));
    };
    let order = merchant_no.as_ref().zip(order_no.as_ref());
    let order = order.and_then(|(merchant, number)| it.sandbox.order_by_number(merchant, number).ok());
    let is_refused = *code != ErrorCode::SUCCESS;
    let title = format!("Call no. {number}");
    let content = html! {
        h1 { span.quiet { "POST " } (path) }
        section.card {
            p.headline {
                span.badge.(if is_refused { "bad" } else { "good" }) { (code.to_string()) }
                " " (layout::time(call.at))
                @if let Some(order) = &order {
                    a href={ "/orders/" (order.pay_order_id) } { "Order " (order.pay_order_id.as_str()) }
                }
            }
            @if is_refused { p { (message) } }
            @if let Some(warning) = warning { p { span.badge.mind { "warning" } " " (warning) } }
            @if let Some(fault) = &call.fault { p { span.badge.mind { "fault" } " made of the response: " (fault) } }
            @if let Some(explanation) = explanation {
                details open {
                    summary { "Why the signature was refused: " code { (explanation.names) } }
                    pre { (explanation.details) }
                }
            }
        }
        @if let Some(right) = &call.string_to_sign { (signing(right, call.signed_text.as_ref())) }
        div.beside {
            section aria-labelledby="request" { h2 #request { "Request" } (request(&call)) }
            section aria-labelledby="response" { h2 #response { "Response" } pre { (call.response.as_str()) } }
        }
        p.quiet { "Other headers are not kept. As JSON: " code { "GET /_sandbox/calls/" (number) } }
    };
    Ok(layout::page(&title, "/calls", &content))
}

fn request(call: &RecordedCall) -> Markup {
    html! {
        pre {
            "POST " (call.target.as_str()) "\n"
            @for (name, value) in &call.headers { (name) ": " (value.as_str()) "\n" }
            "\n" (call.body.as_str())
        }
    }
}

/// What had to be signed, alone or beside what was signed.
fn signing(right: &PrivateText, signed: Option<&PrivateText>) -> Markup {
    let aligned = signed.and_then(|signed| aligned(right.as_str(), signed.as_str()));
    html! {
        section aria-labelledby="signed" {
            h2 #signed { "String to sign" }
            @if let Some(rows) = aligned {
                p { "Part by part; the first difference is where the program must change." }
                table.compare role="table" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Must be signed", "Was signed"] { th role="columnheader" scope="col" { (name) } }
                        }
                    }
                    tbody role="rowgroup" {
                        @for Row { right, signed, differs } in rows {
                            tr.differs[differs] role="row" {
                                td role="cell" data-label="Must be" { (part(right, signed, differs)) }
                                td role="cell" data-label="Was" { (part(signed, right, differs)) }
                            }
                        }
                    }
                }
            } @else {
                pre { (right.as_str()) }
                @if let Some(signed) = signed { p { "What was signed:" } pre { (signed.as_str()) } }
            }
        }
    }
}

/// A part of a text, marked from where it differs from that of the other text.
fn part(text: &str, other: &str, differs: bool) -> Markup {
    if !differs {
        return html! { code { (text) } };
    }
    let same = text.char_indices().zip(other.chars()).find(|((_, here), there)| here != there);
    let (same, rest) = text.split_at(same.map_or(text.len().min(other.len()), |((at, _), _)| at));
    html! { code { (same) @if !rest.is_empty() { mark { (rest) } } } }
}

/// A part of each text.
#[derive(Debug, PartialEq)]
struct Row<'a> {
    right: &'a str,
    signed: &'a str,
    differs: bool,
}

/// The parts of two strings to sign, those that are the same side by side; `None` if there are too many.
fn aligned<'a>(right: &'a str, signed: &'a str) -> Option<Vec<Row<'a>>> {
    let parts = |text: &'a str| text.split_inclusive(['|', '&']).collect::<Vec<_>>();
    let (right, signed) = (parts(right), parts(signed));
    if right.len() > MOST_PARTS || signed.len() > MOST_PARTS {
        return None;
    }
    let is_same = |right: &str, signed: &str| {
        let [right, signed] = [right, signed].map(|part| part.trim_end_matches(['|', '&']));
        right == signed
    };
    // The longest common subsequence of what comes after each pair of places.
    let mut common = vec![vec![0_usize; signed.len() + 1]; right.len() + 1];
    for at in (0..right.len()).rev() {
        for to in (0..signed.len()).rev() {
            common[at][to] = if is_same(right[at], signed[to]) {
                common[at + 1][to + 1] + 1
            } else {
                common[at + 1][to].max(common[at][to + 1])
            };
        }
    }
    let (mut at, mut to, mut rows) = (0, 0, Vec::new());
    while at < right.len() || to < signed.len() {
        let here = right.get(at..).and_then(<[_]>::first);
        let there = signed.get(to..).and_then(<[_]>::first);
        match (here, there) {
            (Some(here), Some(there)) if is_same(here, there) || common[at + 1][to + 1] == common[at][to] => {
                // Only the last part has nothing after it, which is a difference if it is the last one in both.
                let are_last = (at + 1 == right.len()) == (to + 1 == signed.len());
                let differs = here != there && (are_last || !is_same(here, there));
                rows.push(Row { right: here, signed: there, differs });
                (at, to) = (at + 1, to + 1);
            }
            (Some(here), there) if there.is_none() || common[at + 1][to] == common[at][to] => {
                rows.push(Row { right: here, signed: "", differs: true });
                at += 1;
            }
            (_, there) => {
                rows.push(Row { right: "", signed: there.copied().unwrap_or_default(), differs: true });
                to += 1;
            }
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, aligned, part};

    #[test]
    fn parts_that_are_the_same_stand_side_by_side() {
        for (right, signed, rows) in [
            ("a|b=1&c=2", "a|b=1&c=2", vec![("a|", "a|"), ("b=1&", "b=1&"), ("c=2", "c=2")]),
            ("a|b=1&c=2", "a|c=2", vec![("a|", "a|"), ("b=1&", ""), ("c=2", "c=2")]),
            ("a|c=2", "a|b=1&c=2", vec![("a|", "a|"), ("", "b=1&"), ("c=2", "c=2")]),
            ("a|b=1&c=2", "a|c=2&b=1", vec![("a|", "a|"), ("b=1&", ""), ("c=2", "c=2&"), ("", "b=1")]),
            ("a|b=1", "x|b=1", vec![("a|", "x|"), ("b=1", "b=1")]),
            ("a", "", vec![("a", "")]),
            ("a|b=1", "a|b=1&", vec![("a|", "a|"), ("b=1", "b=1&")]),
        ] {
            let aligned = aligned(right, signed).unwrap();
            let found: Vec<_> = aligned.iter().map(|row| (row.right, row.signed)).collect();
            assert_eq!(found, rows, "{right} {signed}");
            assert_eq!(aligned.iter().any(|row| row.differs), right != signed, "{right} {signed}");
        }
        assert!(aligned(&"&".repeat(MOST_PARTS + 1), "a").is_none());
    }

    #[test]
    fn the_first_difference_is_marked() {
        for (text, other, shown) in [
            ("b=12&", "b=13&", "<code>b=1<mark>2&amp;</mark></code>"),
            ("b=1", "b=1", "<code>b=1</code>"),
            ("b=1&", "b=1", "<code>b=1<mark>&amp;</mark></code>"),
            ("", "b=1", "<code></code>"),
            ("é<", "é>", "<code>é<mark>&lt;</mark></code>"),
            ("é", "éa", "<code>é</code>"),
        ] {
            assert_eq!(part(text, other, text != other).0, shown);
        }
    }
}
