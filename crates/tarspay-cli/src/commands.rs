//! One module per command.

pub(crate) mod balance;
pub(crate) mod demo;
pub(crate) mod inbox;
pub(crate) mod keygen;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod verify;
