//! Decodes the postcard format of control bodies strictly: shortest varints only, every error with the name of the field
//! and its byte, ranges of the protocol's own numbers checked on the way. Writing is left to postcard itself.

use core::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::error::{DecodeError, Fault};
use super::reader::Reader;
use crate::id::Name;
use crate::revision::Revision;
use crate::time::UnixMillis;

/// Reads one body out of the reader.
pub(super) fn read<'a, T: de::Deserialize<'a>>(reader: &mut Reader<'a>) -> Result<T, DecodeError> {
    let mut strict = Strict { reader: *reader, field: "body", most: u64::MAX };
    let value = T::deserialize(&mut strict).map_err(|error| match error {
        Failure::At(error) => error,
        Failure::Foreign => reader.fail(strict.field, strict.reader.at(), Fault::Code(0)),
    })?;
    *reader = strict.reader;
    Ok(value)
}

/// Why reading stopped.
#[derive(Debug)]
enum Failure {
    /// At a place that is known.
    At(DecodeError),
    /// In a type's own check; the place is where the reader stands.
    Foreign,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::At(error) => error.fmt(f),
            Failure::Foreign => f.write_str("not a value of its type"),
        }
    }
}

impl core::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(_: T) -> Failure {
        Failure::Foreign
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Failure {
        Failure::At(error)
    }
}

struct Strict<'a> {
    reader: Reader<'a>,
    field: &'static str,
    /// The largest value that the number to be read may have.
    most: u64,
}

impl Strict<'_> {
    fn number(&mut self, bits: u32) -> Result<u64, Failure> {
        let start = self.reader.at();
        let value = self.reader.varint_of(self.field, bits)?;
        Ok(self.reader.within(self.field, start, value, 0, self.most)?)
    }

    fn refuse<T>(&self, offset: usize, fault: Fault) -> Result<T, Failure> {
        Err(Failure::At(self.reader.fail(self.field, offset, fault)))
    }
}

/// The largest value that a number of this type may have on the wire.
fn most(name: &'static str) -> u64 {
    match name {
        "Revision" => Revision::LAST.0,
        "Epoch" | "Term" | "FrameNumber" => u64::MAX - 1,
        "UnixMillis" => UnixMillis::LAST.0,
        _ => u64::MAX,
    }
}

macro_rules! not_in_the_format {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Failure> {
            Err(Failure::Foreign)
        })*
    };
}

impl<'a> de::Deserializer<'a> for &mut Strict<'a> {
    type Error = Failure;

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let start = self.reader.at();
        match self.reader.u8(self.field)? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            code => self.refuse(start, Fault::Code(code.into())),
        }
    }

    fn deserialize_u8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let byte = self.reader.u8(self.field)?;
        visitor.visit_u8(byte)
    }

    fn deserialize_u32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let value = self.number(32)?;
        visitor.visit_u32(value as u32)
    }

    fn deserialize_u64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let value = self.number(64)?;
        visitor.visit_u64(value)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let start = self.reader.at();
        let length = self.reader.varint(self.field)?;
        // The only texts of version 1 are names.
        if length == 0 || length > Name::MAX as u64 {
            return self.refuse(start, Fault::Range { found: length, least: 1, most: Name::MAX as u64 });
        }
        let start = self.reader.at();
        let bytes = self.reader.bytes(self.field, length as usize)?;
        match core::str::from_utf8(bytes) {
            Ok(text) => visitor.visit_borrowed_str(text),
            Err(error) => self.refuse(start + error.valid_up_to(), Fault::Text),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let start = self.reader.at();
        match self.reader.u8(self.field)? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            code => self.refuse(start, Fault::Code(code.into())),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        self.most = most(name);
        let value = visitor.visit_newtype_struct(&mut *self);
        self.most = u64::MAX;
        value
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_seq(Fields { strict: self, names: fields.iter(), nameless: 0 })
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Fields { strict: self, names: [].iter(), nameless: length })
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_enum(Variant { strict: self, count: variants.len() })
    }

    not_in_the_format! {
        deserialize_any deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u16
        deserialize_f32 deserialize_f64 deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, _: V) -> Result<V::Value, Failure> {
        Err(Failure::Foreign)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The fields of a struct, by name, or of a tuple, under the name of the field that the tuple stands in.
struct Fields<'s, 'a> {
    strict: &'s mut Strict<'a>,
    names: core::slice::Iter<'static, &'static str>,
    nameless: usize,
}

impl<'a> de::SeqAccess<'a> for Fields<'_, 'a> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if let Some(name) = self.names.next() {
            self.strict.field = name;
        } else if self.nameless > 0 {
            self.nameless -= 1;
        } else {
            return Ok(None);
        }
        seed.deserialize(&mut *self.strict).map(Some)
    }
}

/// An enum: the number of the variant, then its content.
struct Variant<'s, 'a> {
    strict: &'s mut Strict<'a>,
    count: usize,
}

impl<'s, 'a> de::EnumAccess<'a> for Variant<'s, 'a> {
    type Error = Failure;
    type Variant = Variant<'s, 'a>;

    fn variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<(T::Value, Variant<'s, 'a>), Failure> {
        let start = self.strict.reader.at();
        let code = self.strict.reader.varint_of(self.strict.field, 32)?;
        if code >= self.count as u64 {
            return self.strict.refuse(start, Fault::Code(code));
        }
        let value = seed.deserialize(IntoDeserializer::<Failure>::into_deserializer(code as u32))?;
        Ok((value, self))
    }
}

impl<'a> de::VariantAccess<'a> for Variant<'_, 'a> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.strict)
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        de::Deserializer::deserialize_tuple(self.strict, length, visitor)
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        de::Deserializer::deserialize_struct(self.strict, "", fields, visitor)
    }
}
