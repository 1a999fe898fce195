//! Looks up names, and keeps `localhost` local.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
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
    pub(super) look_up: LookUp,
    /// For plain HTTP: refuses a name that leads to any address outside this machine, whatever the
    /// hosts file or the name server says about `localhost`.
    pub(super) loopback_only: bool,
    pub(super) progress: Arc<Progress>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NoAddress>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { look_up, loopback_only, progress } = self.clone();
        Box::pin(async move {
            progress.connecting(Phase::Resolve);
            let found = look_up(name).await.map_err(NoAddress::Failed)?;
            let addresses = allowed(found, loopback_only)?;
            progress.connecting(Phase::Connect);
            Ok(addresses.into_iter())
        })
    }
}

fn allowed(addresses: Vec<SocketAddr>, loopback_only: bool) -> Result<Vec<SocketAddr>, NoAddress> {
    let leaves = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
    if addresses.is_empty() {
        return Err(NoAddress::None);
    }
    if loopback_only && addresses.iter().any(leaves) {
        return Err(NoAddress::Leaves);
    }
    Ok(addresses)
}

/// Why a name leads to no address that may be used.
#[derive(Debug)]
pub(super) enum NoAddress {
    Failed(io::Error),
    None,
    Leaves,
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed(_) => "the name cannot be looked up",
            Self::None => "the name has no address",
            Self::Leaves => "the name leads to other machines, and plain HTTP stays on this one",
        })
    }
}

impl std::error::Error for NoAddress {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

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
