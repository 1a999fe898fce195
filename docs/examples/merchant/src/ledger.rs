//! The ledger: what each order has brought in and taken out. Entries are added, never changed.

use receivers::Result;
use rusqlite::{Transaction, params};
use tarspay::types::{Amount, Direction, OrderState, OrderStatus};

pub const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS ledger (
        id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES orders,
        flow TEXT NOT NULL CHECK (flow IN ('in', 'out')), amount TEXT NOT NULL, currency TEXT NOT NULL
    ) STRICT;
";

/// Books the difference between what the order's row says and what is booked. Call it in every transaction that
/// changes the row: however often it runs, nothing is booked twice.
pub fn book(transaction: &Transaction<'_>, number: &str) -> Result<()> {
    let sql = "SELECT direction, amount, currency, state, pay_amount FROM orders WHERE number = ?1";
    let (direction, amount, currency, state, paid) = transaction.query_row(sql, [number], |row| {
        let (direction, amount): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((direction, amount, row.get::<_, String>(2)?, row.get(3)?, row.get::<_, Option<String>>(4)?))
    })?;
    let (direction, amount) = (direction.parse::<Direction>()?, Amount::parse(&amount)?);
    let paid = paid.as_deref().map(Amount::parse).transpose()?;
    let status = OrderStatus::new(OrderState::from_code(state), paid);
    let (forth, back) = match direction {
        Direction::Deposit => ("in", "out"),
        Direction::Withdrawal => ("out", "in"),
    };
    let (due, booked) = (due(direction, amount, status), booked(transaction, number, forth, back)?);
    let (flow, difference) =
        if due > booked { (forth, due.checked_sub(booked)?) } else { (back, booked.checked_sub(due)?) };
    if !difference.is_zero() {
        let sql = "INSERT INTO ledger (number, flow, amount, currency) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, params![number, flow, String::from(difference), currency])?;
    }
    Ok(())
}

/// What an order should have moved. A withdrawal takes its amount before it is sent, so that the money cannot be spent
/// twice, and gives it back when it has certainly failed.
fn due(direction: Direction, amount: Amount, status: OrderStatus) -> Amount {
    let is_over = status.state.counts_as_failure() || status.state == OrderState::REFUNDED;
    match direction {
        Direction::Deposit if status.state.is_success() => status.paid().unwrap_or(amount),
        Direction::Deposit => status.paid().unwrap_or(Amount::ZERO),
        Direction::Withdrawal => {
            if is_over {
                Amount::ZERO
            } else {
                amount
            }
        }
    }
}

fn booked(transaction: &Transaction<'_>, number: &str, forth: &str, back: &str) -> Result<Amount> {
    let mut statement = transaction.prepare("SELECT amount FROM ledger WHERE number = ?1 AND flow = ?2")?;
    let mut sum = |flow: &str| -> Result<Amount> {
        let texts = statement.query_map([number, flow], |row| row.get::<_, String>(0))?;
        texts.into_iter().try_fold(Amount::ZERO, |sum, text| Ok(sum.checked_add(Amount::parse(&text?)?)?))
    };
    Ok(sum(forth)?.checked_sub(sum(back)?)?)
}
