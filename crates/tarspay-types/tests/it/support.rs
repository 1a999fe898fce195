//! What several test modules share.

use std::error::Error;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

/// What a model writes, as a value to compare with.
pub(crate) fn written(model: &impl Serialize) -> Value {
    serde_json::to_value(model).unwrap()
}

/// An error's text and those of all its sources, as a log would show them.
pub(crate) fn whole_text(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} {error} {error:?}");
        source = error.source();
    }
    text
}

/// Any JSON value, a few levels deep, without fractions (a `Value` does not keep their text).
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,3}(\\.[0-9]{1,2})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// An object that may or may not have the members `names`, with any values, and others.
pub(crate) fn any_object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let known = prop::collection::btree_map(prop::sample::select(names), any_json(), 0..=names.len());
    let other = prop::collection::btree_map("[a-zA-Z]{0,10}", any_json(), 0..4);
    (known, other).prop_map(|(known, other)| {
        let mut object = json!(other);
        for (name, value) in known {
            object[name] = value;
        }
        object
    })
}
