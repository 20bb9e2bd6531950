//! Pieces of an input, each of bounded length: lines, and JSON values that stand on several lines.

use std::io::{self, BufRead};

/// No document is longer, and no answer of X-Ray's.
pub(super) const LONGEST: usize = 64 << 20;

/// A piece of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The line that it begins on, from 1.
    pub(super) line: u64,
    /// Without the line's end; `None` if it is longer than [`LONGEST`].
    pub(super) bytes: Option<Vec<u8>>,
}

/// Collects the bytes of a piece, as many as it may have.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    is_too_long: bool,
}

impl Collected {
    fn add(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.bytes.len() + bytes.len() > LONGEST;
        if self.is_too_long {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn finish(self) -> Option<Vec<u8>> {
        (!self.is_too_long).then_some(self.bytes)
    }
}

/// The next line, `number` counting on; `None` at the end.
pub(super) fn next_line(input: &mut dyn BufRead, number: &mut u64) -> io::Result<Option<Piece>> {
    let mut collected = Collected::default();
    let mut is_any = false;
    loop {
        let bytes = fill(input)?;
        if bytes.is_empty() {
            break;
        }
        is_any = true;
        let end = bytes.iter().position(|&byte| byte == b'\n');
        collected.add(&bytes[..end.unwrap_or(bytes.len())]);
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if !is_any {
        return Ok(None);
    }
    *number += 1;
    let bytes = collected.finish().map(|mut bytes| {
        // Files from Windows.
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        bytes
    });
    Ok(Some(Piece { line: *number, bytes }))
}

/// Reads JSON values that follow one another, or that an array holds.
#[derive(Debug)]
pub(super) struct Values {
    line: u64,
    /// Whether the bracket of the array has been passed.
    in_array: bool,
}

impl Values {
    pub(super) fn starting_at(line: u64) -> Self {
        Self { line, in_array: false }
    }

    /// The next value; `None` at the end. What it is need not be JSON: only its strings and brackets are looked at.
    pub(super) fn next(&mut self, input: &mut dyn BufRead) -> io::Result<Option<Piece>> {
        if !self.skip_to_value(input)? {
            return Ok(None);
        }
        let line = self.line;
        let (mut scan, mut collected) = (Scan::default(), Collected::default());
        loop {
            let bytes = fill(input)?;
            let (len, is_over) = scan.read(bytes);
            let bytes = &bytes[..len];
            collected.add(bytes);
            self.line += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
            let is_over = is_over || bytes.is_empty();
            input.consume(len);
            if is_over {
                return Ok(Some(Piece { line, bytes: collected.finish() }));
            }
        }
    }

    /// Passes over what stands between values; returns whether there is another one.
    fn skip_to_value(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        loop {
            let Some(&byte) = fill(input)?.first() else { return Ok(false) };
            match byte {
                b'[' if !self.in_array => self.in_array = true,
                b'\n' => self.line += 1,
                b',' | b']' => {}
                _ if byte.is_ascii_whitespace() => {}
                _ => return Ok(true),
            }
            input.consume(1);
        }
    }
}

/// How far a value has been read.
#[derive(Default)]
struct Scan {
    has_begun: bool,
    in_string: bool,
    is_escaped: bool,
    depth: usize,
}

/// What a byte is to a value.
#[derive(PartialEq, Eq)]
enum Place {
    Within,
    Last,
    Behind,
}

impl Scan {
    /// How many of the bytes belong to the value, and whether it ends with them.
    fn read(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            match self.place(byte) {
                Place::Within => {}
                Place::Last => return (at + 1, true),
                Place::Behind => return (at, true),
            }
        }
        (bytes.len(), false)
    }

    fn place(&mut self, byte: u8) -> Place {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            let is_last = !self.in_string && self.depth == 0;
            return if is_last { Place::Last } else { Place::Within };
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Place::Last;
                }
            }
            // A number or a word ends before what follows it.
            _ if self.depth > 0 || is_first => {}
            _ if byte == b',' || byte.is_ascii_whitespace() => return Place::Behind,
            _ => {}
        }
        Place::Within
    }
}

/// What can be read at once; nothing at the end.
fn fill(input: &mut dyn BufRead) -> io::Result<&[u8]> {
    // Not in a loop with `?`: an interrupted read is tried again, and the borrow ends with it.
    while let Err(error) = input.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn values(input: &str, buffer: usize) -> Vec<(u64, String)> {
        let mut reader = BufReader::with_capacity(buffer, input.as_bytes());
        let mut values = Values::starting_at(1);
        let mut found = Vec::new();
        while let Some(piece) = values.next(&mut reader).unwrap() {
            found.push((piece.line, String::from_utf8(piece.bytes.unwrap()).unwrap()));
        }
        found
    }

    #[test]
    fn values_come_one_by_one_with_their_line_however_the_input_is_cut() {
        let input = "[ {\"a\": \"]},\\\"\"},\n\"x\" ,\n 7,NaN\n,[{}]\n]\n";
        let expected = [(1, "{\"a\": \"]},\\\"\"}"), (2, "\"x\""), (3, "7"), (3, "NaN"), (4, "[{}]")];
        for buffer in 1..12 {
            let found = values(input, buffer);
            let found: Vec<_> = found.iter().map(|(line, text)| (*line, &**text)).collect();
            assert_eq!(found, expected, "{buffer}");
        }
    }

    #[test]
    fn values_may_follow_one_another_and_the_last_may_be_cut_off() {
        assert_eq!(
            values("{\n}\n{\"a\":\n1} {", 3),
            [(1, "{\n}".to_owned()), (3, "{\"a\":\n1}".to_owned()), (4, "{".to_owned())]
        );
        assert_eq!(values("", 3), []);
        assert_eq!(values("}}", 3).len(), 2);
    }

    #[test]
    fn lines_have_their_number_and_no_end() {
        for buffer in 1..8 {
            let mut reader = BufReader::with_capacity(buffer, "a\r\n\nbc".as_bytes());
            let mut number = 0;
            let mut lines = Vec::new();
            while let Some(piece) = next_line(&mut reader, &mut number).unwrap() {
                lines.push((piece.line, piece.bytes.unwrap()));
            }
            assert_eq!(lines, [(1, b"a".to_vec()), (2, Vec::new()), (3, b"bc".to_vec())]);
        }
    }

    #[test]
    fn what_is_too_long_is_left_out_and_what_follows_is_read() {
        let input = [vec![b'x'; LONGEST + 1], b"\nshort".to_vec()].concat();
        let mut reader = BufReader::new(&*input);
        let mut number = 0;
        assert_eq!(next_line(&mut reader, &mut number).unwrap(), Some(Piece { line: 1, bytes: None }));
        let short = Some(Piece { line: 2, bytes: Some(b"short".to_vec()) });
        assert_eq!(next_line(&mut reader, &mut number).unwrap(), short);
    }
}
