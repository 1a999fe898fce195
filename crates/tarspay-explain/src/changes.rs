//! What a signer may do differently: changes to the right candidate, with the mistakes that name them.

use crate::body::{Body, Duplicates, Order, Value};
use crate::candidate::{
    AS_RECEIVED, Arrangement, Candidate, Form, Nulls, NumbersIn, Parameters, Part, Quotes, REQUEST, Target,
    Values,
};
use crate::encode::{CHARSETS, JsonEscape, Layout, NUMBER_FORMATS, PercentRule, RARE_CHARSETS};
use crate::mistake::Mistake;
use std::rc::Rc;

/// One thing done differently, with the mistakes that name it.
pub(crate) struct Change {
    pub(crate) mistakes: Vec<Mistake>,
    /// What it changes. Two changes are combined only if they change different places.
    pub(crate) place: Place,
    pub(crate) weight: Weight,
    pub(crate) apply: Box<dyn Fn(&mut Candidate)>,
}

/// How likely a change is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Weight {
    /// Seen again and again: tried in pairs before the unlikely ones are tried at all.
    Everyday,
    Usual,
    /// Unlikely: tried alone and with a wrong hash only.
    Alone,
    /// One of very many, and tried after everything else.
    Last,
}

/// The mistakes whose changes are [`Weight::Everyday`].
const EVERYDAY: &[Mistake] = &[
    Mistake::MembersUnsorted,
    Mistake::PercentEncodedComponent,
    Mistake::PercentEncodedForm,
    Mistake::EmptyDropped,
    Mistake::NullPrinted,
    Mistake::NullPrintedEmpty,
    Mistake::JsonInsteadOfPairs,
    Mistake::JsonUnescaped,
    Mistake::JsonWithBlanks,
    Mistake::LeadingSlashMissing,
    Mistake::HostInPath,
    Mistake::UrlInPath,
    Mistake::QueryInPath,
    Mistake::NonceInSeconds,
    Mistake::MethodMissing,
    Mistake::OnlyParameters,
    Mistake::TrailingNewline,
];

/// Places of a candidate, as bits.
type Place = u32;

const METHOD: Place = 1;
const PATH: Place = 1 << 1;
const NONCE: Place = 1 << 2;
const ARRANGEMENT: Place = 1 << 3;
const ENDS: Place = 1 << 4;
const CHARSET: Place = 1 << 5;
const ORDER: Place = 1 << 6;
const VALUES: Place = 1 << 7;
const EMPTY: Place = 1 << 8;
const NULLS: Place = 1 << 9;
const NUMBERS: Place = 1 << 10;
const BOOLEANS: Place = 1 << 11;
const JOINERS: Place = 1 << 12;
const DUPLICATES: Place = 1 << 13;
const NESTED: Place = 1 << 14;
const SEPARATOR: Place = 1 << 15;
/// Everything about the parameters.
const FORM: Place = ORDER | VALUES | EMPTY | NULLS | NUMBERS | BOOLEANS | JOINERS | DUPLICATES | NESTED;

/// The list as it is built; these methods add what requests and callbacks share.
pub(crate) struct Changes(pub(crate) Vec<Change>);

impl Changes {
    fn add(&mut self, place: Place, mistakes: &[Mistake], apply: impl Fn(&mut Candidate) + 'static) {
        let is_everyday = mistakes.iter().all(|mistake| EVERYDAY.contains(mistake));
        let weight = if is_everyday { Weight::Everyday } else { Weight::Usual };
        self.0.push(Change { mistakes: mistakes.to_vec(), place, weight, apply: Box::new(apply) });
    }

    fn add_alone(&mut self, place: Place, mistakes: &[Mistake], apply: impl Fn(&mut Candidate) + 'static) {
        let mistakes = mistakes.to_vec();
        self.0.push(Change { mistakes, place, weight: Weight::Alone, apply: Box::new(apply) });
    }

