//! A merchant under load, who writes down what was acknowledged and what is in doubt.

use super::{Dice, Life};
use serde_json::Value;
use std::sync::Arc;
use tarspay::types::{
    Amount, Currency, DepositRequest, ErrorCode, MerchantOrderNo, NotifyUrl, WayCode, WithdrawalRequest,
    market,
};
use tarspay::{Error, ErrorKind, Matches, Placed};

/// What is known about the existence of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    /// Never sent, or not sent as the client says: it must not exist.
    NotSent,
    /// Sent, and the response was lost.
    Unknown,
    Acknowledged,
    /// Refused: it must not exist.
    Refused,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) number: String,
    pub(super) is_withdrawal: bool,
    /// Hundredths; whole units, as the market has it. Without fees and parts.
    pub(super) amount: u64,
    pub(super) existence: Existence,
    /// The gateway's number.
    pub(super) id: Option<String>,
    /// The states that were acknowledged, the first one first.
    pub(super) states: Vec<i64>,
    /// The state that was asked for without a response.
    pub(super) asked: Option<i64>,
}

/// More than the merchants have together.
const TOO_MUCH: u64 = 9_999_999_999_900;

pub(super) struct Merchant {
    name: u32,
    dice: Dice,
    notify_url: NotifyUrl,
    pub(super) orders: Vec<Order>,
    /// How often a response was lost.
    pub(super) doubts: u32,
}

/// No response came.
struct Lost;

impl Merchant {
    pub(super) fn new(name: u32, dice: Dice, notify_url: &str) -> Self {
        let notify_url = NotifyUrl::new(notify_url).unwrap();
        Self { name, dice, notify_url, orders: Vec::new(), doubts: 0 }
    }

    /// Works until the sandbox is dead.
    pub(super) async fn work(mut self, life: Arc<Life>) -> Self {
        while self.turn(&life).await.is_ok() {
            life.responded();
        }
        self
    }

    /// Ends every doubt; the sandbox lives.
    pub(super) async fn resolve_all(&mut self, life: &Life) {
        while let Some(at) = self.in_doubt() {
            assert!(self.resolve(at, life).await.is_ok());
        }
    }

    async fn turn(&mut self, life: &Life) -> Result<(), Lost> {
        if let Some(at) = self.in_doubt() {
            return self.resolve(at, life).await;
        }
        let known: Vec<_> = (0..self.orders.len())
            .filter(|at| self.orders[*at].existence == Existence::Acknowledged)
            .collect();
        let choice = self.dice.below(10);
        if choice < 4 || known.is_empty() {
            return self.place_new(life).await;
        }
        let at = known[self.dice.below(u32::try_from(known.len()).unwrap()) as usize];
        if choice == 9 { self.query(at, life).await } else { self.step(at, life).await }
    }

    fn in_doubt(&self) -> Option<usize> {
        self.orders.iter().position(|order| {
            matches!(order.existence, Existence::NotSent | Existence::Unknown)
                || order.asked.is_some()
                || (order.existence == Existence::Acknowledged && order.id.is_none())
        })
    }

    async fn resolve(&mut self, at: usize, life: &Life) -> Result<(), Lost> {
        let order = &mut self.orders[at];
        if matches!(order.existence, Existence::NotSent | Existence::Unknown) {
            return self.place(at, life).await;
        }
        let path = format!("orders?merchant_order_no={}", order.number);
        let Some((http, found)) = life.owner.ask("GET", &path, "").await else {
            return self.lost(at, life);
        };
        assert_eq!(http, 200, "{found}");
        let id =
            found["orders"][0]["pay_order_id"].as_str().expect("an acknowledged order exists").to_owned();
        let Some((http, found)) = life.owner.ask("GET", &format!("orders/{id}"), "").await else {
            return self.lost(at, life);
        };
        assert_eq!(http, 200, "{found}");
        let states = states_of(&found);
        order.assert_can_be(&states);
        (order.id, order.states, order.asked) = (Some(id), states, None);
        Ok(())
    }

    async fn place_new(&mut self, life: &Life) -> Result<(), Lost> {
        let is_withdrawal = self.dice.below(2) == 0;
        let is_too_much = is_withdrawal && self.dice.below(10) == 0;
        self.orders.push(Order {
            number: format!("KILL-{}-{}", self.name, self.orders.len()),
            is_withdrawal,
            amount: if is_too_much { TOO_MUCH } else { 100 * u64::from(20 + self.dice.below(10_000)) },
            existence: Existence::NotSent,
            id: None,
            states: Vec::new(),
            asked: None,
        });
        self.place(self.orders.len() - 1, life).await
    }

