//! What is due about orders, in the order of its time: deposits time out, and scenarios take their steps.
//!
//! Time may have jumped: what lies between is done one after the other, as if it had passed.

use crate::clock::{later, millis};
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::life;
use crate::merchant::Fee;
use crate::scenario::Action;
use crate::store::orders::{self, OrderKey, Record};
use crate::store::plans::{self, Planned, Waiting};
use crate::store::{StoreError, Tx};
use tarspay_types::{Amount, MerchantNo, MerchantOrderNo, OrderState};

/// Has the first scenario that fits take a new order.
pub(crate) fn take(tx: &Tx<'_>, record: &Record) -> Result<(), Error> {
    let played = plans::played(tx)?;
    let Some(played) = played.iter().find(|it| it.scenario.takes(&record.order, it.taken)) else {
        return Ok(());
    };
    let scenario = &played.scenario;
    let times: Vec<_> = scenario.steps().iter().map(|step| later(tx.now, millis(step.after))).collect();
    plans::plan(tx, record.id, scenario, &times)?;
    if let Some(first) = times.into_iter().min() {
        tx.due(first);
    }
    tx.report(EventKind::ScenarioTook {
        pay_order_id: record.order.pay_order_id.clone(),
        scenario: scenario.name().to_owned(),
    });
    Ok(())
}

/// The most deposits that time out, and steps that are taken, in one job.
const SLICE: usize = 256;

/// Does what is due next, up to a limit: jobs of others run between two slices. Returns when the next thing is due, which
/// may be now.
pub(crate) fn catch_up(tx: &Tx<'_>) -> Result<Option<u64>, Error> {
    let mut left = SLICE;
    while left > 0 {
        let step = plans::next_due(tx, None)?;
        let overdue = orders::overdue(tx, until(tx, step.as_ref()), left)?;
        if !overdue.is_empty() {
            left = left.saturating_sub(overdue.len());
            for mut record in overdue {
                life::expire(tx, &mut record)?;
            }
            continue;
        }
        let Some(step) = step else { break };
        left -= 1;
        match orders::by_id(tx, step.order)? {
            Some(mut record) => perform(tx, &mut record, &step)?,
            None => plans::done(tx, &step)?,
        }
    }
    Ok([orders::next_expiry(tx)?, plans::next_at(tx)?].into_iter().flatten().min())
}

/// Does all that is due about this order, so that no reader sees an outdated state.
pub(crate) fn catch_up_with(tx: &Tx<'_>, record: &mut Record) -> Result<(), Error> {
    loop {
        let step = plans::next_due(tx, Some(record.id))?;
        let until = until(tx, step.as_ref());
        if record.order.state.is_pending() && record.expires_at.is_some_and(|at| at <= until) {
            life::expire(tx, record)?;
        }
        match step {
            Some(step) => perform(tx, record, &step)?,
            None => return Ok(()),
        }
    }
}

/// The time up to which deposits time out before a step. One that is taken at that very time is in time.
fn until(tx: &Tx<'_>, step: Option<&Planned>) -> u64 {
    step.map_or(tx.now, |step| step.at.saturating_sub(1))
}

/// Takes a step, or skips it if it is not possible.
fn perform(tx: &Tx<'_>, record: &mut Record, planned: &Planned) -> Result<(), Error> {
    plans::done(tx, planned)?;
    let mut moved = record.clone();
    match tx.attempt(|| act(tx, &mut moved, &planned.step.action))? {
        Ok(()) => *record = moved,
        Err(error) if error.kind() == ErrorKind::Store => return Err(error),
        Err(error) => tx.report(EventKind::ScenarioSkipped {
            pay_order_id: record.order.pay_order_id.clone(),
            scenario: planned.scenario.clone(),
            step: planned.step.to_string(),
            reason: error.to_string(),
        }),
    }
    Ok(())
}

fn act(tx: &Tx<'_>, record: &mut Record, action: &Action) -> Result<(), Error> {
    match action {
        Action::Open {} => life::open(tx, record),
        Action::Pay {} => life::pay(tx, record),
        Action::PayPartially { amount, percent } => {
            let amount = match (*amount, *percent) {
                (Some(amount), _) => amount,
                (None, percent) => share(record.order.amount, percent.unwrap_or_default())?,
            };
            life::pay_partially(tx, record, amount)
        }
        Action::Fail { reason } => life::end_unpaid(tx, record, OrderState::FAILED, Some(reason)),
        Action::Reject { reason } => life::end_unpaid(tx, record, OrderState::REJECTED, Some(reason)),
        Action::Refund {} => life::refund(tx, record),
        Action::Expire {} => life::expire(tx, record),
        Action::RecordTransfer { amount, reference } => {
            let reference =
                reference.as_ref().or(record.order.trx_id.as_ref()).cloned().ok_or_else(|| {
                    Error::new(ErrorKind::InvalidTransition, "the merchant has submitted no reference for it")
                })?;
            let paid = life::record_transfer(tx, &reference, amount.unwrap_or(record.order.amount))?;
            if let Some(paid) = paid.filter(|paid| paid.id == record.id) {
                *record = paid;
            }
            Ok(())
        }
    }
}

/// A share of an amount, to two decimals, as a fee is.
fn share(amount: Amount, percent: u8) -> Result<Amount, Error> {
    Fee::new(Amount::ZERO, u16::from(percent) * 100)
        .of(amount)
        .ok_or_else(|| Error::new(ErrorKind::InvalidAmount, "the share has more than 28 digits"))
}

