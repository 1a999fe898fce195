//! Calls to endpoints that this version does not know.

use crate::Error;
use crate::types::{Effect, Members, RawJson, Request};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// A call by path and members, answered by whatever `data` holds, if there is any. Made by [`Client::call_raw`](crate::Client::call_raw).
#[derive(Clone, Debug)]
pub struct RawRequest {
    path: String,
    members: Members,
}

impl RawRequest {
    pub(crate) fn new(path: impl Into<String>, members: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json = RawJson::new(members).map_err(Error::invalid_request)?;
        let members = json.members().ok_or_else(|| {
            Error::invalid("the members of a raw call must be one JSON object, each named once")
        })?;
        Ok(Self { path: path.into(), members })
    }
}

impl Serialize for RawRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members.serialize(serializer)
    }
}

impl Request for RawRequest {
    type Answer = Option<RawJson>;

    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.path)
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }
}
