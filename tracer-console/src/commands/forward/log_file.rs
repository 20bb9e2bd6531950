//! The log's file: appended to, and begun anew when it is long, with the one before beside it, as the X-Ray daemon does.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::Failure;

const LONG: u64 = 50 << 20;

/// A file that is open.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// So long it may be; `None` for any length.
    most: Option<u64>,
}

impl LogFile {
    pub(super) fn open(path: &Path, rotates: bool) -> Result<Self, Failure> {
        Self::with(path, rotates.then_some(LONG)).map_err(|error| {
            format!("cannot write the log {}: {error}; name another with --log-file", path.display()).into()
        })
    }

    fn with(path: &Path, most: Option<u64>) -> std::io::Result<Self> {
        let file = append(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, most })
    }

    pub(super) fn write(&mut self, line: &str) -> std::io::Result<()> {
        let bytes = line.len() as u64;
        if self.most.is_some_and(|most| self.bytes > 0 && self.bytes + bytes > most) {
            let mut before = self.path.clone().into_os_string();
            before.push(".1");
            std::fs::rename(&self.path, before)?;
            self.file = append(&self.path)?;
            self.bytes = 0;
        }
        self.file.write_all(line.as_bytes())?;
        self.bytes += bytes;
        Ok(())
    }
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_anew_when_it_is_long_and_the_one_before_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("xray.log");
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        let mut log = LogFile::with(&path, Some(10)).unwrap();
        for line in ["1234\n", "5678\n", "abcd\n"] {
            log.write(line).unwrap();
        }
        assert_eq!((read("xray.log").as_str(), read("xray.log.1").as_str()), ("abcd\n", "1234\n5678\n"));
        let mut again = LogFile::with(&path, None).unwrap();
        again.write("and on, however long\n").unwrap();
        assert_eq!(read("xray.log"), "abcd\nand on, however long\n");
    }
}
