//! What came of looking up, or making up, a payment by its transaction id or UTR.

use crate::open::open_codes;

open_codes! {
    /// What came of looking up a payment, `status` in the responses to India's UTR query and Bangladesh's `trxId`
    /// query (`docs/wire.md`, sections 7.8 and 7.10). This is the outcome, not the `code` of the envelope.
    pub struct LookupStatus = "lookup status" {
        FAILED = 0, "failed, cannot be made up";
        FOUND = 1, "found, can be made up";
        NOT_SUPPORTED = 2, "neither query nor make-up supported, ask the operator (UTR query)";
    }
}

open_codes! {
    /// What came of reprocessing a payment, `status` (`docs/wire.md`, section 7.11): 1 is success, anything
    /// else is not. A failure still has `code` 0 in its envelope.
    pub struct ReprocessStatus = "reprocess status" {
        FAILED = 0, "failed";
        SUCCESS = 1, "success";
    }
}

impl ReprocessStatus {
    /// Whether the order was settled: 1 alone.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS)
    }
}
