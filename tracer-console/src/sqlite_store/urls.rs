//! Which URLs there are among those of a minute: a few bytes for each that say that one is not there, or that it may be.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// So many are listed by their hashes; of more each sets some bits.
const MOST_LISTED: usize = 1_000;
/// 20,000 URLs set half of them, and one of twenty that are not there may be.
const BITS: usize = 1 << 17;

/// URLs as they are written: sorted hashes of four bytes, or bits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Urls(Vec<u8>);

impl Urls {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn extend(&mut self, hashes: impl Iterator<Item = u32>) {
        if is_bits(&self.0) {
            hashes.for_each(|hash| set(&mut self.0, hash));
            return;
        }
        let mut all: Vec<u32> = listed(&self.0).chain(hashes).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() <= MOST_LISTED {
            self.0 = all.into_iter().flat_map(u32::to_be_bytes).collect();
        } else {
            self.0 = vec![0; BITS / 8];
            all.into_iter().for_each(|hash| set(&mut self.0, hash));
        }
    }
}

/// FNV-1a: files outlive programs, so it must stay the same in all of them.
pub(super) fn hash(url: &str) -> u32 {
    url.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn is_bits(bytes: &[u8]) -> bool {
    bytes.len() == BITS / 8
}

fn listed(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).map(|hash| u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
}

/// The bits that a URL sets.
fn bits(hash: u32) -> [usize; 4] {
    let spread = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [0, 1, 2, 3].map(|at| (spread >> (12 * at)) as usize % BITS)
}

fn set(bytes: &mut [u8], hash: u32) {
    bits(hash).into_iter().for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
}

/// Whether a URL may be among them.
fn holds(bytes: &[u8], hash: u32) -> bool {
    if is_bits(bytes) {
        return bits(hash).into_iter().all(|bit| bytes[bit / 8] & 1 << (bit % 8) != 0);
    }
    // Big-endian bytes are sorted as the numbers are.
    let (hashes, _) = bytes.as_chunks::<4>();
    hashes.binary_search(&hash.to_be_bytes()).is_ok()
}

/// Lets searches ask `holds_url(urls, url)`.
pub(super) fn add_function(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("holds_url", 2, flags, |values| {
        let (ValueRef::Blob(urls), ValueRef::Text(url)) = (values.get_raw(0), values.get_raw(1)) else {
            return Ok(true);
        };
        Ok(std::str::from_utf8(url).map_or(true, |url| holds(urls, hash(url))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_there_is_never_missed_and_others_mostly_are_not_there() {
        let url = |number: usize| format!("https://shop.example/items/{number}");
        let mut urls = Urls::default();
        for hundred in 0..200 {
            urls.extend((hundred * 100..hundred * 100 + 100).map(|number| hash(&url(number))));
            for known in [0, hundred * 50, hundred * 100 + 99] {
                assert!(holds(urls.bytes(), hash(&url(known))), "{known} of {hundred} hundreds");
            }
            let wrong = (900_000..901_000).filter(|number| holds(urls.bytes(), hash(&url(*number)))).count();
            assert!(wrong <= if hundred < 10 { 0 } else { 100 }, "{wrong} of 1000 at {hundred} hundreds");
        }
        assert!(is_bits(urls.bytes()));
        assert!(!holds(b"", hash("x")));
    }

    #[test]
    fn hashes_are_the_same_for_ever() {
        assert_eq!((hash(""), hash("a"), hash("foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
    }
}