    /// The order of the members, empty ones, names twice, nested values.
    fn add_members(&mut self, body: &Body<'_>) {
        for (order, mistake) in [
            (Order::Received, Mistake::MembersUnsorted),
            (Order::IgnoringCase, Mistake::SortedIgnoringCase),
            (Order::Descending, Mistake::SortedDescending),
        ] {
            self.add(ORDER, &[mistake], move |candidate| candidate.parameters.order = order);
        }
        if body.any(|value| matches!(value, Value::Text(text) if text.is_empty())) {
            self.add(EMPTY, &[Mistake::EmptyDropped], |candidate| candidate.parameters.drops_empty = true);
        }
        if body.fields().iter().all(|field| field.name != RETURN_URL) {
            self.add_alone(EMPTY, &[Mistake::MemberNotInBody], |candidate| {
                candidate.parameters.extra = Some(RETURN_URL);
            });
        }
        self.add_left_out(body);
        if body.names_twice() {
            for duplicates in [Duplicates::First, Duplicates::All] {
                self.add(DUPLICATES, &[Mistake::DuplicateKept], move |candidate| {
                    candidate.parameters.duplicates = duplicates;
                });
            }
        }
    }

    /// Each member left out, and those together that are often added after signing. They share no place with anything,
    /// so that two can be.
    fn add_left_out(&mut self, body: &Body<'_>) {
        // The bits of a mask are enough for any call.
        let mut masks: Vec<u64> = (0..body.fields().len().min(63)).map(|index| 1 << index).collect();
        let is_added = |mask: &u64| ADDED.contains(&&*body.fields()[mask.trailing_zeros() as usize].name);
        let added: Vec<u64> = masks.iter().copied().filter(is_added).collect();
        if added.len() > 1 {
            masks.push(added.into_iter().sum());
        }
        for mask in masks {
            self.add(0, &[Mistake::MemberNotSigned], move |candidate| {
                candidate.parameters.left_out |= mask;
            });
        }
    }

    fn add_numbers(&mut self, body: &Body<'_>) {
        let mut places = vec![NumbersIn::Texts];
        if body.any(|value| matches!(value, Value::Number(_))) {
            places.push(NumbersIn::Literals);
        }
        for place in places {
            for &format in NUMBER_FORMATS {
                self.add(NUMBERS, &[Mistake::NumbersReformatted], move |candidate| {
                    candidate.parameters.numbers = Some((format, place));
                });
            }
        }
    }

    /// Booleans and nested values in `key=value`.
    fn add_literals(&mut self, body: &Body<'_>) {
        if body.any(|value| matches!(value, Value::Bool(_))) {
            // Python and C#, many, PHP.
            for booleans in [["False", "True"], ["0", "1"], ["", "1"]] {
                self.add(BOOLEANS, &[Mistake::BooleansReformatted], move |candidate| {
                    candidate.parameters.booleans = booleans;
                });
            }
        }
        if body.any(|value| matches!(value, Value::Nested)) {
            for nested in [AS_RECEIVED, "[object Object]", "Array"] {
                self.add(NESTED, &[Mistake::NestedPrinted], move |candidate| {
                    candidate.parameters.nested = nested;
                });
            }
        }
    }

    /// What follows the text, and what stands before it.
    fn add_ends(&mut self) {
        for (tail, mistake) in [
            ("\n", Mistake::TrailingNewline),
            ("\r\n", Mistake::TrailingNewline),
            (" ", Mistake::TrailingBlank),
            ("&", Mistake::TrailingSeparator),
            ("|", Mistake::TrailingSeparator),
        ] {
            self.add(ENDS, &[mistake], move |candidate| candidate.tail = tail);
        }
        self.add(ENDS, &[Mistake::ByteOrderMark], |candidate| candidate.head = "\u{feff}");
    }

    fn add_charsets(&mut self) {
        for &(mistake, charset) in CHARSETS {
            self.add(CHARSET, &[mistake], move |candidate| candidate.charset = Some(charset));
        }
        for &(mistake, charset) in RARE_CHARSETS {
            self.add_alone(CHARSET, &[mistake], move |candidate| candidate.charset = Some(charset));
        }
    }
}

/// The ways in which encoders write JSON, with the mistakes that name each.
fn encoders() -> impl Iterator<Item = (Layout, JsonEscape, Vec<Mistake>)> {
    let layouts = [
        (Layout::Compact, None),
        (Layout::Blanks, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "  ", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "    ", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "\t", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "  ", colon: " : " }, Some(Mistake::JsonWithBlanks)),
    ];
    let escapes: [(JsonEscape, &[Mistake]); 7] = [
        (JsonEscape::Kept, &[]),
        (JsonEscape::Plain, &[Mistake::JsonUnescaped]),
        (JsonEscape::Unicode, &[Mistake::JsonUnicodeEscaped]),
        (JsonEscape::Slashes, &[Mistake::JsonSlashesEscaped]),
        (JsonEscape::SlashesUnicode, &[Mistake::JsonUnicodeEscaped, Mistake::JsonSlashesEscaped]),
        (JsonEscape::Html, &[Mistake::JsonHtmlEscaped]),
        (JsonEscape::DotNet, &[Mistake::JsonUnicodeEscaped, Mistake::JsonHtmlEscaped]),
    ];
    layouts.into_iter().flat_map(move |(layout, blanks)| {
        escapes.into_iter().map(move |(escape, escaped)| {
            let mistakes = blanks.into_iter().chain(escaped.iter().copied()).collect();
            (layout, escape, mistakes)
        })
    })
}

