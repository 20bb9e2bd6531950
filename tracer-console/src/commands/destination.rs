//! Where an export goes: the standard output, or a file that is there once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Failure;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

pub(crate) struct Destination {
    writer: Packed,
    /// What is written becomes the file at the end: nobody finds half of it under its name.
    file: Option<(PathBuf, PathBuf)>,
}

enum Packed {
    Plain(BufWriter<Box<dyn Write>>),
    Gzip(GzEncoder<BufWriter<Box<dyn Write>>>),
    Zstd(zstd::Encoder<'static, BufWriter<Box<dyn Write>>>),
}

impl Destination {
    /// The standard output, or a file; what ends with `.gz` or `.zst` is compressed.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { writer: Packed::Plain(buffered(io::stdout())), file: None });
        };
        let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        // A device or a pipe is written as it is.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let output = buffered(File::options().write(true).open(&path).map_err(cannot)?);
            return Ok(Self { writer: Packed::of(output, &path).map_err(cannot)?, file: None });
        }
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let output = buffered(File::create(&part).map_err(cannot)?);
        Ok(Self { writer: Packed::of(output, &path).map_err(cannot)?, file: Some((part, path)) })
    }

    /// Writes what is left and gives the file its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.writer.finish()?;
        if let Some((part, path)) = self.file {
            std::fs::rename(&part, &path).map_err(|error| {
                format!("cannot rename {} to {}: {error}", part.display(), path.display())
            })?;
        }
        Ok(())
    }
}

fn buffered(output: impl Write + 'static) -> BufWriter<Box<dyn Write>> {
    BufWriter::with_capacity(256 << 10, Box::new(output))
}

impl Packed {
    fn of(output: BufWriter<Box<dyn Write>>, path: &Path) -> io::Result<Self> {
        Ok(match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gzip(GzEncoder::new(output, Compression::default())),
            Some("zst") => Self::Zstd(zstd::Encoder::new(output, ZSTD_LEVEL)?),
            _ => Self::Plain(output),
        })
    }

    fn finish(self) -> io::Result<()> {
        let mut output = match self {
            Self::Plain(output) => output,
            Self::Gzip(gzip) => gzip.finish()?,
            Self::Zstd(zstd) => zstd.finish()?,
        };
        output.flush()
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Packed::Plain(output) => output.write(bytes),
            Packed::Gzip(gzip) => gzip.write(bytes),
            Packed::Zstd(zstd) => zstd.write(bytes),
        }
    }

    /// Compressors are flushed once, at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