/// The faults that apply to a call of this merchant that names this order; they count as applied.
pub(crate) fn call_faults(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    number: &MerchantOrderNo,
    path: &str,
) -> Result<Vec<Waiting>, StoreError> {
    let Some(record) = orders::find(tx, &OrderKey::Number(merchant_no, number))? else {
        return Ok(Vec::new());
    };
    apply(tx, &record, |waiting| waiting.fault.applies_to_call(path))
}

/// The faults that apply to an attempt at a callback about this order; they count as applied.
pub(crate) fn callback_faults(tx: &Tx<'_>, order: i64) -> Result<Vec<Waiting>, StoreError> {
    let Some(record) = orders::by_id(tx, order)? else { return Ok(Vec::new()) };
    apply(tx, &record, |waiting| waiting.fault.fault.is_of_callbacks())
}

fn apply(tx: &Tx<'_>, record: &Record, meant: impl Fn(&Waiting) -> bool) -> Result<Vec<Waiting>, StoreError> {
    let mut applying = plans::faults(tx, record.id)?;
    applying.retain(meant);
    for waiting in &applying {
        plans::applied(tx, waiting)?;
        tx.report(EventKind::ScenarioFaultApplied {
            pay_order_id: record.order.pay_order_id.clone(),
            scenario: waiting.scenario.clone(),
            what: waiting.fault.fault.to_string(),
        });
    }
    Ok(applying)
}

#[cfg(test)]
mod tests {
    use super::{SLICE, catch_up, catch_up_with};
    use crate::clock::SandboxClock;
    use crate::error::Error;
    use crate::event::{EventKind, EventLog};
    use crate::life;
    use crate::order::{Order, OrderFilter};
    use crate::store::orders::{self, Record};
    use crate::store::{Context, Settings, Store, merchants, open};
    use std::sync::Arc;
    use tarspay_types::{Amount, BizType, Currency, Members, NotifyUrl, OrderState};

    const BORN: u64 = 1_000_000;

    /// A deposit that times out at a time of its own.
    fn deposit(id: i64) -> Record {
        let expires_at = BORN + 1000 - u64::try_from(id).unwrap();
        let at = crate::clock::system_time(BORN);
        let order = Order {
            direction: BizType::DEPOSIT,
            pay_order_id: format!("P{id}").parse().unwrap(),
            merchant_no: "M1".parse().unwrap(),
            merchant_order_no: format!("D{id}").parse().unwrap(),
            way_code: "CASHIER".parse().unwrap(),
            currency: Currency::KES,
            amount: Amount::from(100_u32),
            pay_amount: Amount::ZERO,
            fee: Amount::ZERO,
            state: OrderState::CREATING,
            fail_reason: None,
            notify_url: NotifyUrl::new("http://127.0.0.1/").unwrap(),
            created_at: at,
            changed_at: at,
            expires_at: Some(crate::clock::system_time(expires_at)),
            trx_id: None,
            request: Members::default(),
        };
        Record { id, order, expires_at: Some(expires_at) }
    }

    #[test]
    fn a_jump_of_the_clock_is_done_in_slices_in_order_and_other_jobs_run_in_between() {
        const ORDERS: i64 = 600;
        let (clock, events) = (Arc::new(SandboxClock::new(Box::new(|| BORN), 0)), Arc::new(EventLog::new()));
        let (timekeeper, _messages) = tokio::sync::mpsc::unbounded_channel();
        let context = Context {
            clock: Arc::clone(&clock),
            settings: Arc::new(Settings::default()),
            events: Arc::clone(&events),
            timekeeper,
        };
        let store = Store::start(open::open(None).unwrap(), context).unwrap();
        let created = store.run(|tx| {
            merchants::add(tx, &"M1".parse().unwrap())?;
            (1..=ORDERS).try_for_each(|id| life::create(tx, deposit(id)).map(drop))
        });
        created.map_err(|error: Error| error.to_string()).unwrap();
        clock.advance(std::time::Duration::from_secs(2));
        events.clear();

        let timed_out = || {
            let mut filter = OrderFilter { limit: u32::MAX, ..OrderFilter::default() };
            filter.state = Some(OrderState::TIMED_OUT);
            store
                .run(move |tx| orders::page(tx, &filter, &orders::Range::After(0)).map_err(Error::from))
                .unwrap()
                .len()
        };
        assert_eq!(store.run(catch_up).unwrap(), Some(BORN + 1000 - 344), "the next one is due already");
        assert_eq!(timed_out(), SLICE);
        // A reader in between sees its own order as it must be by now.
        let state = store.run(|tx| {
            let mut record = orders::by_id(tx, 1)?.unwrap();
            catch_up_with(tx, &mut record)?;
            Ok::<_, Error>(record.order.state)
        });
        assert_eq!(state.unwrap(), OrderState::TIMED_OUT);
        assert!(store.run(catch_up).unwrap().is_some());
        assert_eq!(timed_out(), 2 * SLICE + 1);
        assert_eq!(store.run(catch_up).unwrap(), None);

        let order: Vec<i64> = events
            .after(0)
            .into_iter()
            .map(|event| match event.kind {
                EventKind::StateChanged { pay_order_id, .. } => pay_order_id.as_str()[1..].parse().unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        // By the time at which they were due; the one that was read comes as it was read.
        let mut expected: Vec<i64> = (2..=ORDERS).rev().collect();
        expected.insert(SLICE, 1);
        assert_eq!(order, expected);
    }
}
