//! One suite over both engines, against a sandbox over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

mod placing;
mod postgres;
mod settling;
mod world;

/// A test for each engine. A machine without PostgreSQL skips those of it, and says so.
macro_rules! on_both_engines {
    ($($module:ident: $($name:ident)*;)*) => {
        mod on_sqlite { $($(
            #[tokio::test]
            async fn $name() {
                crate::$module::$name(crate::world::World::on(crate::world::Base::sqlite()).await).await;
            }
        )*)* }

        mod on_postgres { $($(
            #[tokio::test]
            async fn $name() {
                if let Some(base) = crate::world::Base::postgres().await {
                    crate::$module::$name(crate::world::World::on(base).await).await;
                }
            }
        )*)* }
    };
}

on_both_engines! {
    placing:
        a_deposit_is_placed_paid_and_applied_once
        the_same_request_is_taken_up_and_another_one_is_refused;
    settling:
        a_foreign_transaction_settles_the_fact
        a_lost_lease_rolls_back_the_whole_transaction
        a_transaction_that_is_dropped_is_rolled_back
        a_failed_transaction_is_not_settled
        a_handler_that_returns_without_settling_gets_the_fact_again
        postgresql_is_left_without_session_state;
}
