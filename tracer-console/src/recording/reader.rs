//! Reads the documents of a recording, whatever its form.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::lines::{LONGEST, Piece, Values, next_line};
use super::{page, shape};
use crate::refusal::{Refusal, RefusalCode};

/// A document of a [`Recording`], and where it stands.
///
/// ```
/// let mut recording = tracer_console::Recording::new("{\"trace_id\": \"1-6b02e002-9311b20839c1ed87c6cec943\"}".as_bytes())?;
/// let recorded = recording.next().unwrap()?;
/// assert_eq!((recorded.line, recorded.number), (1, 1));
/// assert!(recorded.text.unwrap().starts_with("{\"trace_id\""));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The line, from 1; where a value stands on several, the first of them.
    pub line: u64,
    /// Which of the documents that stand there, from 1.
    pub number: u64,
    /// The document as it was written, not parsed; or why there is none.
    pub text: Result<String, Refusal>,
}

/// Documents in a file, one after the other; a few of them are in memory at a time.
///
/// It reads what `tracer-console export` writes, lines and page, and what others write of X-Ray's: a document on each line, or a
/// JSON object with the datagram in its member `raw`; answers of `BatchGetTraces`, requests for `PutTraceSegments`, and
/// arrays of any of these. All of it may be compressed with gzip or zstd.
///
/// ```
/// use tracer_console::{Document, Recording};
///
/// let lines = r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}
/// no document"#;
/// let texts = Recording::new(lines.as_bytes())?.map(|recorded| recorded.map(|recorded| recorded.text));
/// let texts = texts.collect::<Result<Vec<_>, _>>()?;
/// assert!(Document::parse(texts[0].as_ref().unwrap()).is_ok());
/// assert!(Document::parse(texts[1].as_ref().unwrap()).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Recording<'r> {
    input: Box<dyn BufRead + 'r>,
    form: Form,
    /// What was found in the piece that was read last.
    waiting: VecDeque<Recorded>,
}

enum Form {
    /// A value on each; how many have been read.
    Lines(u64),
    /// The page of `export`, in which some lines are documents.
    Page(u64),
    /// Values that stand on several lines.
    Values(Values),
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

impl<'r> Recording<'r> {
    /// Looks at how the input begins.
    ///
    /// ```
    /// assert_eq!(tracer_console::Recording::new(std::io::empty())?.count(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of reading.
    pub fn new(input: impl Read + 'r) -> io::Result<Self> {
        let mut input = unpacked(Box::new(BufReader::new(input)))?;
        let (form, begin) = Form::of(&mut *input)?;
        Ok(Self { input: Box::new(Cursor::new(begin).chain(input)), form, waiting: VecDeque::new() })
    }

    /// Reads on until something was found; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Recorded>> {
        while self.waiting.is_empty() {
            let input = &mut *self.input;
            let piece = match &mut self.form {
                Form::Lines(number) | Form::Page(number) => next_line(input, number)?,
                Form::Values(values) => values.next(input)?,
            };
            let Some(piece) = piece else { return Ok(None) };
            let line = piece.line;
            let found = (1..).zip(self.documents(piece));
            self.waiting.extend(found.map(|(number, text)| Recorded { line, number, text }));
        }
        Ok(self.waiting.pop_front())
    }

    fn documents(&self, piece: Piece) -> Vec<shape::Found> {
        let Some(bytes) = piece.bytes else {
            let message = format!("longer than {} MiB", LONGEST >> 20);
            return vec![Err(Refusal::new(RefusalCode::LimitExceeded, message))];
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("not UTF-8 from byte {} on", error.utf8_error().valid_up_to());
                return vec![Err(Refusal::new(RefusalCode::ParseError, message).of(error.as_bytes()))];
            }
        };
        match self.form {
            Form::Page(_) => page::document_of(&text).map(Ok).into_iter().collect(),
            _ if text.trim_ascii().is_empty() => Vec::new(),
            _ => shape::documents(&text),
        }
    }
}

impl Iterator for Recording<'_> {
    type Item = io::Result<Recorded>;

    fn next(&mut self) -> Option<io::Result<Recorded>> {
        self.read().transpose()
    }
}

impl std::fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}

fn unpacked<'r>(input: Box<dyn BufRead + 'r>) -> io::Result<Box<dyn BufRead + 'r>> {
    let (input, begin) = peek(input, ZSTD.len())?;
    if begin.starts_with(GZIP) {
        Ok(Box::new(BufReader::new(MultiGzDecoder::new(input))))
    } else if begin.starts_with(ZSTD) {
        Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(input)?)))
    } else {
        let mut input = input;
        if begin.starts_with(BYTE_ORDER_MARK) {
            input.read_exact(&mut [0; BYTE_ORDER_MARK.len()])?;
        }
        Ok(input)
    }
}

/// The first bytes, which stay to be read.
fn peek<'r>(mut input: Box<dyn BufRead + 'r>, most: usize) -> io::Result<(Box<dyn BufRead + 'r>, Vec<u8>)> {
    let mut begin = Vec::new();
    (&mut input).take(most as u64).read_to_end(&mut begin)?;
    Ok((Box::new(Cursor::new(begin.clone()).chain(input)), begin))
}

