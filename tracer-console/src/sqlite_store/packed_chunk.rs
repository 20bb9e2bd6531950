//! How a chunk of texts is in the file: compressed where that takes much less, as what is asked reads many of them.

use zstd::bulk::{Compressor, Decompressor};

/// The first byte says how the others are.
const PLAIN: u8 = 0;
const PACKED: u8 = 1;
/// Level 1 takes less than 10 µs for a page.
const LEVEL: i32 = 1;
/// A smaller one shares its page with others as it is.
const LITTLE: usize = 512;
/// A compressed one takes at most such a part. Short texts become a third, and to ask for one of them would take three times as
/// much of the processor as it does; long ones that repeat themselves become an eighteenth.
const PART: usize = 8;
/// No chunk is larger, whatever a damaged file says.
const LARGEST: usize = 128 << 20;

/// Compresses the chunks of a transaction.
#[derive(Default)]
pub(super) struct ChunkPacker(Option<Compressor<'static>>);

impl ChunkPacker {
    pub(super) fn pack(&mut self, rows: &[u8]) -> Vec<u8> {
        let packed = (LITTLE..=LARGEST).contains(&rows.len()).then(|| self.compress(rows)).flatten();
        let (how, bytes) = match &packed {
            Some(packed) if packed.len() <= rows.len() / PART => (PACKED, &packed[..]),
            _ => (PLAIN, rows),
        };
        [&[how], bytes].concat()
    }

    fn compress(&mut self, rows: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_none() {
            self.0 = Compressor::new(LEVEL).ok();
        }
        self.0.as_mut()?.compress(rows).ok()
    }
}

/// Decompresses for one question after the other.
#[derive(Default)]
pub(super) struct ChunkUnpacker {
    decompressor: Option<Decompressor<'static>>,
    rows: Vec<u8>,
}

impl ChunkUnpacker {
    /// The rows of a chunk; none where it is damaged.
    pub(super) fn unpack<'c>(&'c mut self, chunk: &'c [u8]) -> &'c [u8] {
        match chunk.split_first() {
            Some((&PLAIN, rows)) => rows,
            Some((&PACKED, packed)) => self.decompress(packed).unwrap_or_default(),
            _ => &[],
        }
    }

    fn decompress(&mut self, packed: &[u8]) -> Option<&[u8]> {
        let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
        if self.decompressor.is_none() {
            self.decompressor = Decompressor::new().ok();
        }
        self.rows.clear();
        self.rows.reserve(size);
        self.decompressor.as_mut()?.decompress_to_buffer(packed, &mut self.rows).ok()?;
        Some(&self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_read_again_one_after_the_other() {
        let (mut packer, mut unpacker) = (ChunkPacker::default(), ChunkUnpacker::default());
        let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(5_000).collect();
        for rows in [&b""[..], b"a", &[7; 4_000], &random, &[8; 100_000], &[9; 600]] {
            let packed = packer.pack(rows);
            assert_eq!(unpacker.unpack(&packed), rows);
            assert!(packed.len() <= rows.len() + 1);
            if rows.len() >= LITTLE && rows != random {
                assert!(packed.len() < 100, "{} bytes of {}", packed.len(), rows.len());
            }
        }
    }

    #[test]
    fn a_damaged_chunk_has_no_rows() {
        let mut unpacker = ChunkUnpacker::default();
        let mut damaged = ChunkPacker::default().pack(&[7; 4_000]);
        damaged.truncate(12);
        for damaged in [
            &damaged[..],
            b"",
            &[PACKED],
            b"\x01nonsense",
            b"\x07",
            &[1, 0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(unpacker.unpack(damaged), b"");
        }
    }
}
