//! Documents compressed with a dictionary that is trained from the first ones: they resemble each other more than themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

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

/// Compresses for the writer, and trains the dictionary when there are enough samples; without a dictionary by default.
#[derive(Default)]
pub(super) struct Packer {
    dictionary: DictionaryId,
    compressor: Compressor<'static>,
    /// Until there is a dictionary.
    samples: Vec<u8>,
    sizes: Vec<usize>,
}

impl Packer {
    /// With the latest dictionary of the database.
    pub(super) fn new(connection: &Connection) -> Result<Self, SqliteError> {
        let latest = "SELECT dictionary, bytes FROM dictionaries ORDER BY dictionary DESC LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
        let (dictionary, bytes) = connection.query_row(latest, [], read).optional()?.unwrap_or_default();
        Ok(Self { dictionary, compressor: compressor(&bytes), samples: Vec::new(), sizes: Vec::new() })
    }

    pub(super) fn pack(&mut self, text: &str) -> (DictionaryId, Vec<u8>) {
        if self.dictionary == 0 && self.sizes.len() < SAMPLES {
            self.samples.extend_from_slice(text.as_bytes());
            self.sizes.push(text.len());
        }
        // Compressing into memory does not fail; if it ever does, the text itself is kept.
        match self.compressor.compress(text.as_bytes()) {
            Ok(packed) => (self.dictionary, packed),
            Err(_) => (PLAIN, text.as_bytes().to_vec()),
        }
    }

    /// Trains the dictionary once enough documents were seen, inside of the transaction that is open.
    pub(super) fn train(&mut self, connection: &Connection) -> Result<(), SqliteError> {
        if self.dictionary != 0 || self.sizes.len() < SAMPLES {
            return Ok(());
        }
        let trained = zstd::dict::from_continuous(&self.samples, &self.sizes, DICTIONARY_BYTES);
        // Samples that share nothing give no dictionary: then later ones may.
        (self.samples, self.sizes) = (Vec::new(), Vec::new());
        if let Ok(bytes) = trained {
            connection.execute("INSERT INTO dictionaries (bytes) VALUES (?1)", [&bytes])?;
            self.dictionary = connection.last_insert_rowid();
            self.compressor = compressor(&bytes);
        }
        Ok(())
    }
}

/// Kept as it is.
const PLAIN: DictionaryId = -1;

fn compressor(dictionary: &[u8]) -> Compressor<'static> {
    // The level is one that zstd has, and any bytes serve as a dictionary.
    Compressor::with_dictionary(LEVEL, dictionary).unwrap_or_default()
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
        let mut packer = Packer::new(&connection).unwrap();
        let before: Vec<_> = (0..SAMPLES).map(|number| packer.pack(&document(number))).collect();
        packer.train(&connection).unwrap();
        let (dictionary, packed) = packer.pack(&document(SAMPLES));
        assert_ne!(dictionary, 0, "it is trained");
        assert!(packed.len() * 2 < before[0].1.len(), "{} and {}", packed.len(), before[0].1.len());

        let mut unpacker = Unpacker::default();
        let mut read = |(dictionary, packed): &(DictionaryId, Vec<u8>)| {
            unpacker.unpack(&connection, *dictionary, packed).unwrap().unwrap()
        };
        assert_eq!(read(&before[7]), document(7));
        assert_eq!(read(&(dictionary, packed)), document(SAMPLES));
        // Another process begins with the dictionary of the file.
        assert_eq!(Packer::new(&connection).unwrap().dictionary, dictionary);
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
