//! tokio-postgres. `execute_typed` makes no named statement, so that it works through PgBouncer too.

use crate::{EFFECT, entry};
use tarspay_inbox::{Fact, SETTLE};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

pub async fn book(client: &mut Client, fact: &Fact) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    let (number, paid) = entry(fact);
    transaction.execute_typed(EFFECT, &[(&number, Type::TEXT), (&paid, Type::TEXT)]).await?;
    transaction.execute_typed(SETTLE, &[(&fact.id(), Type::INT8), (&fact.lease(), Type::INT8)]).await?;
    transaction.commit().await
}
