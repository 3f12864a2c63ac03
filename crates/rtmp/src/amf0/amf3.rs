//! The one AMF3 value behind an `avmplus-object-marker` (AMF3 specification, §3).
//!
//! Accepts what a command can sensibly carry: scalars, strings, dates, byte arrays, arrays, objects
//! with traits. Externalizable objects, vectors and dictionaries are refused. String and trait
//! references resolve; references to whole objects are refused, since they would make shared and
//! cyclic values.

use super::decode::Cursor;
use super::error::{AmfError, AmfFault};
use super::value::{Object, Value};

mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0A;
    pub(super) const XML: u8 = 0x0B;
    pub(super) const BYTE_ARRAY: u8 = 0x0C;
}

/// Decoder of one value: "the reference tables are reset" at every switch from AMF0.
pub(super) struct Amf3<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    strings: Vec<String>,
    traits: Vec<Traits>,
}

#[derive(Clone)]
struct Traits {
    class: String,
    members: Vec<String>,
    dynamic: bool,
}

/// The header of a string, array, object, …: a reference, or the number that the value starts with.
enum Header {
    Reference(u32),
    Inline(u32),
}

impl<'c, 'a> Amf3<'c, 'a> {
    pub(super) fn new(cursor: &'c mut Cursor<'a>) -> Self {
        Self { cursor, strings: Vec::new(), traits: Vec::new() }
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<Value, AmfError> {
        self.cursor.charge(depth)?;
        let kind = self.cursor.u8("AMF3 marker")?;
        Ok(match kind {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER => Value::Number(f64::from(self.integer()?)),
            marker::DOUBLE => Value::Number(self.cursor.f64("number")?),
            marker::STRING => Value::String(self.string()?),
            marker::XML_DOCUMENT | marker::XML => {
                let len = self.inline_header()?;
                Value::XmlDocument(self.cursor.text(to_usize(len))?)
            }
            marker::DATE => {
                self.inline_header()?;
                Value::Date { unix_ms: self.cursor.f64("date")?, time_zone: 0 }
            }
            marker::BYTE_ARRAY => {
                let len = self.inline_header()?;
                Value::ByteArray(self.cursor.bytes(to_usize(len))?.to_vec())
            }
            marker::ARRAY => self.array(depth)?,
            marker::OBJECT => self.object(depth)?,
            other => return Err(self.cursor.fault_before(1, AmfFault::Marker(other))),
        })
    }

    /// An array has an associative part, which ends at an empty name, and a dense part. It becomes
    /// a `StrictArray` without the former, else an `EcmaArray` with the dense items named by their
    /// index.
    fn array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let dense_len = self.inline_header()?;
        let mut named = self.dynamic_members(depth)?;
        let mut dense = Vec::new();
        for _ in 0..dense_len {
            dense.push(self.value(depth.saturating_add(1))?);
        }
        if named.is_empty() {
            return Ok(Value::StrictArray(dense));
        }
        for (index, value) in dense.into_iter().enumerate() {
            named.push(index.to_string(), value);
        }
        Ok(Value::EcmaArray(named))
    }

    fn object(&mut self, depth: usize) -> Result<Value, AmfError> {
        let header = self.inline_header()?;
        let traits = self.traits(header)?;
        let mut properties = Object::new();
        for name in traits.members {
            let value = self.value(depth.saturating_add(1))?;
            properties.push(name, value);
        }
        if traits.dynamic {
            let dynamic = self.dynamic_members(depth)?;
            for (name, value) in dynamic.iter() {
                properties.push(name.to_owned(), value.clone());
            }
        }
        if traits.class.is_empty() {
            return Ok(Value::Object(properties));
        }
        Ok(Value::TypedObject { class: traits.class, properties })
    }

    /// `header` is the object header behind its inline bit: bit 0 clear means a trait reference,
    /// then bit 1 says externalizable, bit 2 dynamic, the rest counts the sealed members (AMF3
    /// §3.12).
    fn traits(&mut self, header: u32) -> Result<Traits, AmfError> {
        if header & 1 == 0 {
            let index = header >> 1;
            let known = self.traits.get(to_usize(index)).cloned();
            let traits = known.ok_or_else(|| self.cursor.fault(AmfFault::Reference(index)))?;
            let names = traits.members.iter().chain([&traits.class]).map(String::len);
            self.cursor.charge_copy(names.sum())?;
            return Ok(traits);
        }
        if header & 2 != 0 {
            return Err(self.cursor.fault(AmfFault::Marker(marker::OBJECT)));
        }
        let class = self.string()?;
        let mut members = Vec::new();
        for _ in 0..header >> 3 {
            // Each name is charged as an element: an empty one costs a byte but a `String`.
            self.cursor.charge(0)?;
            members.push(self.string()?);
        }
        let traits = Traits { class, members, dynamic: header & 4 != 0 };
        self.traits.push(traits.clone());
        Ok(traits)
    }

    fn dynamic_members(&mut self, depth: usize) -> Result<Object, AmfError> {
        let mut members = Object::new();
        loop {
            let name = self.string()?;
            if name.is_empty() {
                return Ok(members);
            }
            let value = self.value(depth.saturating_add(1))?;
            members.push(name, value);
        }
    }

