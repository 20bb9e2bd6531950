//! What stands between brackets: the elements of an array, the members of an object.

use serde::ser::{self, Serialize, SerializeMap as _, SerializeStruct as _};

use super::super::json::write_escaped;
use super::{Serializer, Stopped, Written};

/// What serde_json calls the structures by which its raw values and long numbers reach it.
const OF_SERDE_JSON: &str = "$serde_json::private::";

#[inline]
pub(crate) fn is_of_serde_json(name: &str) -> bool {
    name.starts_with(OF_SERDE_JSON)
}

/// The elements of an array or the members of an object.
pub(crate) struct Elements<'a> {
    serializer: Serializer<'a>,
    closing: &'static [u8],
    is_first: bool,
}

impl<'a> Elements<'a> {
    /// What an enum's variant holds: an object of one member, whose value opens and closes with the brackets given.
    pub(crate) fn of_variant(
        serializer: Serializer<'a>,
        variant: &str,
        opening: &[u8],
        closing: &'static [u8],
    ) -> Result<Self, Stopped> {
        let mut within = serializer.deeper()?;
        within.write(b"{")?;
        within.string(variant)?;
        Self::open(within, opening, closing)
    }

    /// The one member of a structure of serde_json's, which writes it.
    pub(crate) fn of_one(serializer: Serializer<'a>) -> Self {
        Self { serializer, closing: b"", is_first: true }
    }

    #[inline]
    pub(crate) fn open(
        serializer: Serializer<'a>,
        opening: &[u8],
        closing: &'static [u8],
    ) -> Result<Self, Stopped> {
        let mut serializer = serializer.deeper()?;
        serializer.write(opening)?;
        Ok(Self { serializer, closing, is_first: true })
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        if !std::mem::replace(&mut self.is_first, false) {
            self.serializer.write(b",")?;
        }
        value.serialize(self.serializer.reborrow())
    }

    #[inline]
    fn member<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
        if self.closing.is_empty() {
            return self.of_serde_json(key, value);
        }
        let comma = if std::mem::replace(&mut self.is_first, false) { "\"" } else { ",\"" };
        self.serializer.out.extend_from_slice(comma.as_bytes());
        write_escaped(self.serializer.out, key);
        self.serializer.out.extend_from_slice(b"\":");
        value.serialize(self.serializer.reborrow())
    }

    #[cold]
    fn of_serde_json<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
        let start = self.serializer.out.len();
        self.serializer.leave_to_serde_json(OfSerdeJson(key, value))?;
        let is_too_deep = depth(&self.serializer.out[start..]) > self.serializer.depth;
        if is_too_deep { Err(self.serializer.too_deep()) } else { Ok(()) }
    }

    fn close(mut self) -> Written {
        self.serializer.write(self.closing)
    }
}

macro_rules! elements {
    ($($of:ident: $method:ident;)*) => {$(
        impl ser::$of for Elements<'_> {
            type Ok = ();
            type Error = Stopped;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Written {
                self.close()
            }
        }
    )*};
}

elements! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

macro_rules! members {
    ($($of:ident)*) => {$(
        impl ser::$of for Elements<'_> {
            type Ok = ();
            type Error = Stopped;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
                self.member(key, value)
            }

            #[inline]
            fn end(self) -> Written {
                self.close()
            }
        }
    )*};
}

members! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = Stopped;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        // serde_json knows what may be a key: it writes a map of this one, whose brace becomes the comma, and whose
        // value is taken back.
        const VALUE: &str = "null}";
        let Serializer { out, end, is_too_deep, .. } = &mut self.serializer;
        let is_first = std::mem::replace(&mut self.is_first, false);
        let at = out.len() - usize::from(is_first);
        out.truncate(at);
        let mut map = Serializer::new(out, *end + VALUE.len(), is_too_deep);
        let written = map.leave_to_serde_json(OneKey(key));
        if let Some(brace) = out.get_mut(at) {
            *brace = if is_first { b'{' } else { b',' };
        }
        if written.is_ok() {
            out.truncate(out.len() - VALUE.len());
        }
        self.serializer.write(b"").and(written)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(self.serializer.reborrow())
    }

    fn end(self) -> Written {
        self.close()
    }
}

/// How deep a JSON text nests.
fn depth(json: &[u8]) -> u32 {
    let (mut depth, mut deepest, mut is_text, mut bytes) = (0_u32, 0, false, json.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if is_text => drop(bytes.next()),
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// `{key: null}`
struct OneKey<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for OneKey<'_, T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &())?;
        map.end()
    }
}

/// A raw value or a long number of serde_json, by its private name.
struct OfSerdeJson<'a, T: ?Sized>(&'static str, &'a T);

impl<T: Serialize + ?Sized> Serialize for OfSerdeJson<'_, T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut structure = serializer.serialize_struct(self.0, 1)?;
        structure.serialize_field(self.0, self.1)?;
        structure.end()
    }
}
