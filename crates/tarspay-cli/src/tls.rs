//! A look at a server's TLS, whoever issued its certificate. Nothing is sent over it.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::io;
use std::sync::Arc;
use tarspay::transport::ByteStream;
use tokio_rustls::TlsConnector;

/// Version and issuer, in words. Whether the certificate is trusted is not looked at.
pub(crate) async fn look_at(stream: Box<dyn ByteStream>, host: &str) -> io::Result<String> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        .with_no_client_auth();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "unknown version",
    };
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let issuer = certificate.and_then(|certificate| issuer(certificate)).unwrap_or_default();
    Ok(format!("{version}, certificate issued by {issuer:?}"))
}

/// Accepts any certificate, so that it can be shown.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Organisation and common name of a certificate's issuer (RFC 5280, 4.1).
fn issuer(certificate: &[u8]) -> Option<String> {
    const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    const ORGANISATION: &[u8] = &[0x55, 4, 10];
    let (_, certificate, _) = element(certificate)?;
    let (_, to_be_signed, _) = element(certificate)?;
    // Version 1 leaves the version out.
    let rest = match element(to_be_signed)? {
        (0xa0, _, rest) => rest,
        _ => to_be_signed,
    };
    let (_, _serial_number, rest) = element(rest)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (_, mut names, _) = element(rest)?;
    let mut issuer = Vec::new();
    while !names.is_empty() {
        let (_, set, rest) = element(names)?;
        let (_, attribute, _) = element(set)?;
        let (_, kind, value) = element(attribute)?;
        let (_, value, _) = element(value)?;
        if [COMMON_NAME, ORGANISATION].contains(&kind) {
            issuer.push(String::from_utf8_lossy(value).into_owned());
        }
        names = rest;
    }
    Some(issuer.join(", "))
}

/// The tag and the content of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0x00..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::issuer;

    #[test]
    fn an_issuer_is_read_and_a_certificate_that_is_cut_short_has_none() {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CountryName, "KE");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Example");
        params.distinguished_name.push(rcgen::DnType::CommonName, "Root ".repeat(40));
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let expected = format!("Example, {}", "Root ".repeat(40));
        assert_eq!(issuer(certificate.der()), Some(expected));
        for bytes in 0..certificate.der().len() {
            assert_eq!(issuer(&certificate.der()[..bytes]), None, "{bytes}");
        }
    }
}
