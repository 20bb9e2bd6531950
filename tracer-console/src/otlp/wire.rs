//! The fields of a message in protobuf, without decoding what they hold.

use prost::encoding::{WireType, decode_key, decode_varint};

/// A field: its number, and its bytes where it has a length, as messages and texts have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) bytes: Option<&'a [u8]>,
}

/// The fields of a message; `None` where it cannot be read, which is the last one then.
#[derive(Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Option<Field<'a>> {
        let bytes = &mut self.0;
        let (number, wire) = decode_key(bytes).ok()?;
        let len = match wire {
            WireType::Varint => {
                decode_varint(bytes).ok()?;
                0
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => usize::try_from(decode_varint(bytes).ok()?).ok()?,
            // Proto3 has no groups.
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        let (inner, rest) = bytes.split_at_checked(len)?;
        *bytes = rest;
        Some(Field { number, bytes: (wire == WireType::LengthDelimited).then_some(inner) })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}
