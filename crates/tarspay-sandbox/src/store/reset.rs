//! Everything out of the store but what a sandbox keeps about itself.

use super::{StoreError, Tx};

/// What refers to another table comes before it.
const TABLES: [&str; 11] = [
    "callback_attempts",
    "callbacks",
    "planned_steps",
    "planned_faults",
    "scenarios",
    "transfers",
    "order_events",
    "orders",
    "fees",
    "balances",
    "api_keys",
];

pub(crate) fn reset(tx: &Tx<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        tx.connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    tx.connection.execute("DELETE FROM merchants", [])?;
    Ok(())
}
