//! What the signer of a request may do differently.

use super::body::{Body, Order, Value};
use super::escape::{Apostrophe, JsonEscape, PercentRule};
use super::inquiry::Target;
use super::json_text::Layout;
use super::mistake::Mistake;
use super::parameters::{Form, Nulls, Values};
use super::recipe::{Arrangement, Part, REQUEST};
use super::slips::{
    ARRANGEMENT, FORM, JOINERS, METHOD, NONCE, NULLS, PATH, SEPARATOR, Slip, Slips, VALUES, encoders, json,
};
use std::rc::Rc;

/// The host of the gateway, tried beside the hosts that the caller names.
const GATEWAY_HOST: &str = "payment.tarspay.com";

/// How far the signed nonce may be from the header's and still be found, in milliseconds.
const NONCE_DISTANCE: u64 = 20;

/// All slips, likely ones first.
pub(super) fn all(target: &Target<'_>, body: &Body<'_>) -> Vec<Slip> {
    let mut slips = Slips(Vec::new());
    slips.add_members(body);
    add_values(&mut slips);
    add_nulls(&mut slips, body);
    slips.add_numbers(body);
    slips.add_literals(body);
    add_json(&mut slips);
    add_paths(&mut slips, target);
    add_nonces(&mut slips, target);
    slips.add_ends();
    add_parts(&mut slips);
    add_joiners(&mut slips);
    slips.add_charsets();
    slips.0
}

fn add_values(slips: &mut Slips) {
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
        slips.add(VALUES, &[mistake], move |recipe| recipe.parameters.values = values);
    }
    for values in
        [Values::Html(Apostrophe::Stays), Values::Html(Apostrophe::Decimal), Values::Html(Apostrophe::Hex)]
    {
        slips.add_alone(VALUES, &[Mistake::HtmlEscaped], move |recipe| recipe.parameters.values = values);
    }
}

fn add_nulls(slips: &mut Slips, body: &Body<'_>) {
    if !body.any(|value| matches!(value, Value::Null)) {
        return;
    }
    slips.add(NULLS, &[Mistake::NullPrintedEmpty], |recipe| recipe.parameters.nulls = Nulls::Printed(""));
    for word in ["null", "None", "nil", "<nil>", "undefined", "NULL"] {
        slips.add(NULLS, &[Mistake::NullPrinted], move |recipe| {
            recipe.parameters.nulls = Nulls::Printed(word);
        });
    }
}

fn add_json(slips: &mut Slips) {
    slips.add(FORM, &[Mistake::JsonInsteadOfPairs], |recipe| recipe.parameters.form = Form::Raw);
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
        // A body holds the escapes that its sender chose; writing it anew is no mistake of its own here.
        named.extend(mistakes.into_iter().filter(|&mistake| mistake != Mistake::JsonUnescaped));
        for order in [Order::Bytes, Order::Received] {
            slips.add(FORM, &named, move |recipe| recipe.parameters = json(order, layout, escape));
        }
    }
    slips.add(FORM, &[Mistake::JsonInsteadOfPairs], |recipe| {
        recipe.parameters = json(Order::Bytes, Layout::Compact, JsonEscape::Kept);
        recipe.parameters.nulls = Nulls::Dropped;
    });
}

