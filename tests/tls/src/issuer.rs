//! Who says that a server is the one that it is called.

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An issuer of certificates, whom nobody trusts who is not told to.
///
/// ```
/// let issuer = tracer_tests_tls::Issuer::named("an issuer of one's own");
/// assert!(issuer.pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// ```
#[derive(Debug)]
pub struct Issuer {
    certificate: Certificate,
    signs: rcgen::Issuer<'static, KeyPair>,
}

impl Issuer {
    /// A new one of this name, with a key that nobody else has, be it of the same name.
    ///
    /// # Panics
    /// If no key can be made.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, signs: rcgen::Issuer::new(params, key) }
    }

    /// Its own certificate, to be trusted.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for a server of these names, and its key.
    pub(crate) fn issue(&self, names: &[&str]) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).expect("names");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.signs).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        (certificate.der().clone(), key)
    }
}
