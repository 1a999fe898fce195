//! Certificates and servers that use them, made on the spot.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};

pub(crate) const BOTH_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Identity {
    /// For host names or addresses, and its own authority.
    pub(crate) fn of(names: &[&str]) -> Self {
        Self::self_signed(&params(names))
    }

    /// An authority; every one has the same name.
    pub(crate) fn authority() -> Self {
        Self::self_signed(&authority())
    }

    /// For host names or addresses, issued by an [`authority`](Self::authority).
    pub(crate) fn issued(by: &Self, names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names).signed_by(&key, &Issuer::new(authority(), &by.key)).unwrap();
        Self { certificate: certificate.der().clone(), key }
    }

    fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), key }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.to_vec()
    }

    pub(crate) fn server(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap()
    }
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn authority() -> CertificateParams {
    let mut params = params(&[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
