//! The merchant API: who may call, and which call responds. Knows no HTTP library.

pub(crate) mod call;
mod create;
pub(crate) mod deposit_response;
mod query;
mod trx_id;

use crate::event::EventKind;
use crate::explain::{Explained, Refused};
use crate::faults::CallFaults;
use crate::keys::{ApiKey, Keys};
use crate::merchant::MerchantStatus;
use crate::plan;
use crate::sandbox::Shared;
use call::{Call, Caller, Refusal};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use tarspay_sign::{
    API_KEY_HEADER, API_NONCE_HEADER, API_SIGNATURE_HEADER, Nonce, Parameters, PublicKey, RequestToSign,
    Signature, SignaturePolicy,
};
use tarspay_types::market::bangladesh::SubmissionRequest;
use tarspay_types::{ErrorCode, MerchantNo, MerchantOrderNo};

/// How far a nonce may be from the clock, in milliseconds. The gateway's window is not documented.
const NONCE_WINDOW_MILLIS: u64 = 5 * 60 * 1000;

/// The longest path that the event log repeats, in characters.
const LOGGED_PATH: usize = 200;

/// The longest text of a refused signature, in characters: as much as our client keeps of it.
const REFUSAL: usize = 256;

/// The least of a part of it that says something.
const LEAST_PART: usize = 40;

/// The response to a call.
pub(crate) struct Response {
    /// The JSON of an envelope.
    pub(crate) json: Vec<u8>,
    /// The names of the mistakes behind a signature that was refused.
    pub(crate) explained: Option<String>,
    /// The faults of a scenario that apply to this response.
    pub(crate) faults: CallFaults,
    /// The number of its event.
    pub(crate) number: u64,
    /// What was signed instead of what had to be.
    pub(crate) signed_text: Option<Vec<u8>>,
}

/// Why a caller is not let in.
enum Denied {
    /// The signature is malformed, or does not fit. With the key that it was checked with.
    Signature(Box<PublicKey>, Refusal),
    /// Anything else.
    Otherwise(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Otherwise(refusal)
    }
}

impl Shared {
    /// Handles a call, and writes it to the event log.
    pub(crate) async fn handle(&self, call: &Call<'_>) -> Response {
        let caller = self.authenticate(call);
        let merchant_no = caller.as_ref().ok().cloned();
        let mut explained = None;
        let result = match caller {
            Ok(merchant_no) => respond(&Caller { shared: self, merchant_no, call }).await,
            Err(Denied::Otherwise(refusal)) => Err(refusal),
            Err(Denied::Signature(key, refusal)) => {
                explained = self.explain(call, *key).await;
                let message = self.about_signature(call, &refusal.message, explained.as_ref());
                Err(Refusal { message, ..refusal })
            }
        };
        let (json, code, message) = match result {
            Ok(json) => (json, ErrorCode::SUCCESS, "SUCCESS".to_owned()),
            Err(refusal) => (refusal.to_json(), refusal.code, refusal.message),
        };
        let faults = match (&merchant_no, &call.order_no) {
            (Some(merchant_no), Some(number)) => self.planned_faults(merchant_no, number, call.path).await,
            _ => CallFaults::default(),
        };
        let (explanation, signed_text) =
            explained.map_or((None, None), |explained| (Some(explained.event), explained.signed_text));
        let explained = explanation.as_ref().map(|explanation| explanation.names.clone());
        let number = self.report(EventKind::Called {
            path: call.path.chars().take(LOGGED_PATH).collect(),
            warning: call.content_type_warning().filter(|_| merchant_no.is_some()),
            merchant_no,
            merchant_order_no: call.order_no.clone(),
            code,
            message,
            explanation,
        });
        Response { json, explained, faults, number, signed_text }
    }