    async fn place(&mut self, at: usize, life: &Life) -> Result<(), Lost> {
        let notify_url = self.notify_url.clone();
        let order = &mut self.orders[at];
        let number: MerchantOrderNo = order.number.parse().unwrap();
        let perhaps_sent = order.existence == Existence::Unknown;
        let (currency, amount) = (Currency::KES, money(order.amount));
        let placed = if order.is_withdrawal {
            let way = market::kenya::way::EWALLET_MPESA;
            let request = WithdrawalRequest::new(number, way, currency, amount, notify_url);
            let request = request.customer_contact("254115555076");
            let client = &life.client;
            let place = if perhaps_sent {
                client.resume_withdrawal(&request)
            } else {
                client.place_withdrawal(&request)
            };
            place.await.map(|placed| short(&placed))
        } else {
            let request = DepositRequest::new(number, WayCode::CASHIER, currency, amount, notify_url);
            let client = &life.client;
            let place =
                if perhaps_sent { client.resume_deposit(&request) } else { client.place_deposit(&request) };
            place.await.map(|placed| short(&placed))
        };
        let is_too_much = order.amount == TOO_MUCH;
        match placed {
            Ok((id, differs)) => {
                assert!(!is_too_much && !differs, "{order:?}");
                order.existence = Existence::Acknowledged;
                order.id = id;
                order.states = vec![i64::from(order.is_withdrawal)];
                Ok(())
            }
            Err(error) if is_too_much && error.code() == Some(ErrorCode::BALANCE_TOO_LOW) => {
                order.existence = Existence::Refused;
                Ok(())
            }
            Err(error) => {
                life.assert_killed(&error);
                match error.kind() {
                    // Nothing new: what was unknown stays so.
                    ErrorKind::NotSent => {}
                    ErrorKind::OutcomeUnknown => order.existence = Existence::Unknown,
                    _ => panic!("{} is reported as failed: {error:?}", order.number),
                }
                self.doubts += 1;
                Err(Lost)
            }
        }
    }

    async fn query(&mut self, at: usize, life: &Life) -> Result<(), Lost> {
        let order = &self.orders[at];
        let number: MerchantOrderNo = order.number.parse().unwrap();
        let info = if order.is_withdrawal {
            life.client.query_withdrawal(number).await
        } else {
            life.client.query_deposit(number).await
        };
        match info {
            Ok(info) => {
                assert_eq!(Some(&info.state.code()), order.states.last(), "{order:?}");
                Ok(())
            }
            Err(error) => self.no_response(&error, life),
        }
    }

    fn no_response(&mut self, error: &Error, life: &Life) -> Result<(), Lost> {
        life.assert_killed(error);
        assert_ne!(error.kind(), ErrorKind::Rejected, "an acknowledged order is found: {error:?}");
        self.doubts += 1;
        Err(Lost)
    }

    /// The owner moves an order along.
    async fn step(&mut self, at: usize, life: &Life) -> Result<(), Lost> {
        let order = &mut self.orders[at];
        let steps: &[(&str, i64)] = match (order.is_withdrawal, order.states.last()) {
            (false, Some(0)) => {
                &[("open", 1), ("pay", 2), ("partial", 9), ("fail", 3), ("expire", 6), ("pay", 2)]
            }
            (false, Some(1)) => &[("pay", 2), ("partial", 9), ("fail", 3), ("expire", 6)],
            (false, Some(6)) => &[("pay", 2), ("partial", 9)],
            (false, Some(9)) => &[("pay", 2), ("refund", 5)],
            (true, Some(1)) => &[("pay", 2), ("fail", 3), ("reject", 8)],
            (_, Some(2)) => &[("refund", 5)],
            _ => return self.query(at, life).await,
        };
        let (verb, to) = steps[self.dice.below(u32::try_from(steps.len()).unwrap()) as usize];
        let body = match verb {
            "partial" => format!(r#"{{"amount":"{}"}}"#, money(order.part())),
            _ => String::new(),
        };
        let id = order.id.as_ref().expect("known, or in doubt");
        order.asked = Some(to);
        match life.owner.ask("POST", &format!("orders/{id}/{verb}"), &body).await {
            Some((200, moved)) => {
                let states = states_of(&moved);
                order.assert_can_be(&states);
                assert_eq!(states.last(), Some(&to), "{order:?}");
                (order.states, order.asked) = (states, None);
                Ok(())
            }
            Some(other) => panic!("{verb} of {order:?}: {other:?}"),
            None => self.lost(at, life),
        }
    }

    fn lost(&mut self, at: usize, life: &Life) -> Result<(), Lost> {
        life.assert_killed(&self.orders[at]);
        self.doubts += 1;
        Err(Lost)
    }
}

impl Order {
    /// What is paid of it in part, in hundredths.
    pub(super) fn part(&self) -> u64 {
        self.amount / 2
    }

    /// All that was acknowledged, and after it nothing but what was asked for.
    pub(super) fn assert_can_be(&self, states: &[i64]) {
        let known =
            if self.states.is_empty() { vec![i64::from(self.is_withdrawal)] } else { self.states.clone() };
        let rest =
            states.strip_prefix(&known[..]).unwrap_or_else(|| panic!("{self:?} has become {states:?}"));
        let fits = match (rest, self.asked) {
            ([], _) => true,
            // A deposit that is paid was opened before.
            ([to] | [1, to], Some(asked)) => *to == asked,
            _ => false,
        };
        assert!(fits, "{self:?} has become {states:?}");
    }
}

fn states_of(shown: &Value) -> Vec<i64> {
    shown["history"].as_array().unwrap().iter().map(|step| step["to"].as_i64().unwrap()).collect()
}

fn short<A: tarspay::Placeable>(placed: &Placed<A>) -> (Option<String>, bool) {
    (placed.pay_order_id().map(ToString::to_string), placed.matches() == Matches::No)
}

fn money(hundredths: u64) -> Amount {
    let text = match (hundredths / 100, hundredths % 100) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest:02}"),
    };
    Amount::parse(&text).unwrap()
}
