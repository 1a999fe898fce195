//! The TLS configuration and its root certificates.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::origin::Origin;

/// Where trust comes from. By default the feature `webpki-roots` decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    pub(crate) added: Vec<CertificateDer<'static>>,
    #[cfg(feature = "platform-verifier")]
    pub(crate) platform: bool,
}

/// Everything a handshake with one server needs.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(origin: &Origin, trust: &Trust) -> Result<Self, Error> {
        let name = ServerName::try_from(origin.host().to_owned()).map_err(|error| {
            Error::configuration("the host of the base URL is neither a host name nor an address")
                .with_source(error)
        })?;
        // The provider is named, not taken from the process: another crate may have installed a
        // different one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| {
                Error::configuration("the TLS library refuses its own defaults").with_source(error)
            })?;

        #[cfg(feature = "platform-verifier")]
        if trust.platform {
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
                trust.added.iter().cloned(),
                provider,
            )
            .map_err(|error| {
                Error::configuration("the platform's certificate verifier cannot be used").with_source(error)
            })?;
            // "Dangerous" is rustls's word for any verifier it did not bring along.
            let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
            return Ok(Self::with(config.with_no_client_auth(), name));
        }

        let config = builder.with_root_certificates(roots(trust)?);
        Ok(Self::with(config.with_no_client_auth(), name))
    }

    fn with(mut config: ClientConfig, name: ServerName<'static>) -> Self {
        // So that a server that prefers HTTP/2 does not speak it.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { connector: TlsConnector::from(Arc::new(config)), name }
    }
}

fn roots(trust: &Trust) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in &trust.added {
        roots.add(certificate.clone()).map_err(|error| {
            Error::configuration("an added root certificate is not a certificate in DER form")
                .with_source(error)
        })?;
    }
    if roots.is_empty() {
        return Err(Error::configuration(
            "no root certificate to trust: turn on the feature `webpki-roots`, or turn on the feature \
             `platform-verifier` and call `Builder::platform_verifier`, or call `Builder::add_root_certificate_der`",
        ));
    }
    Ok(roots)
}