    /// The text of a refused signature: the likely mistake and what to do, and where both texts are shown. Of the string
    /// to sign it has only the length and the beginning of a hash, since the text has the values of the body.
    fn about_signature(&self, call: &Call<'_>, reason: &str, explained: Option<&Explained>) -> String {
        let look = format!("; see {}/calls", self.base_url);
        let found = explained.and_then(|explained| explained.mistake.as_ref());
        let found = found.map(|mistake| format!("sign error: {mistake}"));
        let room = REFUSAL - look.len().min(REFUSAL);
        let mut text: String = found.as_deref().unwrap_or(reason).chars().take(room).collect();
        let mut room = room - text.chars().count();
        let compare = right_of(call).map(|right| {
            let digest = right.digest().to_string();
            format!("; to compare: {} bytes, digest {}", right.string_to_sign().len(), &digest[..8])
        });
        let more = explained.into_iter().flat_map(|explained| &explained.more);
        let mut parts: Vec<_> = more.map(String::as_str).collect();
        // What to do about a known mistake matters more than what there is to compare.
        let at = usize::from(found.is_some()).min(parts.len());
        parts.splice(at..at, compare.as_deref());
        for part in parts {
            // What has no room is on the page.
            let length = part.chars().count();
            if length <= room {
                text.push_str(part);
                room -= length;
            } else if room > LEAST_PART && Some(part) != compare.as_deref() {
                text.extend(part.chars().take(room - 1).chain(['…']));
                room = 0;
            }
        }
        text.push_str(&look);
        let other = ", or run `tarspay explain request`";
        if other.len() <= room { text + other } else { text }
    }

    /// The faults of a scenario that apply to a call after it has had its effect.
    async fn planned_faults(
        &self,
        merchant_no: &MerchantNo,
        number: &MerchantOrderNo,
        path: &str,
    ) -> CallFaults {
        let mut faults = CallFaults::default();
        if !self.has_plans.load(Ordering::Relaxed) {
            return faults;
        }
        let (merchant_no, number, path) = (merchant_no.clone(), number.clone(), path.to_owned());
        let applying = self.store.call(move |tx| plan::call_faults(tx, &merchant_no, &number, &path)).await;
        match applying {
            Ok(applying) => {
                for waiting in &applying {
                    faults.add(&waiting.fault.fault);
                }
            }
            Err(error) => {
                let message = format!("the faults of a scenario cannot be read: {error}");
                self.report(EventKind::Failed { message });
            }
        }
        faults
    }

    /// Looks for the mistake behind a signature that is refused, whatever comes of it.
    async fn explain(&self, call: &Call<'_>, key: PublicKey) -> Option<Explained> {
        if !self.explainer.is_on() {
            return None;
        }
        let header = |name| call.header(name).unwrap_or_default().to_owned();
        let here = self.base_url.trim_start_matches("http://");
        let hosts = [header("host"), here.to_owned()];
        let refused = Refused {
            key,
            target: call.query.map_or_else(|| call.path.to_owned(), |query| format!("{}?{query}", call.path)),
            nonce: header(API_NONCE_HEADER),
            signature: header(API_SIGNATURE_HEADER),
            hosts: hosts.into_iter().filter(|host| !host.is_empty()).collect(),
            body: call.body.to_vec(),
        };
        self.explainer.explain(refused).await
    }

    /// Checks key, signature, what the key may do, and nonce, in this order: a nonce is used up, and the state of a key
    /// shown, only to the owner of the key.
    fn authenticate(&self, call: &Call<'_>) -> Result<MerchantNo, Denied> {
        let key = call.required(API_KEY_HEADER)?;
        let nonce = call.required(API_NONCE_HEADER)?;
        let signature = call.required(API_SIGNATURE_HEADER)?;

        let api_key = self.keys.find(key).ok_or_else(|| {
            // Only now is it worth saying what is wrong with the text.
            let reason = PublicKey::from_hex(key).err().map_or_else(
                || "register the public key with its merchant first".to_owned(),
                |error| error.to_string(),
            );
            unknown_key(reason)
        })?;

        let nonce: Nonce = nonce.parse().map_err(Refusal::signature)?;
        check_signature(&self.keys, call, &api_key.key, nonce, signature)
            .map_err(|error| Denied::Signature(Box::new(api_key.key), Refusal::signature(error)))?;

        self.check_key(&api_key, call.peer)?;
        self.check_nonce(&api_key.key, nonce)?;
        Ok(api_key.owner)
    }

