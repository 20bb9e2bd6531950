//! The bytes of a body: compressed or not, whatever its headers say.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::error::{ApiError, ErrorKind};

/// Larger bodies are refused, compressed or not: 50 documents of 64 KB are 3 MB, and escaped within JSON they may be twice that.
pub(super) const LARGEST: usize = 16 << 20;

/// How every gzip stream begins, and no JSON does. Headers are not asked: senders announce gzip over plain bodies.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The JSON of a body.
pub(super) fn unpack(body: &[u8]) -> Result<Cow<'_, [u8]>, ApiError> {
    if !body.starts_with(&GZIP) {
        return Ok(Cow::Borrowed(body));
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(LARGEST as u64 + 1);
    reader
        .read_to_end(&mut unpacked)
        .map_err(|error| ApiError::invalid(format!("the body is not valid gzip: {error}")))?;
    if unpacked.len() > LARGEST {
        return Err(too_large());
    }
    Ok(Cow::Owned(unpacked))
}

pub(super) fn too_large() -> ApiError {
    let message = format!("the body is larger than {LARGEST} bytes; send fewer documents at once");
    ApiError::new(ErrorKind::RequestEntityTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_compressed_bodies_are_read() {
        assert_eq!(&*unpack(b"{}").unwrap(), b"{}");
        assert_eq!(&*unpack(&packed(b"{\"a\":1}")).unwrap(), b"{\"a\":1}");
    }

    #[test]
    fn what_only_begins_like_gzip_is_refused() {
        let whole = packed(b"{\"TraceSegmentDocuments\":[]}");
        assert!(unpack(&whole[..whole.len() - 3]).unwrap_err().message.contains("not valid gzip"));
        assert!(unpack(&GZIP).is_err());
    }

    #[test]
    fn a_small_body_that_unpacks_to_a_huge_one_is_refused() {
        let bomb = packed(&vec![b' '; LARGEST + 1]);
        assert!(bomb.len() < LARGEST / 50);
        assert_eq!(unpack(&bomb).unwrap_err().kind, ErrorKind::RequestEntityTooLarge);
        assert_eq!(unpack(&packed(&vec![b' '; LARGEST])).unwrap().len(), LARGEST);
    }
}
