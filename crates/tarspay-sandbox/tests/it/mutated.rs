//! Valid requests of every call and of every control route, spoilt in every way we could think of: each is answered in a
//! readable form, nothing in the server panics, and the money adds up.

mod bodies;
mod control;
mod frames;
mod spoil;
mod target;
