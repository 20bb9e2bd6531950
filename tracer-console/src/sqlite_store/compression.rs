//! Documents compressed with a dictionary that is trained from the first ones: they resemble each other more than themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};
use zstd::bulk::{Compressor, Decompressor};

use super::error::SqliteError;

/// Level 3 compresses documents as fast as they can be written (measured).
const LEVEL: i32 = 3;
/// How many documents a dictionary is trained from, and how large it may be in bytes.
const SAMPLES: usize = 1_000;
const DICTIONARY_BYTES: usize = 32 << 10;
/// No document is larger, whatever a damaged file says.
const LARGEST_DOCUMENT: usize = 64 << 20;

/// Which dictionary a document is compressed with; 0 is none.
pub(super) type DictionaryId = i64;

/// What compresses on each thread that has documents: with the latest dictionary that is in the file to stay.
#[derive(Default)]
pub(super) struct Packing(Mutex<Latest>);

#[derive(Default)]
struct Latest {
    dictionary: DictionaryId,
    bytes: Arc<[u8]>,
    /// Those that nobody uses just now: each has tables of its own, which take longer to make than a document.
    idle: Vec<Packer>,
}

/// After a rush only so many are kept.
const MOST_IDLE: usize = 8;

impl Packing {
    /// With the latest dictionary of the database.
    pub(super) fn new(connection: &Connection) -> Result<Self, SqliteError> {
        let latest = "SELECT dictionary, bytes FROM dictionaries ORDER BY dictionary DESC LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
        let (dictionary, bytes) = connection.query_row(latest, [], read).optional()?.unwrap_or_default();
        Ok(Self(Mutex::new(Latest { dictionary, bytes: bytes.into(), idle: Vec::new() })))
    }

    pub(super) fn dictionary(&self) -> DictionaryId {
        self.lock().dictionary
    }

    /// From now on.
    fn change(&self, Dictionary { dictionary, bytes }: Dictionary) {
        *self.lock() = Latest { dictionary, bytes: bytes.into(), idle: Vec::new() };
    }