    fn string(&mut self) -> Result<String, AmfError> {
        match self.header()? {
            Header::Reference(index) => {
                let known = self.strings.get(to_usize(index)).cloned();
                let text = known.ok_or_else(|| self.cursor.fault(AmfFault::Reference(index)))?;
                self.cursor.charge_copy(text.len())?;
                Ok(text)
            }
            Header::Inline(len) => {
                let text = self.cursor.text(to_usize(len))?;
                // "The empty string is never sent by reference" (AMF3 §1.3.2).
                if !text.is_empty() {
                    self.strings.push(text.clone());
                }
                Ok(text)
            }
        }
    }

    fn inline_header(&mut self) -> Result<u32, AmfError> {
        match self.header()? {
            Header::Inline(value) => Ok(value),
            Header::Reference(index) => Err(self.cursor.fault(AmfFault::Reference(index))),
        }
    }

    fn header(&mut self) -> Result<Header, AmfError> {
        let raw = self.u29()?;
        Ok(if raw & 1 == 0 { Header::Reference(raw >> 1) } else { Header::Inline(raw >> 1) })
    }

    /// A signed 29-bit integer.
    fn integer(&mut self) -> Result<i32, AmfError> {
        Ok((self.u29()? << 3).cast_signed() >> 3)
    }

    /// Variable-length unsigned 29-bit integer: seven bits in each of three bytes, eight in a
    /// fourth (AMF3 §1.3.1).
    fn u29(&mut self) -> Result<u32, AmfError> {
        let mut value = 0;
        for _ in 0..3 {
            let byte = self.cursor.u8("integer")?;
            value = (value << 7) | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Ok((value << 8) | u32::from(self.cursor.u8("integer")?))
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amf0::decode_all;
    use crate::limits::AmfLimits;

    fn check(bytes: &[u8], expect: Result<Value, AmfFault>) {
        let bytes = [&[0x11], bytes].concat();
        let got = decode_all(&bytes, AmfLimits::default());
        let got = got.map(|mut values| values.remove(0)).map_err(|error| error.fault);
        assert_eq!(got, expect, "{bytes:02X?}");
    }

    #[test]
    fn scalars() {
        check(&[0], Ok(Value::Undefined));
        check(&[3], Ok(true.into()));
        check(&[4, 0x7F], Ok(127.0.into()));
        check(&[4, 0x81, 0x00], Ok(128.0.into()));
        check(&[4, 0xFF, 0xFF, 0xFF, 0xFF], Ok((-1.0).into()));
        check(b"\x05\x3F\xF0\0\0\0\0\0\0", Ok(1.0.into()));
        check(b"\x06\x07abc", Ok("abc".into()));
        check(b"\x0C\x05\x01\x02", Ok(Value::ByteArray(vec![1, 2])));
        check(b"\x08\x01\x3F\xF0\0\0\0\0\0\0", Ok(Value::Date { unix_ms: 1.0, time_zone: 0 }));
    }

    #[test]
    fn arrays_are_dense_or_associative() {
        check(b"\x09\x05\x01\x02\x03", Ok(Value::StrictArray(vec![false.into(), true.into()])));
        let named = Object::new().with("a", Value::Null).with("0", true);
        check(b"\x09\x03\x03a\x01\x01\x03", Ok(Value::EcmaArray(named)));
    }

    #[test]
    fn objects_have_sealed_and_dynamic_members_and_string_references() {
        // Traits: inline, dynamic, one sealed member "ab"; then dynamic member named by reference 0
        // = "ab".
        let bytes = b"\x0A\x1B\x01\x05ab\x03\x00\x02\x01";
        let object = Object::new().with("ab", true).with("ab", false);
        check(bytes, Ok(object.into()));
        let typed = Value::TypedObject { class: "C".into(), properties: Object::new() };
        check(b"\x0A\x03\x03C", Ok(typed));
    }

    #[test]
    fn dangling_references_and_refused_kinds_are_errors() {
        check(&[6, 0x02], Err(AmfFault::Reference(1)));
        check(&[0x0A, 0x00], Err(AmfFault::Reference(0)));
        check(&[0x0A, 0x07], Err(AmfFault::Marker(0x0A)));
        check(&[0x0D], Err(AmfFault::Marker(0x0D)));
    }

    #[test]
    fn references_cannot_multiply_a_long_string() {
        let long = [b"\x0A\x0B\x01\x87\x69".as_slice(), &[b'x'; 500], b"\x01"].concat();
        let bytes = [long, b"\x00\x01".repeat(400)].concat();
        check(&bytes, Err(AmfFault::StringTooLong(AmfLimits::default().string_bytes)));
    }

    #[test]
    fn announced_counts_do_not_allocate_and_depth_is_bounded() {
        check(&[9, 0xFF, 0xFF, 0xFF, 0xFF, 1], Err(AmfFault::Truncated("AMF3 marker")));
        check(&[0x09, 0x03, 0x01].repeat(100), Err(AmfFault::TooDeep(32)));
    }
}
