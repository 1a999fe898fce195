//! Scenarios that are played, and what they have planned for orders, in the store.

use super::{StoreError, Tx};
use crate::Scenario;
use crate::scenario::{PlannedFault, Step};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Serialize, de::DeserializeOwned};

/// A scenario that is played.
pub(crate) struct Played {
    pub(crate) scenario: Scenario,
    /// How many orders it has taken.
    pub(crate) taken: u64,
}

/// A step that is still to be done.
pub(crate) struct Planned {
    pub(crate) id: i64,
    pub(crate) order: i64,
    pub(crate) scenario: String,
    /// Unix milliseconds of the sandbox's clock.
    pub(crate) at: u64,
    pub(crate) step: Step,
}

/// A fault that has not struck to its end.
pub(crate) struct Waiting {
    id: i64,
    pub(crate) scenario: String,
    pub(crate) fault: PlannedFault,
    times_left: Option<u32>,
}

/// Plays a scenario from now on, in place of one of its name.
pub(crate) fn play(tx: &Tx<'_>, scenario: &Scenario) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO scenarios (name, scenario) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET scenario = ?2, taken = 0",
        )?
        .execute([scenario.name(), &json(scenario)?])?;
    Ok(())
}

/// Plays a scenario no longer; `false` if it was not played.
pub(crate) fn end(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.connection.prepare_cached("DELETE FROM scenarios WHERE name = ?1")?.execute([name])? > 0)
}

pub(crate) fn end_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.connection.prepare_cached("DELETE FROM scenarios")?.execute([])?;
    Ok(())
}

/// What is played, the first one first.
pub(crate) fn played(tx: &Tx<'_>) -> Result<Vec<Played>, StoreError> {
    let mut statement = tx.connection.prepare_cached("SELECT scenario, taken FROM scenarios ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Played { scenario: read(row, 0)?, taken: row.get(1)? });
    }
    Ok(all)
}

/// Plans for an order what a scenario wants.
pub(crate) fn plan(tx: &Tx<'_>, order: i64, scenario: &Scenario, at: &[u64]) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached("UPDATE scenarios SET taken = taken + 1 WHERE name = ?1")?
        .execute([scenario.name()])?;
    let mut steps = tx
        .connection
        .prepare_cached("INSERT INTO planned_steps (order_id, scenario, at, step) VALUES (?1, ?2, ?3, ?4)")?;
    for (step, at) in scenario.steps().iter().zip(at) {
        steps.execute(params![order, scenario.name(), at, json(step)?])?;
    }
    let mut faults = tx.connection.prepare_cached(
        "INSERT INTO planned_faults (order_id, scenario, fault, times_left) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for planned in scenario.faults() {
        faults.execute(params![order, scenario.name(), json(planned)?, planned.fault.left])?;
    }
    Ok(())
}

const STEP: &str = "id, order_id, scenario, at, step";

/// The next step that is due, of an order or of all.
pub(crate) fn next_due(tx: &Tx<'_>, order: Option<i64>) -> Result<Option<Planned>, StoreError> {
    let of = if order.is_some() { "order_id = ?2" } else { "?2 IS NULL" };
    let sql = format!("SELECT {STEP} FROM planned_steps WHERE {of} AND at <= ?1 ORDER BY at, id LIMIT 1");
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tx.now, order])?;
    rows.next()?.map(planned).transpose()
}

/// The steps that an order has before it, the next one first.
pub(crate) fn of_order(tx: &Tx<'_>, order: i64) -> Result<Vec<Planned>, StoreError> {
    let sql = format!("SELECT {STEP} FROM planned_steps WHERE order_id = ?1 ORDER BY at, id");
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query([order])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(planned(row)?);
    }
    Ok(all)
}

/// When the next step of any order is due.
pub(crate) fn next_at(tx: &Tx<'_>) -> Result<Option<u64>, StoreError> {
    Ok(tx
        .connection
        .prepare_cached("SELECT min(at) FROM planned_steps")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten())
}

/// Takes a step off the plan: it is done, or will never be.
pub(crate) fn done(tx: &Tx<'_>, step: &Planned) -> Result<(), StoreError> {
    tx.connection.prepare_cached("DELETE FROM planned_steps WHERE id = ?1")?.execute([step.id])?;
    Ok(())
}

/// The faults that wait for an order, in the order in which its scenario has them.
pub(crate) fn faults(tx: &Tx<'_>, order: i64) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = tx.connection.prepare_cached(
        "SELECT id, scenario, fault, times_left FROM planned_faults WHERE order_id = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([order])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Waiting {
            id: row.get(0)?,
            scenario: row.get(1)?,
            fault: read(row, 2)?,
            times_left: row.get(3)?,
        });
    }
    Ok(all)
}

/// Notes that a fault has struck.
pub(crate) fn struck(tx: &Tx<'_>, fault: &Waiting) -> Result<(), StoreError> {
    match fault.times_left {
        None => {}
        Some(0 | 1) => {
            tx.connection.prepare_cached("DELETE FROM planned_faults WHERE id = ?1")?.execute([fault.id])?;
        }
        Some(left) => {
            tx.connection
                .prepare_cached("UPDATE planned_faults SET times_left = ?2 WHERE id = ?1")?
                .execute(params![fault.id, left - 1])?;
        }
    }
    Ok(())
}

/// Whether there is or may be a fault of a scenario, when a sandbox starts.
pub(crate) fn has_any(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM scenarios) OR EXISTS (SELECT 1 FROM planned_faults)",
        [],
        |row| row.get(0),
    )?)
}

fn planned(row: &Row<'_>) -> Result<Planned, StoreError> {
    Ok(Planned {
        id: row.get(0)?,
        order: row.get(1)?,
        scenario: row.get(2)?,
        at: row.get(3)?,
        step: read(row, 4)?,
    })
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::damaged)
}

fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(StoreError::damaged)
}
