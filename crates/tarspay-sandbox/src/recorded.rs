//! The latest calls of the merchant API, as they came and with their responses: for people who look for a mistake. In
//! memory only, and with limits.

use crate::clock::{as_millis, system_time};
use crate::error::lock;
use crate::gateway::call::Call;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::SystemTime;
use tarspay_sign::{API_KEY_HEADER, API_NONCE_HEADER, API_SIGNATURE_HEADER};
use tarspay_types::PrivateText;

/// The most calls that are kept.
const KEPT: usize = 1_000;

/// The most bytes of their texts, all together.
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// The most bytes of one text; the rest is cut.
const TEXT: usize = 16 * 1024;

/// The headers that matter to the gateway. Others can hold what is nobody's business.
const HEADERS: [&str; 5] = ["Host", "Content-Type", API_KEY_HEADER, API_NONCE_HEADER, API_SIGNATURE_HEADER];

/// A call of the merchant API as it came, and the gateway's response.
///
/// It holds the values of the request, which can be personal; `Debug` shows none. Texts are cut after 16 KiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedCall {
    /// The number of its event, [`EventKind::Called`](crate::EventKind::Called).
    pub number: u64,
    /// When, on the sandbox's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// Its path and query.
    pub target: PrivateText,
    /// `Host`, `Content-Type` and the three headers of the gateway, as often as they came.
    pub headers: Vec<(String, PrivateText)>,
    /// Its body.
    pub body: PrivateText,
    /// What had to be signed; `None` if there is none for such a call.
    pub string_to_sign: Option<PrivateText>,
    /// What was signed instead, if a signature was refused and the mistake is known.
    pub signed_text: Option<PrivateText>,
    /// The gateway's response.
    pub response: PrivateText,
    /// What faults made of the response, if anything.
    pub fault: Option<String>,
}

impl RecordedCall {
    /// A call under the number of its event, with its response.
    pub(crate) fn new(number: u64, at: u64, call: &Call<'_>, response: &[u8]) -> Self {
        let target =
            call.query.map_or_else(|| call.path.to_owned(), |query| format!("{}?{query}", call.path));
        let headers = HEADERS.iter().flat_map(|name| {
            let values = call.values(name).into_iter();
            values.map(|value| ((*name).to_owned(), text(value)))
        });
        Self {
            number,
            at: system_time(at),
            target: text(target.as_bytes()),
            headers: headers.collect(),
            body: text(call.body),
            string_to_sign: call.string_to_sign().map(|right| text(right.as_bytes())),
            signed_text: None,
            response: text(response),
            fault: None,
        }
    }

    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(_, value)| value.as_str().len()).sum::<usize>();
        let texts = [Some(&self.target), Some(&self.body), Some(&self.response)];
        let texts =
            texts.into_iter().chain([self.string_to_sign.as_ref(), self.signed_text.as_ref()]).flatten();
        headers + texts.map(|text| text.as_str().len()).sum::<usize>()
    }
}

/// Bytes as text, cut.
pub(crate) fn text(bytes: &[u8]) -> PrivateText {
    let cut = &bytes[..bytes.len().min(TEXT)];
    let mut text = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < bytes.len() {
        text.push_str("… (cut)");
    }
    text.into()
}

/// The calls that are kept.
#[derive(Default)]
pub(crate) struct RecordedCalls(Mutex<(VecDeque<RecordedCall>, usize)>);

impl RecordedCalls {
    pub(crate) fn add(&self, call: RecordedCall) {
        let mut kept = lock(&self.0);
        let (calls, bytes) = &mut *kept;
        *bytes += call.bytes();
        calls.push_back(call);
        while calls.len() > KEPT || *bytes > KEPT_BYTES {
            let Some(oldest) = calls.pop_front() else { return };
            *bytes -= oldest.bytes();
        }
    }

    pub(crate) fn find(&self, number: u64) -> Option<RecordedCall> {
        lock(&self.0).0.iter().rev().find(|call| call.number == number).cloned()
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = (VecDeque::new(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, KEPT_BYTES, RecordedCall, RecordedCalls, TEXT};
    use crate::error::lock;
    use crate::gateway::call::Call;

    #[test]
    fn calls_are_kept_up_to_a_number_and_up_to_a_size() {
        let large = vec![b'x'; 3 * TEXT];
        for (body, kept) in [(&b"{}"[..], KEPT), (&large[..], KEPT_BYTES / (2 * TEXT))] {
            let calls = RecordedCalls::default();
            for number in 0..2_000 {
                let call = Call::new(("/api/balanceInfo", None), Vec::new(), body, [127, 0, 0, 1].into());
                calls.add(RecordedCall::new(number, 0, &call, body));
            }
            let (list, bytes) = &*lock(&calls.0);
            assert!((kept * 9 / 10..=kept).contains(&list.len()), "{}", list.len());
            assert!(*bytes <= KEPT_BYTES, "{bytes}");
            assert_eq!(list.iter().map(RecordedCall::bytes).sum::<usize>(), *bytes);
            assert_eq!(list.back().unwrap().number, 1_999);
        }
        let calls = RecordedCalls::default();
        assert!(calls.find(1).is_none());
    }
}