impl Form {
    /// The form that an input has, and what was read to see it.
    fn of(input: &mut dyn BufRead) -> io::Result<(Self, Vec<u8>)> {
        let mut begin = Vec::new();
        let first = first_line(input, &mut begin)?;
        let form = match first.trim_ascii_start().first() {
            Some(b'<') => Self::Page(0),
            Some(b'[') => Self::Values(Values::starting_at(1)),
            Some(b'{') if ends_within(&first) => {
                let next = first_line(input, &mut begin)?;
                // A document that was cut off is refused, and those on the next lines are not.
                if next.trim_ascii_start().starts_with(b"{") {
                    Self::Lines(0)
                } else {
                    Self::Values(Values::starting_at(1))
                }
            }
            _ => Self::Lines(0),
        };
        Ok((form, begin))
    }
}

/// The next line that is not empty, or as much of it as may be kept; `begin` keeps all that was read.
fn first_line(input: &mut dyn BufRead, begin: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    loop {
        let from = begin.len();
        input.take(LONGEST as u64).read_until(b'\n', begin)?;
        let line = &begin[from..];
        if line.is_empty() || !line.trim_ascii().is_empty() {
            return Ok(line.to_vec());
        }
    }
}

/// Whether the line is JSON that goes on.
fn ends_within(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::{Value, json};

    use super::*;

    fn document(number: u64) -> String {
        format!(
            "{{\"trace_id\":\"1-6b02e002-{number:024x}\", \"id\":\"{number:016x}\",\"name\":\"j\",\"start_time\":1,\"end_time\":2.50}}"
        )
    }

    fn read(input: &[u8]) -> Vec<Recorded> {
        Recording::new(input).unwrap().map(Result::unwrap).collect()
    }

    #[track_caller]
    fn assert_holds_both(input: &[u8]) {
        let texts: Vec<_> = read(input).into_iter().map(|recorded| recorded.text).collect();
        assert_eq!(texts, [Ok(document(1)), Ok(document(2))], "{}", String::from_utf8_lossy(input));
    }

    fn answer() -> Value {
        let traces = [1, 2].map(|number| json!({"Id": "x", "Segments": [{"Document": document(number)}]}));
        json!({"Traces": traces, "UnprocessedTraceIds": []})
    }

    #[test]
    fn documents_are_found_in_lines_arrays_and_answers_however_they_are_laid_out() {
        let [one, two] = [1, 2].map(document);
        let pretty = serde_json::to_string_pretty(&answer()).unwrap();
        let all = [
            format!("{one}\n{two}\n"),
            format!("\n\r\n{one}\r\n\n{two}"),
            format!("\u{feff}{one}\n{two}"),
            format!("[{one},{two}]"),
            format!("[\n  {one},\n  {two}\n]\n"),
            answer().to_string(),
            pretty.clone(),
            format!("{}\n{}", json!(one), json!(two)),
            format!("{}\n{two}", json!({"raw": format!("{{\"format\":\"json\",\"version\":1}}\n{one}")})),
        ];
        for input in all {
            assert_holds_both(input.as_bytes());
        }
    }

    #[test]
    fn what_is_compressed_is_unpacked_by_its_first_bytes() {
        let lines = format!("{}\n{}\n", document(1), document(2));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(lines.as_bytes()).unwrap();
        assert_holds_both(&gzip.finish().unwrap());
        assert_holds_both(&zstd::encode_all(lines.as_bytes(), 3).unwrap());
    }

    #[test]
    fn a_line_that_is_cut_off_or_no_text_is_refused_alone_and_the_place_of_each_is_said() {
        let [one, two, three, four] = [1, 2, 3, 4].map(document);
        let array = format!("[{three},{four}]");
        let input = [&one.as_bytes()[..30], b"\n", two.as_bytes(), b"\n\xff\xfe\n", array.as_bytes()];
        let found = read(&input.concat());
        let places: Vec<_> = found.iter().map(|recorded| (recorded.line, recorded.number)).collect();
        assert_eq!(places, [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]);
        assert_eq!(found[1].text, Ok(document(2)));
        assert_eq!(found[2].text.as_ref().unwrap_err().code, RefusalCode::ParseError);
        assert_eq!(found[4].text, Ok(document(4)));
    }

    #[test]
    fn damage_within_what_is_compressed_is_an_error() {
        let mut packed = zstd::encode_all(document(1).repeat(100).as_bytes(), 3).unwrap();
        packed.truncate(packed.len() / 2);
        assert!(Recording::new(&*packed).and_then(Iterator::collect::<io::Result<Vec<_>>>).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_go_on_for_ever(bytes: Vec<u8>, json in "[\\[\\]{}\",:a\\\\\n<> 1]{0,60}") {
            let _ = Recording::new(&*bytes).map(|recording| recording.take(10_000).count());
            for prefix in ["", "<pre class=\"document\">", "[", "\u{1f}\u{8b}"] {
                let _ = Recording::new(format!("{prefix}{json}").as_bytes()).map(Iterator::count);
            }
        }
    }
}
