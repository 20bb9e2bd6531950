//! Users' values as JSON text: what serde_json writes, into a bounded buffer.
//!
//! serde_json asks its writer for every quote and comma, which was a quarter of what a traced call cost. Structures
//! and strings are written here; numbers, keys of maps and serde_json's own types are left to it. A property test
//! compares the two.

mod elements;

use std::cell::Cell;
use std::fmt::{self, Display};
use std::io;

use serde::ser::{self, Serialize};

use self::elements::Elements;
use super::json::{DEEPEST_VALUE, write_escaped};

/// Appends a value to `out`, to a length of `end` at most.
pub(crate) struct Serializer<'a> {
    out: &'a mut Vec<u8>,
    end: usize,
    /// How many more brackets may be opened.
    depth: u32,
    /// Set where one too many was asked for: a value may hide the error from its caller.
    is_too_deep: &'a Cell<bool>,
}

/// Why a value is not whole.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The buffer is full, to its very end.
    Full,
    /// It nests too deep.
    Deep,
    /// Its `Serialize` said this.
    Error(Box<str>),
}

type Written = Result<(), Stopped>;

impl<'a> Serializer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, end: usize, is_too_deep: &'a Cell<bool>) -> Self {
        Self { out, end, depth: DEEPEST_VALUE, is_too_deep }
    }

    /// The same, inside of one more bracket.
    #[inline]
    fn deeper(self) -> Result<Self, Stopped> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.too_deep()),
        }
    }

    #[cold]
    fn too_deep(&self) -> Stopped {
        self.is_too_deep.set(true);
        Stopped::Deep
    }
}

impl Serializer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Written {
        self.out.extend_from_slice(bytes);
        if self.out.len() > self.end { self.overflow() } else { Ok(()) }
    }

    /// How many bytes may still come.
    #[inline]
    fn room(&self) -> usize {
        self.end.saturating_sub(self.out.len())
    }

    #[cold]
    fn overflow(&mut self) -> Written {
        self.out.truncate(self.end);
        Err(Stopped::Full)
    }

    #[inline]
    fn string(&mut self, text: &str) -> Written {
        if text.len() > self.room() {
            return self.beginning_of(text);
        }
        self.out.push(b'"');
        write_escaped(self.out, text);
        self.write(b"\"")
    }

    /// Takes no more of a long text than there is room for.
    #[cold]
    fn beginning_of(&mut self, text: &str) -> Written {
        let room = self.room();
        // A character that the end splits is left out of the document later.
        let most = (room..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        self.out.push(b'"');
        write_escaped(self.out, &text[..most]);
        self.overflow()
    }

    #[inline]
    fn leave_to_serde_json(&mut self, value: impl Serialize) -> Written {
        serde_json::to_writer(self, &value)
            .map_err(|error| if error.is_io() { Stopped::Full } else { ser::Error::custom(error) })
    }

    fn reborrow(&mut self) -> Serializer<'_> {
        Serializer { out: self.out, end: self.end, depth: self.depth, is_too_deep: self.is_too_deep }
    }
}

impl io::Write for Serializer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.room();
        self.out.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let is_whole = bytes.len() <= room && self.out.len() <= self.end;
        if is_whole { Ok(()) } else { self.overflow().map_err(|_| io::ErrorKind::FileTooLarge.into()) }
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! left_to_serde_json {
    ($($method:ident($value:ty))*) => {$(
        #[inline]
        fn $method(mut self, value: $value) -> Written {
            self.leave_to_serde_json(value)
        }
    )*};
}

impl<'a> ser::Serializer for Serializer<'a> {
    type Ok = ();
    type Error = Stopped;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Elements<'a>;
    type SerializeStructVariant = Elements<'a>;

    left_to_serde_json! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char)
    }

    fn serialize_bool(mut self, value: bool) -> Written {
        self.write(if value { b"true" } else { b"false" })
    }

    #[inline]
    fn serialize_str(mut self, value: &str) -> Written {
        self.string(value)
    }

    fn collect_str<T: Display + ?Sized>(mut self, value: &T) -> Written {
        self.out.push(b'"');
        let mut inside = Inside { serializer: &mut self, is_full: false };
        match (fmt::Write::write_fmt(&mut inside, format_args!("{value}")), inside.is_full) {
            (Ok(()), false) => self.write(b"\""),
            (_, true) => Err(Stopped::Full),
            (Err(error), false) => Err(ser::Error::custom(error)),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        self.collect_seq(value)
    }

    fn serialize_none(mut self) -> Written {
        self.write(b"null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(mut self) -> Written {
        self.write(b"null")
    }

    fn serialize_unit_struct(mut self, _: &'static str) -> Written {
        self.write(b"null")
    }

    fn serialize_unit_variant(mut self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.string(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let mut within = self.deeper()?;
        within.write(b"{")?;
        within.string(variant)?;
        within.write(b":")?;
        value.serialize(within.reborrow())?;
        within.write(b"}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, Stopped> {
        Elements::open(self, b"[", b"]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, Stopped> {
        Elements::open(self, b"[", b"]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, Stopped> {
        Elements::open(self, b"[", b"]")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, Stopped> {
        Elements::of_variant(self, variant, b":[", b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, Stopped> {
        Elements::open(self, b"{", b"}")
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Elements<'a>, Stopped> {
        if elements::is_of_serde_json(name) {
            Ok(Elements::of_one(self))
        } else {
            Elements::open(self, b"{", b"}")
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, Stopped> {
        Elements::of_variant(self, variant, b":{", b"}}")
    }
}

/// The inside of a string, written piece by piece.
struct Inside<'s, 'a> {
    serializer: &'s mut Serializer<'a>,
    is_full: bool,
}

impl fmt::Write for Inside<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.serializer.room();
        let most = (room..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        write_escaped(self.serializer.out, &text[..most]);
        self.is_full |= self.serializer.write(b"").is_err() || most < text.len();
        if self.is_full { Err(fmt::Error) } else { Ok(()) }
    }
}

impl ser::Error for Stopped {
    fn custom<T: Display>(message: T) -> Self {
        Self::Error(message.to_string().into())
    }
}

impl Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the value is too long",
            Self::Deep => "the value nests too deep",
            Self::Error(message) => message,
        })
    }
}

impl std::error::Error for Stopped {}

#[cfg(test)]
mod tests;
