//! The members of a request: from flags with the market's names, from files and from `--set`.

use crate::commands::completions;
use crate::failure::{Failure, unknown};
use crate::input;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::PathBuf;
use tarspay::OrderRequest;
use tarspay::types::market::{self, Format, Market, Offer};
use tarspay::types::{Decode as _, Direction, Members, MerchantNo, RawJson};

/// What every order has; `mchOrderNo` has a flag of its own.
const EVERYWHERE: [(&str, &str); 4] = [
    ("wayCode", "Payment method, as its market spells it"),
    ("currency", "Currency of the market"),
    ("amount", "Amount in the main unit of the currency"),
    ("notifyUrl", "URL for the callbacks"),
];

pub(crate) const ORDER_NO: &str = "mchOrderNo";

/// Members from files and `--set`.
#[derive(Debug, clap::Args)]
pub(crate) struct Body {
    /// JSON file with members, - for standard input; repeatable
    #[arg(long = "body", value_name = "FILE")]
    bodies: Vec<PathBuf>,
    /// A member: name=value for a text, name:=value for a whole number, true or false; repeatable
    #[arg(long = "set", value_name = "MEMBER=VALUE")]
    sets: Vec<String>,
}

/// Members by flags with the names of the markets: `--way-code` and `--wayCode` for `wayCode`.
#[derive(Debug)]
pub(crate) struct Fields<R>(Vec<(&'static str, String)>, PhantomData<R>);

/// The members so far, and what gave each.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) members: Members,
    places: BTreeMap<String, String>,
}

fn offer(market: &'static Market, direction: Direction) -> &'static Offer {
    match direction {
        Direction::Deposit => market.deposit(),
        Direction::Withdrawal => market.withdrawal(),
    }
}

/// The members that some market documents, and the markets of each.
fn known(direction: Direction) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut known: BTreeMap<_, _> = EVERYWHERE.into_iter().map(|(name, _)| (name, Vec::new())).collect();
    for market in market::ALL.iter().copied().filter(|market| market.is_live()) {
        for field in offer(market, direction).fields() {
            known.entry(field.name()).or_default().push(market.name());
        }
    }
    known
}

/// One sentence about each member that no market documents for this direction.
pub(crate) fn unknown_members(members: &Members, direction: Direction) -> Vec<String> {
    let (documented, other) = match direction {
        Direction::Deposit => (known(direction), Direction::Withdrawal),
        Direction::Withdrawal => (known(direction), Direction::Deposit),
    };
    let of_other = known(other);
    let names = || documented.keys().copied().chain([ORDER_NO, "mchNo"]);
    let unknown_ones = members.iter().map(|(name, _)| name).filter(|name| names().all(|one| one != *name));
    let describe = |name: &str| {
        if let Some(markets) = of_other.get(name) {
            return format!(
                "`{name}` is not documented for a {direction}, only for a {other} ({})",
                markets.join(", ")
            );
        }
        let failure = unknown("member", name, names());
        format!("{}; no market documents it for a {direction}", failure.reason())
    };
    unknown_ones.map(describe).collect()
}

/// The flag of a member; `--body` names a file.
fn flag(member: &str) -> String {
    if member == "body" {
        return "description".to_owned();
    }
    let word = |letter: char| {
        let hyphen = letter.is_ascii_uppercase().then_some('-');
        hyphen.into_iter().chain([letter.to_ascii_lowercase()])
    };
    member.chars().flat_map(word).collect()
}

impl<R: OrderRequest> clap::Args for Fields<R> {
    fn augment_args(mut command: Command) -> Command {
        for (member, markets) in known(R::DIRECTION) {
            let help = match (EVERYWHERE.iter().find(|(name, _)| *name == member), markets.as_slice()) {
                (Some((_, help)), _) => (*help).to_owned(),
                (None, [first, second, third, _, ..]) => {
                    format!("Member {member} ({first}, {second}, {third} …)")
                }
                (None, few) => format!("Member {member} ({})", few.join(", ")),
            };
            let mut argument = clap::Arg::new(member)
                .long(flag(member))
                .value_name("VALUE")
                .help(help)
                .help_heading("Members");
            if member != "body" && flag(member) != member {
                argument = argument.alias(member);
            }
            if member == "wayCode" {
                argument = argument.add(completions::way_codes());
            }
            command = command.arg(argument);
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<R: OrderRequest> clap::FromArgMatches for Fields<R> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let names = known(R::DIRECTION).into_keys();
        let given = names.filter_map(|name| Some((name, matches.get_one::<String>(name)?.clone())));
        Ok(Self(given.collect(), PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<R: OrderRequest> Fields<R> {
    pub(crate) fn add_to(&self, given: &mut Given) -> Result<(), Failure> {
        self.0
            .iter()
            .try_for_each(|(member, value)| given.text(member, value, &format!("--{}", flag(member))))
    }
}

impl Body {
    pub(crate) fn add_to(&self, given: &mut Given) -> Result<(), Failure> {
        for path in &self.bodies {
            let place = format!("--body {}", path.display());
            let text = input::text(path, "the body")?;
            let members =
                Members::from_json(&text).map_err(|error| Failure::usage("the body").caused_by(&error))?;
            for (name, json) in members.iter() {
                given.json(name, json, &place)?;
            }
        }
        for set in &self.sets {
            let Some((name, value)) = set.split_once('=') else {
                return Err(Failure::usage("--set takes member=value, or member:=value for a number"));
            };
            match name.strip_suffix(':') {
                Some(name) => given.json(name, value, "--set")?,
                None => given.text(name, value, "--set")?,
            }
        }
        Ok(())
    }
}

impl Given {
    /// Adds a text, or the number that it stands for where the vendor documents a number.
    pub(crate) fn text(&mut self, name: &str, value: &str, place: &str) -> Result<(), Failure> {
        let is_number = || {
            let mut offers = market::ALL.iter().flat_map(|market| [market.deposit(), market.withdrawal()]);
            offers.any(|offer| offer.field(name).is_some_and(|it| it.format() == Some(Format::Integer)))
        };
        match value.parse::<i64>() {
            Ok(number) if is_number() => self.json(name, &number.to_string(), place),
            _ => self.json(name, &serde_json::Value::from(value).to_string(), place),
        }
    }

    /// Adds a member as its JSON text. A second value for it is an error: neither is ignored.
    fn json(&mut self, name: &str, json: &str, place: &str) -> Result<(), Failure> {
        let raw = RawJson::from_json(json).map_err(|_| {
            Failure::usage(format!("{place}: `{name}` is not JSON; for a text give {name}=value"))
        })?;
        if self.members.get(name).is_some_and(|before| before != raw.get()) {
            let other = self.places.get(name).map_or("", String::as_str);
            let reason = format!("`{name}` has two values, by {other} and by {place}; give one");
            return Err(Failure::usage(reason));
        }
        self.members.insert(name, &raw).map_err(|error| Failure::usage(place).caused_by(&error))?;
        self.places.insert(name.to_owned(), place.to_owned());
        Ok(())
    }

    /// Takes out the merchant number, which the client adds.
    pub(crate) fn without_merchant(&mut self, merchant_no: &MerchantNo) -> Result<(), Failure> {
        match self.members.remove("mchNo") {
            Some(json) if MerchantNo::from_json(&json).ok().as_ref() != Some(merchant_no) => {
                let reason = format!(
                    "the body has another `mchNo` than the merchant number of the settings, {merchant_no}"
                );
                Err(Failure::usage(reason)
                    .detail("Give the other one by --merchant-id, or remove it from the body."))
            }
            _ => Ok(()),
        }
    }

    /// Refuses members that no market documents.
    pub(crate) fn require_known(&self, direction: Direction) -> Result<(), Failure> {
        let unknown = unknown_members(&self.members, direction);
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(unknown.join("; ")).detail("To send it anyway give --allow-unknown."))
    }
}