/// The parameters as JSON by one encoder.
pub(crate) fn json(order: Order, layout: Layout, escape: JsonEscape) -> Parameters {
    Parameters { order, layout, escape, ..Parameters::CALLBACK }
}

/// The paths of the gateway's calls, but for those that hold values.
const CALLS: &[&str] = &[
    "/api/pay/unifiedOrder",
    "/api/payInInfo",
    "/api/payOut/unifiedOrder",
    "/api/payOutInfo",
    "/api/balanceInfo",
    "/api/payOutProof",
    "/api/orderInfo/trxId",
    "/api/utrQuery",
    "/api/trxQuery",
    "/api/trxSupplement",
];

/// The optional member of each order, which encoders of JSON drop where it is empty.
const RETURN_URL: &str = "returnUrl";

/// The members that libraries of other gateways add to a body after signing.
const ADDED: &[&str] = &["sign", "signType", "sign_type"];

/// The host of the gateway, tried along with the hosts that the caller names.
const GATEWAY_HOST: &str = "payment.tarspay.com";

/// The digits of a nonce in a unit.
const SECONDS: usize = 10;
const MILLIS: usize = 13;

/// The largest difference between the signed nonce and the header's that is found, in milliseconds.
const NONCE_DISTANCE: u64 = 20;

/// All changes to the text of a request, likely ones first.
pub(crate) fn of_request(target: &Target<'_>, body: &Body<'_>) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    changes.add_members(body);
    add_values(&mut changes);
    add_nulls(&mut changes, body);
    changes.add_numbers(body);
    changes.add_literals(body);
    add_json(&mut changes);
    add_paths(&mut changes, target);
    add_nonces(&mut changes, target);
    changes.add_ends();
    add_parts(&mut changes);
    add_joiners(&mut changes);
    changes.add_charsets();
    changes.0
}

fn add_values(changes: &mut Changes) {
    let all = [
        (Values::Percent(PercentRule::COMPONENT), Mistake::PercentEncodedComponent),
        (Values::Percent(PercentRule::RFC3986), Mistake::PercentEncodedRfc3986),
        (Values::Percent(PercentRule::PHP), Mistake::PercentEncodedForm),
        (Values::Percent(PercentRule::JAVA), Mistake::PercentEncodedFormJava),
        (Values::Percent(PercentRule::GO), Mistake::PercentEncodedFormGo),
        (Values::Percent(PercentRule::DOTNET), Mistake::PercentEncodedFormDotNet),
        (Values::Percent(PercentRule::DOTNET_LOWER), Mistake::PercentEncodedFormDotNet),
        (Values::Percent(PercentRule::PATH), Mistake::PercentEncodedPath),
        (Values::Percent(PercentRule::URI), Mistake::PercentEncodedUri),
        (Values::Decoded { plus_is_blank: true }, Mistake::PercentDecoded),
        (Values::Decoded { plus_is_blank: false }, Mistake::PercentDecoded),
        (Values::Quoted, Mistake::ValuesQuoted),
        (Values::EscapesKept, Mistake::JsonEscapesKept),
        (Values::Escaped(JsonEscape::Plain), Mistake::JsonEscapesKept),
        (Values::Escaped(JsonEscape::Unicode), Mistake::JsonEscapesKept),
        (Values::Escaped(JsonEscape::Slashes), Mistake::JsonEscapesKept),
        (Values::Escaped(JsonEscape::SlashesUnicode), Mistake::JsonEscapesKept),
        (Values::Trimmed, Mistake::ValuesTrimmed),
    ];
    for (values, mistake) in all {
        changes.add(VALUES, &[mistake], move |candidate| candidate.parameters.values = values);
    }
    for quotes in [["&quot;", "'"], ["&#34;", "&#39;"], ["&quot;", "&#x27;"]] {
        changes.add_alone(VALUES, &[Mistake::HtmlEscaped], move |candidate| {
            candidate.parameters.values = Values::Html(quotes);
        });
    }
}