    /// Compresses with a packer that nobody else uses meanwhile.
    pub(super) fn pack<T>(&self, pack: impl FnOnce(&mut Packer) -> T) -> T {
        let mut latest = self.lock();
        let (dictionary, bytes) = (latest.dictionary, Arc::clone(&latest.bytes));
        let idle = latest.idle.pop();
        drop(latest);
        let mut packer = idle.unwrap_or_else(|| Packer { dictionary, compressor: compressor(&bytes) });
        let packed = pack(&mut packer);
        let mut latest = self.lock();
        if latest.dictionary == dictionary && latest.idle.len() < MOST_IDLE {
            latest.idle.push(packer);
        }
        packed
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compresses, on one thread; without a dictionary by default.
#[derive(Default)]
pub(super) struct Packer {
    dictionary: DictionaryId,
    compressor: Compressor<'static>,
}

impl Packer {
    pub(super) fn pack(&mut self, text: &str) -> (DictionaryId, Vec<u8>) {
        // Compressing into memory does not fail; if it ever does, the text itself is kept.
        match self.compressor.compress(text.as_bytes()) {
            Ok(packed) => (self.dictionary, packed),
            Err(_) => (PLAIN, text.as_bytes().to_vec()),
        }
    }
}

/// Trains the dictionary for the writer when there are enough samples.
#[derive(Default)]
pub(super) struct Training {
    /// Until there is a dictionary.
    samples: Vec<u8>,
    sizes: Vec<usize>,
}

/// A dictionary that is written; it is used once that is durable.
#[must_use]
pub(super) struct Dictionary {
    dictionary: DictionaryId,
    bytes: Vec<u8>,
}

impl Dictionary {
    /// Is durable.
    pub(super) fn begin(self, packing: &Packing) {
        packing.change(self);
    }
}

impl Training {
    pub(super) fn sample(&mut self, text: &str) {
        if self.sizes.len() < SAMPLES {
            self.samples.extend_from_slice(text.as_bytes());
            self.sizes.push(text.len());
        }
    }

    /// Trains the dictionary once enough documents were seen, inside of the transaction that is open.
    pub(super) fn train(&mut self, connection: &Connection) -> Result<Option<Dictionary>, SqliteError> {
        if self.sizes.len() < SAMPLES {
            return Ok(None);
        }
        // Samples that share nothing give no dictionary: then later ones may.
        let Self { samples, sizes } = std::mem::take(self);
        let Ok(bytes) = zstd::dict::from_continuous(&samples, &sizes, DICTIONARY_BYTES) else {
            return Ok(None);
        };
        connection.execute("INSERT INTO dictionaries (bytes) VALUES (?1)", [&bytes])?;
        Ok(Some(Dictionary { dictionary: connection.last_insert_rowid(), bytes }))
    }
}

/// Kept as it is.
const PLAIN: DictionaryId = -1;

fn compressor(dictionary: &[u8]) -> Compressor<'static> {
    // The level is one that zstd has, and any bytes serve as a dictionary.
    let mut compressor = Compressor::with_dictionary(LEVEL, dictionary).unwrap_or_default();
    // The row says which dictionary it is: four bytes less a document.
    let _ = compressor.include_dictid(false);
    compressor
}

/// Decompresses for a reader, and keeps the dictionaries that it needed.
#[derive(Default)]
pub(super) struct Unpacker {
    decompressors: HashMap<DictionaryId, Decompressor<'static>>,
}

impl Unpacker {
    /// The text of a document; `None` where the file is damaged.
    pub(super) fn unpack(
        &mut self,
        connection: &Connection,
        dictionary: DictionaryId,
        packed: &[u8],
    ) -> Result<Option<String>, SqliteError> {
        if dictionary == PLAIN {
            return Ok(String::from_utf8(packed.to_vec()).ok());
        }
        let decompressor = match self.decompressors.entry(dictionary) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let select = "SELECT bytes FROM dictionaries WHERE dictionary = ?1";
                let bytes: Option<Vec<u8>> =
                    connection.query_row(select, [dictionary], |row| row.get(0)).optional()?;
                let Ok(decompressor) = Decompressor::with_dictionary(&bytes.unwrap_or_default()) else {
                    return Ok(None);
                };
                unknown.insert(decompressor)
            }
        };
        let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
        let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= LARGEST_DOCUMENT);
        let Some(size) = size else { return Ok(None) };
        let text = decompressor.decompress(packed, size).ok();
        Ok(text.and_then(|text| String::from_utf8(text).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite_store::schema::open_writer;

    fn document(number: usize) -> String {
        format!(
            r#"{{"trace_id":"1-6b02e002-{number:024x}","id":"{number:016x}","name":"order_service::order::get_order","start_time":{}.25,"annotations":{{"OrderId":"ORD-{number}"}}}}"#,
            1_700_000_000 + number
        )
    }

    #[test]
    fn what_was_packed_before_and_after_the_training_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("traces.db")).unwrap();
        let (packing, mut training) = (Packing::new(&connection).unwrap(), Training::default());
        let pack = |number| packing.pack(|packer| packer.pack(&document(number)));
        let before: Vec<_> = (0..SAMPLES).map(pack).collect();
        (0..SAMPLES - 1).for_each(|number| training.sample(&document(number)));
        assert!(training.train(&connection).unwrap().is_none(), "not enough");
        training.sample(&document(SAMPLES));
        let trained = training.train(&connection).unwrap().unwrap();
        assert_eq!(pack(SAMPLES).0, 0, "it is not durable yet");
        trained.begin(&packing);
        let (dictionary, packed) = pack(SAMPLES);
        assert_ne!(dictionary, 0, "it is trained");
        assert!(packed.len() * 2 < before[0].1.len(), "{} and {}", packed.len(), before[0].1.len());

        let mut unpacker = Unpacker::default();
        let mut read = |(dictionary, packed): &(DictionaryId, Vec<u8>)| {
            unpacker.unpack(&connection, *dictionary, packed).unwrap().unwrap()
        };
        assert_eq!(read(&before[7]), document(7));
        assert_eq!(read(&(dictionary, packed)), document(SAMPLES));
        // Another process begins with the dictionary of the file.
        assert_eq!(Packing::new(&connection).unwrap().dictionary(), dictionary);
    }

    #[test]
    fn a_damaged_document_is_none_and_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("traces.db")).unwrap();
        let mut unpacker = Unpacker::default();
        for damaged in [b"".as_slice(), b"nonsense", &[0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(unpacker.unpack(&connection, 0, damaged).unwrap(), None);
            assert_eq!(unpacker.unpack(&connection, 7, damaged).unwrap(), None);
        }
    }
}
