//! Members that have two spellings.

use serde_json::Value;

/// Whether one object spells a member in both ways. If then only the second can be used, writing it under the first name
/// hides what stood there: the one case in which something that came is lost.
pub(crate) fn are_mixed(json: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(json) else { return true };
    [&value, &value["data"]].into_iter().any(|object| {
        let has = |name: &str| object.get(name).is_some();
        has("state") && has("orderState") || has("mchNo") && has("machNo")
    })
}