fn add_nulls(changes: &mut Changes, body: &Body<'_>) {
    if !body.any(|value| matches!(value, Value::Null)) {
        return;
    }
    changes.add(NULLS, &[Mistake::NullPrintedEmpty], |candidate| {
        candidate.parameters.nulls = Nulls::Printed("");
    });
    for word in ["null", "None", "nil", "<nil>", "undefined", "NULL"] {
        changes.add(NULLS, &[Mistake::NullPrinted], move |candidate| {
            candidate.parameters.nulls = Nulls::Printed(word);
        });
    }
}

fn add_json(changes: &mut Changes) {
    changes.add(FORM, &[Mistake::JsonInsteadOfPairs], |candidate| candidate.parameters.form = Form::Raw);
    for (layout, escape, mistakes) in encoders() {
        // The encoders of everyday use; the rest is for callbacks.
        let everyday = match layout {
            Layout::Compact => true,
            Layout::Blanks => matches!(escape, JsonEscape::Kept | JsonEscape::Plain | JsonEscape::Unicode),
            Layout::Pretty { .. } => matches!(escape, JsonEscape::Kept),
        };
        if !everyday {
            continue;
        }
        let mut named = vec![Mistake::JsonInsteadOfPairs];
        // A body has the escapes that its sender chose; writing them again is not a separate mistake here.
        named.extend(mistakes.into_iter().filter(|&mistake| mistake != Mistake::JsonUnescaped));
        for order in [Order::Bytes, Order::Received] {
            changes.add(FORM, &named, move |candidate| candidate.parameters = json(order, layout, escape));
        }
    }
    changes.add(FORM, &[Mistake::JsonInsteadOfPairs], |candidate| {
        candidate.parameters = json(Order::Bytes, Layout::Compact, JsonEscape::Kept);
        candidate.parameters.nulls = Nulls::Dropped;
    });
}

fn add_paths(changes: &mut Changes, target: &Target<'_>) {
    let path = target.path;
    // A path that another mistake makes of the received one is not said to be that of another call.
    let mut calls: Vec<&'static str> = CALLS.iter().copied().filter(|call| *call != path).collect();
    let mut add = |text: String, mistakes: &[Mistake]| {
        let text: Rc<str> = text.into();
        calls.retain(|call| *call != &*text);
        if *text != *path {
            changes.add(PATH, mistakes, move |candidate| candidate.path = Rc::clone(&text));
        }
    };
    let mut single = path.to_owned();
    while single.contains("//") {
        single = single.replace("//", "/");
    }
    let is_single = single == path;
    if let Some(rest) = single.strip_suffix('/').filter(|_| !is_single) {
        add(rest.to_owned(), &[Mistake::SlashTooManyInUrl, Mistake::TrailingSlashInPath]);
    }
    add(single, &[Mistake::SlashTooManyInUrl]);
    if let Some(rest) = path.strip_prefix('/').filter(|_| is_single) {
        add(rest.to_owned(), &[Mistake::LeadingSlashMissing]);
        if let Some((_, rest)) = rest.split_once('/') {
            add(format!("/{rest}"), &[Mistake::PathPrefixMissing]);
        }
    }
    add(format!("/{path}"), &[Mistake::PathSlashDoubled]);
    match path.strip_suffix('/') {
        Some(rest) => add(rest.to_owned(), &[Mistake::TrailingSlashInPath]),
        None => add(format!("{path}/"), &[Mistake::TrailingSlashInPath]),
    }
    if let Some(query) = target.query {
        add(format!("{path}?{query}"), &[Mistake::QueryInPath]);
    }
    for host in target.hosts.iter().copied().chain([GATEWAY_HOST]) {
        add(format!("https://{host}{path}"), &[Mistake::UrlInPath]);
        if host != GATEWAY_HOST {
            add(format!("http://{host}{path}"), &[Mistake::UrlInPath]);
        }
        add(format!("{host}{path}"), &[Mistake::HostInPath]);
        if let Some(query) = target.query {
            for scheme in ["https", "http"] {
                let url = format!("{scheme}://{host}{path}?{query}");
                add(url, &[Mistake::UrlInPath, Mistake::QueryInPath]);
            }
        }
    }
    for call in calls {
        changes.add_alone(PATH, &[Mistake::PathOfOtherCall], move |candidate| candidate.path = call.into());
    }
}

