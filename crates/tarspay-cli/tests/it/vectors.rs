//! The signatures of the gateway's documentation, for the tests of signing and verifying.

use crate::text;
use serde_json::Value;

pub(crate) struct Vector(Value);

impl Vector {
    pub(crate) fn named(name: &str) -> Self {
        let found =
            documentation()["vectors"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        Self(found.unwrap_or_else(|| panic!("no vector {name}")))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        text(&self.0, name)
    }

    /// The body as it was signed: compact, members in order.
    pub(crate) fn body(&self) -> String {
        self.0["body"].to_string()
    }

    /// The same members the other way round, with white space.
    pub(crate) fn shuffled_body(&self) -> String {
        let members = self.0["body"].as_object().unwrap().iter().rev();
        let lines: Vec<_> =
            members.map(|(name, value)| format!("\t{} : {value}", Value::from(name.as_str()))).collect();
        format!("{{\r\n{}\r\n}}\n", lines.join(",\n"))
    }

    /// The body with another amount.
    pub(crate) fn altered_body(&self, member: &str) -> String {
        let mut body = self.0["body"].clone();
        assert!(body[member].is_string(), "{body}");
        body[member] = Value::from("99999");
        body.to_string()
    }
}

/// A printed signature together with the page that it does not fit.
pub(crate) struct Mismatch {
    pub(crate) sample: Value,
    pub(crate) page: Value,
}

/// Those under this header.
pub(crate) fn mismatches(header: &str) -> Vec<Mismatch> {
    let documentation = documentation();
    let samples = documentation["mismatched_documentation_samples"].as_array().unwrap();
    let of_header = samples.iter().filter(|sample| sample["header"] == header);
    let pages = of_header
        .flat_map(|sample| sample["pages"].as_array().unwrap().iter().map(move |page| (sample, page)));
    pages
        .filter(|(_, page)| page["result"] == "does not verify")
        .map(|(sample, page)| Mismatch { sample: sample.clone(), page: page.clone() })
        .collect()
}

fn documentation() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tarspay-sign/vectors/documentation.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
