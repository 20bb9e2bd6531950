//! Any value that serde can be given, the ones that fail too.

use arbitrary::Arbitrary;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use crate::plan::Text;
use crate::recording::planned_panic;

#[derive(Debug, Arbitrary)]
pub(crate) enum Json<'a> {
    Nothing,
    Bool(bool),
    Integer(i128),
    Double(f64),
    Single(f32),
    Character(char),
    Text(Text<'a>),
    Bytes(&'a [u8]),
    List(Vec<Json<'a>>),
    /// Its keys may be no strings, or twice the same.
    Map(Vec<(Json<'a>, Json<'a>)>),
    Fails(Text<'a>),
    Panics,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(value) => value.serialize(serializer),
            Self::Integer(value) => value.serialize(serializer),
            Self::Double(value) => value.serialize(serializer),
            Self::Single(value) => value.serialize(serializer),
            Self::Character(value) => value.serialize(serializer),
            Self::Text(value) => value.get_long().serialize(serializer),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::List(values) => values.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(None)?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Fails(message) => Err(S::Error::custom(message.get())),
            Self::Panics => planned_panic("in Serialize".to_owned()),
        }
    }
}