fn add_paths(slips: &mut Slips, target: &Target<'_>) {
    let path = target.path;
    let mut add = |text: String, mistakes: &[Mistake]| {
        let text: Rc<str> = text.into();
        if *text != *path {
            slips.add(PATH, mistakes, move |recipe| recipe.path = Rc::clone(&text));
        }
    };
    if let Some(rest) = path.strip_prefix('/') {
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
}

fn add_nonces(slips: &mut Slips, target: &Target<'_>) {
    for &nonce in &target.other_nonces {
        let nonce: Rc<str> = nonce.into();
        slips.add(NONCE, &[Mistake::NonceDiffers], move |recipe| recipe.nonce = Rc::clone(&nonce));
    }
    let nonce = target.nonce;
    if nonce.is_empty() || nonce.len() > 20 || !nonce.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let mut others = vec![
        (format!("{nonce}000"), Mistake::NonceInOtherUnit),
        (format!("{nonce}000000"), Mistake::NonceInOtherUnit),
    ];
    if nonce.len() > 3 {
        let (seconds, millis) = nonce.split_at(nonce.len() - 3);
        others.insert(0, (seconds.to_owned(), Mistake::NonceInSeconds));
        others.insert(1, (format!("{seconds}.{millis}"), Mistake::NonceInSeconds));
        others.insert(2, (format!("{seconds}.{}", millis.trim_end_matches('0')), Mistake::NonceInSeconds));
        others.insert(3, (format!("{seconds}000"), Mistake::NonceRounded));
    }
    for (text, mistake) in others {
        let text: Rc<str> = text.into();
        slips.add(NONCE, &[mistake], move |recipe| recipe.nonce = Rc::clone(&text));
    }
    if let Ok(millis) = nonce.parse::<u64>() {
        let near = (1..=NONCE_DISTANCE).flat_map(|by| [millis.checked_sub(by), millis.checked_add(by)]);
        for other in near.flatten() {
            let text: Rc<str> = other.to_string().into();
            slips.add_alone(NONCE, &[Mistake::NonceDiffers], move |recipe| recipe.nonce = Rc::clone(&text));
        }
    }
}

fn add_parts(slips: &mut Slips) {
    for (method, mistake) in [
        ("post", Mistake::MethodInLowerCase),
        ("Post", Mistake::MethodInLowerCase),
        ("GET", Mistake::OtherMethod),
        ("PUT", Mistake::OtherMethod),
    ] {
        slips.add(METHOD, &[mistake], move |recipe| recipe.method = method);
    }
    for separator in ["", "&", "\n"] {
        slips.add(SEPARATOR, &[Mistake::WrongSeparator], move |recipe| recipe.separator = separator);
    }
    for separator in [",", ":", " ", "||", "-", "+", ";", "/", " | "] {
        slips.add_alone(SEPARATOR, &[Mistake::WrongSeparator], move |recipe| recipe.separator = separator);
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
        // A lone part has no separator and no other parts to be wrong.
        slips.add(ARRANGEMENT, &[mistake], move |recipe| recipe.arrangement = arrangement);
    }
    for arrangement in other_orders() {
        slips.add_alone(ARRANGEMENT, &[Mistake::PartsInOtherOrder], move |recipe| {
            recipe.arrangement = arrangement;
        });
    }
}

/// The 23 wrong orders of the four parts.
fn other_orders() -> Vec<Arrangement> {
    const PARTS: [Part; 4] = [Part::Method, Part::Path, Part::Nonce, Part::Parameters];
    let mut orders = Vec::with_capacity(23);
    for first in PARTS {
        for second in PARTS {
            for third in PARTS {
                for fourth in PARTS {
                    let order = [first, second, third, fourth];
                    if order != PARTS && PARTS.iter().all(|part| order.contains(part)) {
                        orders.push(order.map(Some));
                    }
                }
            }
        }
    }
    orders
}

fn add_joiners(slips: &mut Slips) {
    for joiners in
        [("=", ""), ("=", ","), ("=", "|"), ("=", "\n"), ("=", ";"), (":", "&"), (":", ","), ("", "")]
    {
        slips.add_alone(JOINERS, &[Mistake::MembersJoinedOtherwise], move |recipe| {
            recipe.parameters.joiners = joiners;
        });
    }
    for joiner in ["", "&", "|", ","] {
        slips.add_alone(JOINERS, &[Mistake::ValuesOnly], move |recipe| {
            recipe.parameters.names = false;
            recipe.parameters.joiners.1 = joiner;
        });
    }
}
