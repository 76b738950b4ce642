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
    let mut strict = Strict { reader: *reader, field: "body", most: u64::MAX, error: None };
    match T::deserialize(&mut strict) {
        Ok(value) => {
            *reader = strict.reader;
            Ok(value)
        }
        // Without an error of its own it was a type's own check that failed; the place is where the reader stands.
        Err(Stopped) => {
            Err(strict.error.unwrap_or_else(|| reader.fail(strict.field, strict.reader.at(), Fault::Code(0))))
        }
    }
}

/// Reading has stopped; why is kept in `Strict`. An error without content keeps the many small functions that are made of
/// it for each type small, which is most of what a decoder costs on a small device.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value of its type")
    }
}

impl core::error::Error for Stopped {}

impl de::Error for Stopped {
    #[inline]
    fn custom<T: fmt::Display>(_: T) -> Stopped {
        Stopped
    }

    #[inline]
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Stopped {
        Stopped
    }

    #[inline]
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Stopped {
        Stopped
    }

    #[inline]
    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Stopped {
        Stopped
    }
}

struct Strict<'a> {
    reader: Reader<'a>,
    field: &'static str,
    /// The largest value that the number to be read may have.
    most: u64,
    /// Why reading stopped.
    error: Option<DecodeError>,
}

impl<'a> Strict<'a> {
    #[inline(never)]
    fn number(&mut self, bits: u32) -> Result<u64, Stopped> {
        let start = self.reader.at();
        let value = self.reader.varint_of(self.field, bits);
        let value = value.and_then(|value| self.reader.within(self.field, start, value, 0, self.most));
        self.stop(value)
    }

    #[inline(never)]
    fn byte(&mut self) -> Result<u8, Stopped> {
        let byte = self.reader.u8(self.field);
        self.stop(byte)
    }

    /// A yes or no.
    #[inline(never)]
    fn flag(&mut self) -> Result<bool, Stopped> {
        let start = self.reader.at();
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            code => self.refuse(start, Fault::Code(code.into())),
        }
    }

    #[inline(never)]
    fn name(&mut self) -> Result<&'a str, Stopped> {
        let start = self.reader.at();
        let length = self.reader.varint(self.field);
        let length = self.stop(length)?;
        // The only texts of version 1 are names.
        if length == 0 || length > Name::MAX as u64 {
            return self.refuse(start, Fault::Range { found: length, least: 1, most: Name::MAX as u64 });
        }
        let start = self.reader.at();
        let bytes = self.reader.bytes(self.field, length as usize);
        let bytes = self.stop(bytes)?;
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(error) => self.refuse(start + error.valid_up_to(), Fault::Text),
        }
    }

    /// The number of a variant.
    #[inline(never)]
    fn variant(&mut self, count: usize) -> Result<u32, Stopped> {
        let start = self.reader.at();
        let code = self.reader.varint_of(self.field, 32);
        let code = self.stop(code)?;
        if code >= count as u64 {
            return self.refuse(start, Fault::Code(code));
        }
        Ok(code as u32)
    }

    /// Keeps why reading stops.
    fn stop<T>(&mut self, result: Result<T, DecodeError>) -> Result<T, Stopped> {
        result.map_err(|error| {
            self.error = Some(error);
            Stopped
        })
    }

    fn refuse<T>(&mut self, offset: usize, fault: Fault) -> Result<T, Stopped> {
        self.stop(Err(self.reader.fail(self.field, offset, fault)))
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
        $(fn $method<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Stopped> {
            Err(Stopped)
        })*
    };
}

impl<'a> de::Deserializer<'a> for &mut Strict<'a> {
    type Error = Stopped;

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_u8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_u8(self.byte()?)
    }

    fn deserialize_u32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_u32(self.number(32)? as u32)
    }

    fn deserialize_u64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_u64(self.number(64)?)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_borrowed_str(self.name()?)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Stopped> {
        if self.flag()? {
            visitor.visit_some(self)
        } else {
            visitor.visit_none()
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, name: &'static str, visitor: V) -> Result<V::Value, Stopped> {
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
    ) -> Result<V::Value, Stopped> {
        visitor.visit_seq(Fields { strict: self, names: fields.iter(), nameless: 0 })
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_seq(Fields { strict: self, names: [].iter(), nameless: length })
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_enum(Variant { strict: self, count: variants.len() })
    }

    not_in_the_format! {
        deserialize_any deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u16
        deserialize_f32 deserialize_f64 deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
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
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Stopped> {
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
    type Error = Stopped;
    type Variant = Variant<'s, 'a>;

    fn variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<(T::Value, Variant<'s, 'a>), Stopped> {
        let code = self.strict.variant(self.count)?;
        let value = seed.deserialize(IntoDeserializer::<Stopped>::into_deserializer(code))?;
        Ok((value, self))
    }
}

impl<'a> de::VariantAccess<'a> for Variant<'_, 'a> {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Stopped> {
        seed.deserialize(self.strict)
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Stopped> {
        de::Deserializer::deserialize_tuple(self.strict, length, visitor)
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Stopped> {
        de::Deserializer::deserialize_struct(self.strict, "", fields, visitor)
    }
}
