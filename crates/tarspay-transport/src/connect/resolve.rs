//! Looks up names, and keeps `localhost` local.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::error::Phase;
use crate::progress::Progress;

/// Finds the addresses of a name. The tests of this crate have their own.
pub(crate) type LookUp = Arc<dyn Fn(Name) -> Found + Send + Sync>;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The operating system's, on a thread for blocking work.
pub(crate) fn system() -> LookUp {
    Arc::new(|name| Box::pin(async move { Ok(GaiResolver::new().call(name).await?.collect()) }))
}

/// The resolver for one connection attempt.
#[derive(Clone)]
pub(super) struct Resolver {
    look_up: LookUp,
    progress: Arc<Progress>,
    loopback_only: bool,
    failed: Failed,
}

/// Whether it was the lookup that failed: the TCP connector returns one type for both of its steps.
#[derive(Clone, Default)]
pub(super) struct Failed(Arc<AtomicBool>);

impl Failed {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Resolver {
    /// `loopback_only`, which is for plain HTTP, refuses a name that leads to any address outside this
    /// machine, whatever the hosts file or the name server says about `localhost`.
    pub(super) fn new(look_up: LookUp, loopback_only: bool, progress: Arc<Progress>) -> Self {
        Self { look_up, progress, loopback_only, failed: Failed::default() }
    }

    pub(super) fn failed(&self) -> Failed {
        self.failed.clone()
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { look_up, progress, loopback_only, failed } = self.clone();
        Box::pin(async move {
            progress.connecting(Phase::Resolve);
            // Until proven otherwise.
            failed.0.store(true, Ordering::Relaxed);
            let addresses = allowed(look_up(name).await?, loopback_only)?;
            failed.0.store(false, Ordering::Relaxed);
            progress.connecting(Phase::Connect);
            Ok(addresses.into_iter())
        })
    }
}

fn allowed(addresses: Vec<SocketAddr>, loopback_only: bool) -> Result<Vec<SocketAddr>, io::Error> {
    let leaves = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
    let leaves = loopback_only && addresses.iter().any(leaves);
    if addresses.is_empty() || leaves {
        return Err(io::Error::new(io::ErrorKind::NotFound, NoAddress { leaves }));
    }
    Ok(addresses)
}

/// The name exists, but leads nowhere, or to other machines.
#[derive(Debug)]
struct NoAddress {
    leaves: bool,
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.leaves {
            "the name leads to other machines, and plain HTTP stays on this one"
        } else {
            "the name has no address"
        })
    }
}

impl std::error::Error for NoAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn plain_http_wants_every_address_on_this_machine() {
        let here = addresses(&["127.0.0.1:0", "[::1]:0", "127.8.9.1:0", "[::ffff:127.0.0.1]:0"]);
        assert_eq!(allowed(here.clone(), true).unwrap(), here);
        for elsewhere in ["192.0.2.1:0", "[2001:db8::1]:0", "[::ffff:192.0.2.1]:0", "0.0.0.0:0"] {
            let found = [here.clone(), addresses(&[elsewhere])].concat();
            let error = allowed(found.clone(), true).unwrap_err();
            assert!(error.to_string().contains("stays on this one"), "{elsewhere}: {error}");
            assert_eq!(allowed(found.clone(), false).unwrap(), found);
        }
        for loopback_only in [false, true] {
            let error = allowed(Vec::new(), loopback_only).unwrap_err();
            assert!(error.to_string().contains("no address"), "{error}");
        }
    }
}
