//! The ledger: what each order has brought in and taken out. Entries are added, never changed.

use crate::Result;
use tarspay::types::{Amount, Currency, Direction, MerchantOrderNo, OrderState, OrderStatus};
use tarspay_inbox::{Row, Tx};

pub const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS ledger (
        id INTEGER PRIMARY KEY, number TEXT NOT NULL, flow TEXT NOT NULL CHECK (flow IN ('in', 'out')),
        amount TEXT NOT NULL, currency TEXT NOT NULL
    ) STRICT;
";

/// Books the difference between what an order should have moved and what is booked.
pub async fn book(
    tx: &mut Tx,
    number: &MerchantOrderNo,
    direction: Direction,
    (amount, currency): (Amount, &Currency),
    status: OrderStatus,
) -> Result<()> {
    let (forth, back) = match direction {
        Direction::Deposit => ("in", "out"),
        Direction::Withdrawal => ("out", "in"),
    };
    let sql = "SELECT flow, amount FROM ledger WHERE number = $1";
    let rows = tx.query(sql, [number.as_str().into()]).await?;
    let booked = sum(&rows, forth)?.checked_sub(sum(&rows, back)?)?;
    let due = due(direction, amount, status);
    let (flow, difference) =
        if due > booked { (forth, due.checked_sub(booked)?) } else { (back, booked.checked_sub(due)?) };
    if !difference.is_zero() {
        let sql = "INSERT INTO ledger (number, flow, amount, currency) VALUES ($1, $2, $3, $4)";
        let row = [number.as_str().into(), flow.into(), difference.into(), currency.as_str().into()];
        tx.execute(sql, row).await?;
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
        Direction::Withdrawal if is_over => Amount::ZERO,
        Direction::Withdrawal => amount,
    }
}

fn sum(rows: &[Row], flow: &str) -> Result<Amount> {
    rows.iter().try_fold(Amount::ZERO, |sum, row| {
        let is_meant = row.get::<String>("flow")? == flow;
        Ok(if is_meant { sum.checked_add(row.get("amount")?)? } else { sum })
    })
}
