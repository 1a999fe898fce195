//! Calls to endpoints that this version does not know.

use crate::types::{Effect, RawJson, Request};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A call by path and members. The result is the response's `data`, if it has any. Made by
/// [`Client::call_raw`](crate::Client::call_raw). `Debug` shows the path only.
#[derive(Clone)]
pub struct RawRequest<T> {
    pub(crate) path: String,
    pub(crate) members: T,
}

impl<T: Serialize> Serialize for RawRequest<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members.serialize(serializer)
    }
}

impl<T: Serialize> Request for RawRequest<T> {
    type Response = Option<RawJson>;

    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.path)
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }
}

impl<T> fmt::Debug for RawRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest").field("path", &self.path).finish_non_exhaustive()
    }
}
