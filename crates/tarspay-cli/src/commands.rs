//! One module per command.

pub(crate) mod balance;
pub(crate) mod call;
pub(crate) mod callback;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod country;
pub(crate) mod create;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod inbox;
pub(crate) mod keygen;
pub(crate) mod listen;
pub(crate) mod markets;
pub(crate) mod order;
pub(crate) mod proxy;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod verify;