fn add_nonces(changes: &mut Changes, target: &Target<'_>) {
    for &nonce in &target.other_nonces {
        let nonce: Rc<str> = nonce.into();
        changes.add(NONCE, &[Mistake::NonceDiffers], move |candidate| candidate.nonce = Rc::clone(&nonce));
    }
    let nonce = target.nonce;
    if nonce.is_empty() || nonce.len() > 20 || !nonce.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let other_unit = |digits: usize| match digits {
        SECONDS if nonce.len() == MILLIS => Mistake::NonceInSeconds,
        _ => Mistake::NonceInOtherUnit,
    };
    let mut add = |text: String, mistake: Mistake| {
        let text: Rc<str> = text.into();
        changes.add(NONCE, &[mistake], move |candidate| candidate.nonce = Rc::clone(&text));
    };
    for lost in [3, 6, 9].into_iter().filter(|lost| nonce.len() > *lost) {
        let (shorter, rest) = nonce.split_at(nonce.len() - lost);
        add(shorter.to_owned(), other_unit(shorter.len()));
        if lost == 3 {
            add(format!("{shorter}.{rest}"), other_unit(shorter.len()));
            add(format!("{shorter}.{}", rest.trim_end_matches('0')), other_unit(shorter.len()));
            add(format!("{shorter}000"), Mistake::NonceRounded);
        }
    }
    for more in ["000", "000000", "000000000"] {
        add(format!("{nonce}{more}"), Mistake::NonceInOtherUnit);
    }
    if matches!(nonce.len(), SECONDS | MILLIS) {
        // The clock was read in the finer unit, and only the header was cut.
        for finer in 1..1000 {
            let text: Rc<str> = format!("{nonce}{finer:03}").into();
            let apply = Box::new(move |candidate: &mut Candidate| candidate.nonce = Rc::clone(&text));
            let mistakes = vec![Mistake::NonceInOtherUnit];
            changes.0.push(Change { mistakes, place: NONCE, weight: Weight::Last, apply });
        }
    }
    if let Ok(millis) = nonce.parse::<u64>() {
        let near = (1..=NONCE_DISTANCE).flat_map(|by| [millis.checked_sub(by), millis.checked_add(by)]);
        for other in near.flatten() {
            let text: Rc<str> = other.to_string().into();
            changes.add_alone(NONCE, &[Mistake::NonceDiffers], move |candidate| {
                candidate.nonce = Rc::clone(&text);
            });
        }
    }
}

fn add_parts(changes: &mut Changes) {
    for (method, mistake) in [
        ("post", Mistake::MethodInLowerCase),
        ("Post", Mistake::MethodInLowerCase),
        ("GET", Mistake::OtherMethod),
        ("PUT", Mistake::OtherMethod),
    ] {
        changes.add(METHOD, &[mistake], move |candidate| candidate.method = method);
    }
    for separator in ["", "&", "\n"] {
        changes.add(SEPARATOR, &[Mistake::WrongSeparator], move |candidate| candidate.separator = separator);
    }
    for separator in [",", ":", " ", "||", "-", "+", ";", "/", " | "] {
        changes.add_alone(SEPARATOR, &[Mistake::WrongSeparator], move |candidate| {
            candidate.separator = separator;
        });
    }
    let [method, path, nonce, parameters] = REQUEST;
    let fewer: [(Arrangement, Mistake); 5] = [
        ([path, nonce, parameters, None], Mistake::MethodMissing),
        ([method, nonce, parameters, None], Mistake::PathMissing),
        ([method, path, parameters, None], Mistake::NonceMissing),
        ([method, path, nonce, None], Mistake::ParametersMissing),
        ([parameters, None, None, None], Mistake::OnlyParameters),
    ];
    for (arrangement, mistake) in fewer {
        changes.add(ARRANGEMENT, &[mistake], move |candidate| candidate.arrangement = arrangement);
    }
    for arrangement in other_orders() {
        changes.add_alone(ARRANGEMENT, &[Mistake::PartsInOtherOrder], move |candidate| {
            candidate.arrangement = arrangement;
        });
    }
}