    fn check_key(&self, key: &ApiKey, peer: IpAddr) -> Result<(), Refusal> {
        match key.owner_status {
            MerchantStatus::Active => {}
            MerchantStatus::Disabled => {
                return Err(Refusal::new(ErrorCode::MERCHANT_DISABLED, "merchant disabled"));
            }
            MerchantStatus::NotAuthenticated => {
                return Err(Refusal::new(
                    ErrorCode::MERCHANT_NOT_AUTHENTICATED,
                    "merchant not authenticated",
                ));
            }
        }
        if key.disabled {
            return Err(unknown_key("the key is disabled"));
        }
        if let Some(bound) = key.bound_ip {
            if bound == peer {
                return Ok(());
            }
            return Err(Refusal::new(
                ErrorCode::IP_ERROR,
                format!("IP error: the key is bound to {bound}, the call came from {peer}"),
            ));
        }
        if key.expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(Refusal::new(
                ErrorCode::API_KEY_EXPIRED,
                "API key expired: bind an address to it, or register a new one",
            ));
        }
        Ok(())
    }

    /// A rule of the sandbox: current, and never used before. The gateway's own rule is not documented.
    ///
    /// Current by the clock that the sandbox was given: no caller can follow one that is put forward or stands still.
    fn check_nonce(&self, key: &PublicKey, nonce: Nonce) -> Result<(), Refusal> {
        let now = self.clock.base_now();
        if nonce.unix_millis().abs_diff(now) > NONCE_WINDOW_MILLIS {
            return Err(Refusal::signature(format!(
                "the nonce {nonce} is more than five minutes from {now}; a nonce is the current time in milliseconds"
            )));
        }
        let oldest = Nonce::from_unix_millis(now.saturating_sub(NONCE_WINDOW_MILLIS));
        if !self.keys.use_nonce(key, nonce, oldest) {
            return Err(Refusal::signature(format!(
                "the nonce {nonce} was used before; take a new one for every attempt"
            )));
        }
        Ok(())
    }
}

fn check_signature(
    keys: &Keys,
    call: &Call<'_>,
    key: &PublicKey,
    nonce: Nonce,
    signature: &str,
) -> Result<(), tarspay_sign::Error> {
    let signature = Signature::from_hex(signature)?;
    let request = right(call, nonce)?;
    match keys.prepared(key) {
        Some(key) => key.verify(&request.digest(), &signature, SignaturePolicy::AcceptHighS),
        None => request.verify(key, &signature, SignaturePolicy::AcceptHighS),
    }
}

/// What the caller must have signed, if there is such a text.
fn right_of(call: &Call<'_>) -> Option<RequestToSign> {
    right(call, call.header(API_NONCE_HEADER)?.parse().ok()?).ok()
}

impl Call<'_> {
    /// The text that the caller must have signed.
    pub(crate) fn string_to_sign(&self) -> Option<String> {
        right_of(self).map(|right| right.string_to_sign().to_owned())
    }
}

/// The same with this nonce.
fn right(call: &Call<'_>, nonce: Nonce) -> Result<RequestToSign, tarspay_sign::Error> {
    // Members may be read more leniently than a body may be signed.
    let is_strict = std::str::from_utf8(call.body).is_ok_and(|body| !body.starts_with('\u{feff}'));
    let parameters = match &call.members {
        _ if call.body.is_empty() => Parameters::none(),
        Ok(members) if is_strict => Parameters::from_members(members.iter())?,
        // Only now is it worth saying what is wrong with it.
        _ => Parameters::from_json(call.body)?,
    };
    RequestToSign::new(call.path, nonce, parameters)
}

fn unknown_key(reason: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::API_KEY_UNKNOWN, format!("merchant or API key unknown: {reason}"))
}

/// The JSON of the response's envelope.
async fn respond(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    match caller.call.path {
        "/api/pay/unifiedOrder" => create::deposit(caller).await,
        "/api/payInInfo" => query::deposit(caller).await,
        "/api/payOut/unifiedOrder" => create::withdrawal(caller).await,
        "/api/payOutInfo" => query::withdrawal(caller).await,
        "/api/payOutProof" => query::certificate(caller).await,
        "/api/balanceInfo" => query::balance(caller).await,
        "/api/orderInfo/trxId" => trx_id::brazil(caller).await,
        "/api/utrQuery" => query::utr(caller).await,
        "/api/trxQuery" => trx_id::bangladesh(caller).await,
        "/api/trxSupplement" => trx_id::reprocess(caller).await,
        path => match SubmissionRequest::from_path(path) {
            Some(submit) => trx_id::submit(caller, submit).await,
            None => Err(Refusal::new(ErrorCode::SYSTEM_ERROR, format!("the sandbox has no call at {path}"))),
        },
    }
}
