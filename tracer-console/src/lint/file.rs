//! The documents that a file holds, however it holds them, and where each begins.

use serde_json::Value;

use crate::refusal::{Refusal, RefusalCode};
use crate::{datagram, recording};

/// A document, or why there is none in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    pub(super) text: Result<String, Refusal>,
}

/// The documents of a file: one a line, in an array, over several lines, datagrams, or in what X-Ray's tools put around them.
/// What is broken ends where a line or an element does, and the rest is found.
pub(super) fn pieces(file: &[u8]) -> Vec<Piece> {
    let mut found = Found { file, counted: 0, line: 1, pieces: Vec::new() };
    let start = if file.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    match file[start..].iter().position(|byte| !byte.is_ascii_whitespace()) {
        None => {}
        Some(at) if file[start + at] == b'[' => found.elements(start + at + 1),
        Some(_) if has_documents_by_line(&file[start..]) => found.lines(start),
        Some(_) => found.values(start),
    }
    found.pieces
}

/// Whether the first or, where that is damaged, the second line holds a whole object.
fn has_documents_by_line(file: &[u8]) -> bool {
    let lines = file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.take(2).any(is_object)
}

fn is_object(line: &[u8]) -> bool {
    line.starts_with(b"{") && end_of_value(line) == Some(line.len())
}

/// Where the object or array ends with which the bytes begin; `None` where it does not.
fn end_of_value(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (true, _) => {}
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (false, _) => {}
        }
    }
    None
}

/// A header line as the daemon knows it, or one that is meant as such: it is no document.
fn is_header(line: &[u8]) -> bool {
    const LONGEST: usize = 200;
    if line.len() > LONGEST || !is_object(line) {
        return false;
    }
    let header: Option<Value> = serde_json::from_slice(line).ok();
    header.as_ref().and_then(Value::as_object).is_some_and(|header| {
        header.keys().any(|key| key.eq_ignore_ascii_case("format")) && !header.contains_key("trace_id")
    })
}

/// What was found, up to where one is.
struct Found<'f> {
    file: &'f [u8],
    /// Up to here line breaks are counted.
    counted: usize,
    line: usize,
    pieces: Vec<Piece>,
}

impl<'f> Found<'f> {
    /// The line of a byte; later ones only.
    fn line_of(&mut self, at: usize) -> usize {
        self.line += self.file[self.counted..at].iter().filter(|byte| **byte == b'\n').count();
        self.counted = at;
        self.line
    }

    fn end_of_line(&self, at: usize) -> usize {
        self.file[at..].iter().position(|byte| *byte == b'\n').map_or(self.file.len(), |length| at + length)
    }

    fn skip(&self, at: usize, skipped: impl Fn(u8) -> bool) -> usize {
        self.file[at..].iter().position(|byte| !skipped(*byte)).map_or(self.file.len(), |length| at + length)
    }

    fn skip_space(&self, at: usize) -> usize {
        self.skip(at, |byte| byte.is_ascii_whitespace())
    }

    /// A document or datagram on each line, whatever else is on them.
    fn lines(&mut self, mut at: usize) {
        loop {
            at = self.skip_space(at);
            if at == self.file.len() {
                return;
            }
            let end = self.end_of_line(at);
            at = if is_header(self.file[at..end].trim_ascii()) {
                self.datagram(at, end)
            } else {
                self.push(at, end, false);
                end
            };
        }
    }

    /// A header line, and the document behind it: a line, or more of them up to the next header line.
    fn datagram(&mut self, start: usize, header_end: usize) -> usize {
        let body = self.skip_space(header_end);
        let mut end = self.end_of_line(body);
        let is_whole = |from: usize, to: usize| is_object(self.file[from..to].trim_ascii());
        if is_header(self.file[body..end].trim_ascii()) {
            end = header_end;
        } else if !is_whole(body, end) {
            while end < self.file.len() {
                let next = self.end_of_line(end + 1);
                if is_header(self.file[end + 1..next].trim_ascii()) {
                    break;
                }
                end = next;
            }
        }
        self.push(start, end, true);
        end
    }

    /// Objects, each over as many lines as it takes.
    fn values(&mut self, mut at: usize) {
        loop {
            at = self.skip_space(at);
            if at == self.file.len() {
                return;
            }
            let end = match self.file[at] {
                b'{' | b'[' => end_of_value(&self.file[at..]).map_or(self.file.len(), |length| at + length),
                _ => self.end_of_line(at),
            };
            self.push(at, end, false);
            at = end;
        }
    }

    /// Elements of an array, from behind its bracket.
    fn elements(&mut self, mut at: usize) {
        loop {
            at = self.skip(at, |byte| byte.is_ascii_whitespace() || byte == b',');
            if at == self.file.len() {
                return;
            }
            if self.file[at] == b']' {
                return self.values(at + 1);
            }
            let end = match self.file[at] {
                b'{' | b'[' => end_of_value(&self.file[at..]).map_or(self.file.len(), |length| at + length),
                _ => self.end_of_scalar(at),
            };
            self.push(at, end, false);
            at = end;
        }
    }

    /// Up to the comma or bracket behind a string or a word.
    fn end_of_scalar(&self, at: usize) -> usize {
        let (mut in_string, mut escaped) = (false, false);
        let end = self.file[at..].iter().position(|byte| match (in_string, byte) {
            (true, _) if escaped => {
                escaped = false;
                false
            }
            (true, b'\\') => {
                escaped = true;
                false
            }
            (_, b'"') => {
                in_string = !in_string;
                false
            }
            (in_string, byte) => !in_string && matches!(byte, b',' | b']'),
        });
        // An empty piece would stand still.
        end.map_or(self.file.len(), |length| at + length.max(1))
    }

    fn push(&mut self, start: usize, end: usize, is_datagram: bool) {
        let line = self.line_of(start);
        let bytes = self.file[start..end].trim_ascii_end();
        if is_datagram {
            let text = datagram::split(bytes).and_then(utf8).map(str::to_owned);
            return self.pieces.push(Piece { line, text });
        }
        let texts = match utf8(bytes) {
            Ok(text) => recording::documents(text),
            Err(refusal) => vec![Err(refusal)],
        };
        self.pieces.extend(texts.into_iter().map(|text| Piece { line, text }));
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("it is not UTF-8 from byte {} on", error.valid_up_to());
        Refusal::new(RefusalCode::ParseError, message)
    })
}