/// The 23 wrong orders of the four parts.
fn other_orders() -> Vec<Arrangement> {
    const PARTS: [Part; 4] = [Part::Method, Part::Path, Part::Nonce, Part::Parameters];
    // Each two bits of a number choose a part.
    let order = |number: usize| [0, 2, 4, 6].map(|bits| PARTS[number >> bits & 3]);
    let is_other = |order: &[Part; 4]| *order != PARTS && PARTS.iter().all(|part| order.contains(part));
    (0..256).map(order).filter(is_other).map(|order| order.map(Some)).collect()
}

fn add_joiners(changes: &mut Changes) {
    for joiners in
        [("=", ""), ("=", ","), ("=", "|"), ("=", "\n"), ("=", ";"), (":", "&"), (":", ","), ("", "")]
    {
        changes.add_alone(JOINERS, &[Mistake::MembersJoinedOtherwise], move |candidate| {
            candidate.parameters.joiners = joiners;
        });
    }
    for joiner in ["", "&", "|", ","] {
        changes.add_alone(JOINERS, &[Mistake::ValuesOnly], move |candidate| {
            candidate.parameters.names = false;
            candidate.parameters.joiners.1 = joiner;
        });
    }
}

/// All changes to the text of a callback, by its signer or by a receiver that rewrites it before verifying; likely ones
/// first.
pub(crate) fn of_callback(target: &Target<'_>, body: &Body<'_>) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    // The bytes as received are right too.
    changes.add(FORM, &[], |candidate| candidate.parameters.form = Form::Raw);
    // Encoding a callback again is one change: an encoder decides on order, blanks and escapes at once.
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
            changes.add(ORDER | VALUES, &mistakes, move |candidate| {
                candidate.parameters = Parameters { order, layout, escape, ..candidate.parameters };
            });
        }
    }
    add_callback_values(&mut changes, body);
    add_callback_pairs(&mut changes, target);
    changes.add_ends();
    changes.add_charsets();
    changes.0
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

fn add_callback_values(changes: &mut Changes, body: &Body<'_>) {
    if body.any(|value| matches!(value, Value::Null)) {
        changes.add(NULLS, &[Mistake::NullDropped], |candidate| candidate.parameters.nulls = Nulls::Dropped);
    }
    if body.any(|value| matches!(value, Value::Text(text) if text.is_empty())) {
        changes.add(EMPTY, &[Mistake::EmptyDropped], |candidate| candidate.parameters.drops_empty = true);
    }
    changes.add_left_out(body);
    for (quotes, mistake) in
        [(Quotes::NumbersQuoted, Mistake::NumbersQuoted), (Quotes::TextsUnquoted, Mistake::TextsUnquoted)]
    {
        changes.add(NUMBERS, &[mistake], move |candidate| candidate.parameters.quotes = quotes);
    }
    changes.add_numbers(body);
}

/// The formula of requests, in full and in part.
fn add_callback_pairs(changes: &mut Changes, target: &Target<'_>) {
    let pairs = |order: Order, nulls: Nulls| {
        move |candidate: &mut Candidate| {
            candidate.parameters = Parameters { order, nulls, ..Parameters::EXPECTED }
        }
    };
    changes.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Dropped));
    changes.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Printed("null")));
    changes.add(FORM, &[Mistake::PairsInsteadOfJson], pairs(Order::Bytes, Nulls::Printed("")));
    changes.add(
        FORM,
        &[Mistake::MembersUnsorted, Mistake::PairsInsteadOfJson],
        pairs(Order::Received, Nulls::Dropped),
    );
    changes.add(FORM, &[Mistake::PairsInsteadOfJson, Mistake::EmptyDropped], |candidate| {
        candidate.parameters = Parameters { drops_empty: true, ..Parameters::EXPECTED };
    });
    changes.add(FORM, &[Mistake::ValuesOnly, Mistake::PairsInsteadOfJson], |candidate| {
        candidate.parameters =
            Parameters { names: false, form: Form::Pairs, joiners: ("", ""), ..Parameters::EXPECTED };
    });
    if target.path.is_empty() && target.nonce.is_empty() {
        return;
    }
    changes.add(ARRANGEMENT, &[Mistake::RequestFormula], |candidate| candidate.arrangement = REQUEST);
    changes.add(ARRANGEMENT | FORM, &[Mistake::PairsInsteadOfJson, Mistake::RequestFormula], |candidate| {
        candidate.arrangement = REQUEST;
        candidate.parameters = Parameters::EXPECTED;
    });
}
