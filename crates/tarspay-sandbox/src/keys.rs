//! API keys and used nonces in memory, for every call.

use crate::clock::system_time;
use crate::error::lock;
use crate::merchant::{MerchantStatus, RegisteredKey};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Mutex;
use tarspay_sign::{Nonce, PreparedKey, PublicKey};
use tarspay_types::MerchantNo;

#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) key: PublicKey,
    pub(crate) owner: MerchantNo,
    pub(crate) owner_status: MerchantStatus,
    pub(crate) bound_ip: Option<IpAddr>,
    /// Unix milliseconds of the sandbox's clock.
    pub(crate) expires_at: Option<u64>,
    pub(crate) disabled: bool,
}

/// The keys of the store, mirrored in memory: every call asks for one.
pub(crate) struct Keys(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By their text in lower case: reading a point of the curve for every call would cost more than finding it.
    keys: HashMap<String, ApiKey>,
    used_nonces: HashMap<String, BTreeSet<Nonce>>,
    /// How often each key was used, until it is prepared.
    uses: HashMap<PublicKey, u32>,
    prepared: HashMap<PublicKey, PreparedKey>,
}

/// From this use on it pays to prepare a key.
const OFTEN: u32 = 64;

/// The most keys that are prepared, at 320 KiB each.
const MOST_PREPARED: usize = 64;

impl ApiKey {
    /// A key without restrictions.
    pub(crate) fn new(key: PublicKey, owner: MerchantNo) -> Self {
        let owner_status = MerchantStatus::Active;
        Self { key, owner, owner_status, bound_ip: None, expires_at: None, disabled: false }
    }
}

impl Keys {
    pub(crate) fn new(keys: Vec<ApiKey>) -> Self {
        let keys = keys.into_iter().map(|key| (key.key.to_string(), key)).collect();
        Self(Mutex::new(Known { keys, ..Known::default() }))
    }

    pub(crate) fn find(&self, text: &str) -> Option<ApiKey> {
        lock(&self.0).keys.get(&text.to_ascii_lowercase()).cloned()
    }

    /// Counts a use of a key, and gives it prepared if it is used often.
    pub(crate) fn prepared(&self, key: &PublicKey) -> Option<PreparedKey> {
        {
            let mut known = lock(&self.0);
            if let Some(prepared) = known.prepared.get(key) {
                return Some(prepared.clone());
            }
            if known.prepared.len() >= MOST_PREPARED {
                return None;
            }
            let uses = known.uses.entry(*key).or_default();
            *uses += 1;
            if *uses < OFTEN {
                return None;
            }
        }
        // It takes milliseconds, without the lock; another call at the same time may prepare it too.
        let prepared = key.prepare();
        let mut known = lock(&self.0);
        known.uses.remove(key);
        known.prepared.insert(*key, prepared.clone());
        Some(prepared)
    }

    /// Some keys with their owners: all of them, unless there are more than `most`.
    pub(crate) fn some(&self, most: usize) -> Vec<(PublicKey, MerchantNo)> {
        lock(&self.0).keys.values().take(most).map(|key| (key.key, key.owner.clone())).collect()
    }

    /// The keys of a merchant, by their text.
    pub(crate) fn of(&self, owner: &MerchantNo) -> Vec<RegisteredKey> {
        let known = lock(&self.0);
        let own = known.keys.values().filter(|key| key.owner == *owner);
        let mut keys: Vec<_> = own
            .map(|key| RegisteredKey {
                public_key: key.key,
                bound_ip: key.bound_ip,
                expires_at: key.expires_at.map(system_time),
                disabled: key.disabled,
            })
            .collect();
        keys.sort_by_cached_key(|key| key.public_key.to_string());
        keys
    }

    /// Sets a key. It keeps its used nonces, also with another owner.
    pub(crate) fn set(&self, key: ApiKey) {
        lock(&self.0).keys.insert(key.key.to_string(), key);
    }

    /// Forgets all keys but this one. Used nonces stay used.
    pub(crate) fn reset(&self, only: ApiKey) {
        let mut known = lock(&self.0);
        known.uses.retain(|key, _| *key == only.key);
        known.prepared.retain(|key, _| *key == only.key);
        known.keys = HashMap::from([(only.key.to_string(), only)]);
    }

    pub(crate) fn set_status(&self, owner: &MerchantNo, status: MerchantStatus) {
        for key in lock(&self.0).keys.values_mut().filter(|key| key.owner == *owner) {
            key.owner_status = status;
        }
    }

    /// Notes that a nonce was used; `false` if it had been used before. Forgets those before `oldest`, which are
    /// refused by their age.
    pub(crate) fn use_nonce(&self, key: &PublicKey, nonce: Nonce, oldest: Nonce) -> bool {
        let mut known = lock(&self.0);
        let used = known.used_nonces.entry(key.to_string()).or_default();
        while used.first().is_some_and(|&first| first < oldest) {
            used.pop_first();
        }
        used.insert(nonce)
    }
}
