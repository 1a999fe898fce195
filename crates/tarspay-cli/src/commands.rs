//! One module per command.

pub(crate) mod balance;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod keygen;
pub(crate) mod markets;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod verify;
