//! The behaviour of the public API, one module per part of it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests; clippy's own exception covers test functions only"
)]

mod amount;
mod callback;
mod calls;
mod decoding;
mod envelope;
mod examples;
mod formats;
mod fuzz;
mod ids;
mod market_banks;
mod market_check;
mod market_data;
mod market_examples;
mod market_formats;
mod market_privacy;
mod market_support;
mod members;
mod oddities;
mod open_sets;
mod order_states;
mod privacy;
mod request;
mod responses;
mod support;
mod web_addresses;
