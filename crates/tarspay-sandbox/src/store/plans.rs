//! Scenarios that are played, and their planned steps and faults, in the store.

use super::{StoreError, Tx, Uint, uint, uint_or_null};
use crate::scenario::{PlannedFault, Scenario, Step};
use rusqlite::{Row, params};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) struct Played {
    pub(crate) scenario: Scenario,
    pub(crate) taken: u64,
}

pub(crate) struct Planned {
    pub(crate) id: i64,
    pub(crate) order: i64,
    pub(crate) scenario: String,
    /// Unix milliseconds of the sandbox's clock.
    pub(crate) at: u64,
    pub(crate) step: Step,
}

pub(crate) struct Waiting {
    id: i64,
    pub(crate) scenario: String,
    pub(crate) fault: PlannedFault,
    times_left: Option<u32>,
}

/// Plays a scenario from now on, in place of one of its name.
pub(crate) fn play(tx: &Tx<'_>, scenario: &Scenario) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO scenarios (name, scenario) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET scenario = ?2, taken = 0",
        [scenario.name(), &json(scenario)?],
    )?;
    Ok(())
}

/// Plays a scenario no longer; `false` if it was not played.
pub(crate) fn end(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM scenarios WHERE name = ?1", [name])? > 0)
}

pub(crate) fn end_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM scenarios", [])?;
    Ok(())
}

/// What is played, the first one first.
pub(crate) fn played(tx: &Tx<'_>) -> Result<Vec<Played>, StoreError> {
    tx.all("SELECT scenario, taken FROM scenarios ORDER BY id", [], |row| {
        Ok(Played { scenario: read(row, 0)?, taken: uint(row, 1)? })
    })
}

pub(crate) fn plan(tx: &Tx<'_>, order: i64, scenario: &Scenario, at: &[u64]) -> Result<(), StoreError> {
    tx.execute("UPDATE scenarios SET taken = taken + 1 WHERE name = ?1", [scenario.name()])?;
    for (step, at) in scenario.steps().iter().zip(at) {
        tx.execute(
            "INSERT INTO planned_steps (order_id, scenario, at, step) VALUES (?1, ?2, ?3, ?4)",
            params![order, scenario.name(), Uint(*at), json(step)?],
        )?;
    }
    for planned in scenario.faults() {
        tx.execute(
            "INSERT INTO planned_faults (order_id, scenario, fault, times_left) VALUES (?1, ?2, ?3, ?4)",
            params![order, scenario.name(), json(planned)?, planned.fault.times_left],
        )?;
    }
    Ok(())
}

const SELECT_STEPS: &str = "SELECT id, order_id, scenario, at, step FROM planned_steps";

/// The next step that is due, of an order or of all.
pub(crate) fn next_due(tx: &Tx<'_>, order: Option<i64>) -> Result<Option<Planned>, StoreError> {
    let of = if order.is_some() { "order_id = ?2" } else { "?2 IS NULL" };
    let sql = format!("{SELECT_STEPS} WHERE {of} AND at <= ?1 ORDER BY at, id LIMIT 1");
    tx.one(&sql, params![Uint(tx.now), order], planned)
}

/// The steps that an order has before it, the next one first.
pub(crate) fn of_order(tx: &Tx<'_>, order: i64) -> Result<Vec<Planned>, StoreError> {
    tx.all(&format!("{SELECT_STEPS} WHERE order_id = ?1 ORDER BY at, id"), [order], planned)
}

pub(crate) fn next_at(tx: &Tx<'_>) -> Result<Option<u64>, StoreError> {
    Ok(tx.one("SELECT min(at) FROM planned_steps", [], |row| uint_or_null(row, 0))?.flatten())
}

/// Takes a step off the plan: it is done, or will never be.
pub(crate) fn done(tx: &Tx<'_>, step: &Planned) -> Result<(), StoreError> {
    tx.execute("DELETE FROM planned_steps WHERE id = ?1", [step.id])?;
    Ok(())
}

/// The faults that are planned for an order, in the order in which its scenario has them.
pub(crate) fn faults(tx: &Tx<'_>, order: i64) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT id, scenario, fault, times_left FROM planned_faults WHERE order_id = ?1 ORDER BY id";
    tx.all(sql, [order], |row| {
        Ok(Waiting { id: row.get(0)?, scenario: row.get(1)?, fault: read(row, 2)?, times_left: row.get(3)? })
    })
}

pub(crate) fn applied(tx: &Tx<'_>, fault: &Waiting) -> Result<(), StoreError> {
    let sql = match fault.times_left {
        None => return Ok(()),
        Some(0 | 1) => "DELETE FROM planned_faults WHERE id = ?1",
        Some(_) => "UPDATE planned_faults SET times_left = times_left - 1 WHERE id = ?1",
    };
    tx.execute(sql, [fault.id])?;
    Ok(())
}

/// Whether there is or may be a fault of a scenario, when a sandbox starts.
pub(crate) fn has_any(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM scenarios) OR EXISTS (SELECT 1 FROM planned_faults)";
    Ok(tx.one(sql, [], |row| Ok(row.get(0)?))?.unwrap_or(false))
}

fn planned(row: &Row<'_>) -> Result<Planned, StoreError> {
    Ok(Planned {
        id: row.get(0)?,
        order: row.get(1)?,
        scenario: row.get(2)?,
        at: uint(row, 3)?,
        step: read(row, 4)?,
    })
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::damaged)
}

fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(StoreError::damaged)
}
