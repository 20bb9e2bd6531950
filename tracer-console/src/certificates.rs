//! Certificates that are trusted, and what helps where one is not.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// What to do about an error, where it is one over a certificate; `variable` names the file of those that are trusted.
pub(crate) fn remedy(error: &(dyn Error + 'static), variable: &str) -> Option<String> {
    let remedy = match refused(error)? {
        // The latter where one of the same name is.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            return Some(format!(
                "its issuer is not trusted here: if it ought to be, name the file of the issuer's certificate in {variable}, \
                 instead of the system's"
            ));
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name: write the address with that, or is somebody else answering?"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired, or the clock here is wrong"
        }
        _ => "the certificate is not as it ought to be",
    };
    Some(remedy.to_owned())
}

/// Some errors have those within that they do not tell as their source.
fn refused<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CertificateError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
            return Some(why);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => Some(within),
            None => error.source(),
        };
    }
    None
}
