//! A key that is prepared once it has been used often enough, for whoever cannot know how long it will be used.
//!
//! Preparing costs about as much as it saves on 64 verifications (two tables at first). Waiting for as many bounds the
//! loss: however long the key is used, it costs at most twice what the best choice in hindsight would have (the
//! "ski rental" rule: Karlin, Manasse, Rudolph, Sleator, "Competitive snoopy caching", 1988).

use super::PreparedKey;
use crate::{Digest, PublicKey, Signature};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// The verification before which the key is prepared.
const WORTHWHILE: u32 = 64;

/// A public key that learns. Clones learn together.
#[derive(Clone)]
pub(crate) struct OnDemand {
    key: PublicKey,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    uses: AtomicU32,
    prepared: OnceLock<PreparedKey>,
}

impl OnDemand {
    pub(crate) fn new(key: PublicKey) -> Self {
        Self { key, shared: Arc::default() }
    }

    /// Prepares the key now, if it is not.
    pub(crate) fn prepare(&self) {
        self.shared.prepared.get_or_init(|| self.key.prepare());
    }

    /// Whether this key made this signature of this digest, with either `s`.
    pub(crate) fn fits(&self, digest: &Digest, signature: &Signature) -> bool {
        if let Some(prepared) = self.shared.prepared.get() {
            return prepared.fits(digest, signature);
        }
        // Relaxed is enough: nothing else is read by this number. One thread prepares, and no other waits for it.
        if self.shared.uses.fetch_add(1, Ordering::Relaxed) + 1 == WORTHWHILE {
            self.prepare();
        }
        self.key.fits(digest, signature)
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{OnDemand, WORTHWHILE};
    use crate::{Digest, PrivateKey};

    #[test]
    fn a_key_is_prepared_when_it_is_worthwhile_and_clones_share_it() {
        let private = PrivateKey::generate().unwrap();
        let digest = Digest::of("text");
        let signature = private.sign(&digest);
        let key = OnDemand::new(private.public_key());
        let clone = key.clone();
        for _ in 1..WORTHWHILE {
            assert!(key.fits(&digest, &signature));
            assert!(key.shared.prepared.get().is_none());
        }
        assert!(clone.fits(&digest, &signature));
        assert!(key.shared.prepared.get().is_some());
        assert!(key.fits(&digest, &signature) && !key.fits(&Digest::of("other"), &signature));
    }

    #[test]
    fn a_key_is_prepared_at_once_on_request() {
        let key = OnDemand::new(PrivateKey::generate().unwrap().public_key());
        key.prepare();
        assert!(key.clone().shared.prepared.get().is_some());
    }
}
