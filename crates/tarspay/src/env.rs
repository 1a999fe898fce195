//! Environment variables, the same ones that the command reads.

use crate::Error;
use std::env::VarError;
use std::error::Error as StdError;
use std::str::FromStr;

/// The value of a variable, without white space around it: a secret from a file often ends in a line
/// feed. One that is empty counts as not set: a deployment often sets all of them.
pub(crate) fn text(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Error::invalid(format!("{name} is not UTF-8"))),
    }
}

/// A variable that must be set. An error shows its name only, never its value.
pub(crate) fn required<T>(name: &str) -> Result<T, Error>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    optional(name)?.ok_or_else(|| Error::invalid(format!("the environment variable {name} is not set")))
}

/// A variable that may be set.
pub(crate) fn optional<T>(name: &str) -> Result<Option<T>, Error>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    text(name)?
        .map(|text| {
            text.parse().map_err(|error| {
                Error::invalid(format!("the environment variable {name} cannot be used")).caused_by(error)
            })
        })
        .transpose()
}
