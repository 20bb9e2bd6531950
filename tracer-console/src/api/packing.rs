//! How a body is packed, told from how it begins, and what it holds. Headers are not asked: senders announce gzip over plain bodies.

use std::io::{self, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::error::ApiError;

/// A frame of zstd may want so much memory to be unpacked, as RFC 9659 has it for HTTP: 8 MiB.
const LARGEST_WINDOW_LOG: u32 = 23;

/// By the names that they have in HTTP and gRPC.
pub(super) const NAMES: [&str; 5] = ["gzip", "x-gzip", "deflate", "zstd", "identity"];

/// The ways to pack that have a beginning which neither JSON nor OTLP's protobuf has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    /// What HTTP calls deflate.
    Zlib,
    Zstd,
}

impl Packing {
    /// That of a body; `None` for one that is not packed.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        match body {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // The second byte makes it a multiple of 31.
            [first @ 0x78, second, ..] if u16::from_be_bytes([*first, *second]) % 31 == 0 => Some(Self::Zlib),
            _ => None,
        }
    }

    /// What a body holds; `None` where that is more than `most` bytes.
    pub(super) fn unpack(self, body: &[u8], most: usize) -> Result<Option<Vec<u8>>, ApiError> {
        let mut unpacked = Vec::new();
        let mut read = |reader: &mut dyn Read| Read::take(reader, most as u64 + 1).read_to_end(&mut unpacked);
        let read = match self {
            Self::Gzip => read(&mut MultiGzDecoder::new(body)),
            Self::Zlib => read(&mut ZlibDecoder::new(body)),
            Self::Zstd => zstd(body).and_then(|mut reader| read(&mut reader)),
        };
        read.map_err(|error| ApiError::invalid(format!("the body is not valid {self}: {error}")))?;
        Ok((unpacked.len() <= most).then_some(unpacked))
    }
}

fn zstd(body: &[u8]) -> io::Result<impl Read> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(body)?;
    reader.window_log_max(LARGEST_WINDOW_LOG)?;
    Ok(reader)
}

impl std::fmt::Display for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zlib => "deflate",
            Self::Zstd => "zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn packed(packing: Packing, bytes: &[u8], level: u32) -> Vec<u8> {
        let level_of_flate = Compression::new(level);
        match packing {
            Packing::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level_of_flate);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Packing::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level_of_flate);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Packing::Zstd => zstd::encode_all(bytes, level.cast_signed()).unwrap(),
        }
    }

    #[test]
    fn every_packing_is_known_by_its_beginning_and_unpacked_as_far_as_is_wanted() {
        let bytes = b"{\"a\":1}".repeat(1_000);
        for packing in [Packing::Gzip, Packing::Zlib, Packing::Zstd] {
            for level in [0, 1, 6, 9] {
                let packed = packed(packing, &bytes, level);
                assert_eq!(Packing::of(&packed), Some(packing));
                assert_eq!(packing.unpack(&packed, bytes.len()).unwrap().as_ref(), Some(&bytes));
                assert_eq!(packing.unpack(&packed, bytes.len() - 1).unwrap(), None);
                let cut = packing.unpack(&packed[..packed.len() / 2], bytes.len()).unwrap_err();
                assert!(cut.message.contains(&format!("not valid {packing}")), "{cut}");
            }
        }
        for plain in ["", "{}", "x", "(x)", "x_"] {
            assert_eq!(Packing::of(plain.as_bytes()), None, "{plain}");
        }
    }

    #[test]
    fn a_frame_that_wants_much_memory_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(b"{}").unwrap();
        let greedy = encoder.finish().unwrap();
        assert!(Packing::Zstd.unpack(&greedy, 1_000).unwrap_err().message.contains("not valid zstd"));
    }
}
