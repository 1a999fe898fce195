//! One suite over both engines, against a sandbox over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

mod applying;
mod operating;
mod placing;
mod plans;
mod postgres;
mod receiving;
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
        the_same_request_is_taken_up_and_another_one_is_refused
        a_crash_between_row_and_call_is_taken_up_by_another_process
        a_crash_between_call_and_response_is_taken_up
        a_lost_response_leaves_one_order
        an_order_in_doubt_is_placed_once_by_many
        a_refused_order_ends_as_failed
        an_order_of_another_amount_waits_for_a_person;
    receiving:
        a_callback_that_comes_many_times_is_stored_and_applied_once
        what_comes_out_of_order_ends_with_the_newest
        what_is_not_our_callback_is_refused_and_counted
        a_dropped_connection_does_not_cancel_the_storing
        many_callbacks_at_once_are_all_stored
        an_unknown_order_waits_for_a_person
        an_unknown_order_that_is_placed_again_is_taken_up
        without_tables_the_error_says_what_to_do;
    applying:
        a_lost_callback_is_found_by_asking
        an_order_never_fails_because_nobody_answers
        an_open_order_is_asked_for_ever_less_often
        a_refund_after_a_success_is_found_within_a_day
        a_handler_that_fails_is_tried_again_later_and_then_parked
        a_handler_that_never_returns_is_parked
        a_contradiction_is_settled_by_the_gateway
        a_contradiction_that_the_gateway_confirms_is_parked
        a_late_success_after_a_refund_changes_nothing
        a_part_payment_is_asked_about
        two_workers_never_apply_the_same_fact
        a_running_worker_applies_what_comes
        effect_keys_tell_facts_apart
        a_deposit_that_times_out_and_is_paid_late_ends_as_paid;
    operating:
        migrations_run_again_and_at_the_same_time
        counts_and_ages_say_what_waits
        pruning_deletes_what_is_over_and_nothing_else
        news_after_a_discard_is_parked_again;
    plans:
        no_statement_of_a_running_inbox_reads_a_whole_table;
    settling:
        a_foreign_transaction_settles_the_fact
        a_lost_lease_rolls_back_the_whole_transaction
        a_transaction_that_is_dropped_is_rolled_back
        a_failed_transaction_is_not_settled
        a_handler_that_returns_without_settling_gets_the_fact_again
        postgresql_is_left_without_session_state;
}
