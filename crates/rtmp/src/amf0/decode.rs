//! Decoding AMF0 (AMF0 §2).

use super::amf3::Amf3;
use super::error::{AmfError, AmfFault};
use super::value::{Object, Value};
use crate::limits::AmfLimits;

pub(super) mod marker {
    pub(crate) const NUMBER: u8 = 0x00;
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const STRING: u8 = 0x02;
    pub(crate) const OBJECT: u8 = 0x03;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const UNDEFINED: u8 = 0x06;
    pub(crate) const ECMA_ARRAY: u8 = 0x08;
    pub(crate) const OBJECT_END: u8 = 0x09;
    pub(crate) const STRICT_ARRAY: u8 = 0x0A;
    pub(crate) const DATE: u8 = 0x0B;
    pub(crate) const LONG_STRING: u8 = 0x0C;
    pub(crate) const UNSUPPORTED: u8 = 0x0D;
    pub(crate) const XML_DOCUMENT: u8 = 0x0F;
    pub(crate) const TYPED_OBJECT: u8 = 0x10;
    pub(crate) const AVMPLUS_OBJECT: u8 = 0x11;
}

/// Decodes all values of a message body.
///
/// # Errors
///
/// At the first value that is malformed, refused or beyond `limits`.
pub fn decode_all(bytes: &[u8], limits: AmfLimits) -> Result<Vec<Value>, AmfError> {
    let mut decoder = Decoder::new(bytes, limits);
    let mut values = Vec::new();
    while let Some(value) = decoder.next_value()? {
        values.push(value);
    }
    Ok(values)
}

/// Decodes one value after the other, so that a caller can stop where it has seen enough.
#[derive(Debug)]
pub struct Decoder<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Decoder<'a> {
    /// A decoder over a whole message body. The element budget spans all its values.
    #[must_use]
    pub fn new(bytes: &'a [u8], limits: AmfLimits) -> Self {
        Self { cursor: Cursor { rest: bytes, offset: 0, elements: 0, copied_bytes: 0, limits } }
    }

    /// The next value, or `None` at the end of the body.
    ///
    /// # Errors
    ///
    /// If the value is malformed, refused or beyond the limits. The decoder is of no use after
    /// that.
    pub fn next_value(&mut self) -> Result<Option<Value>, AmfError> {
        if self.cursor.rest.is_empty() {
            return Ok(None);
        }
        self.cursor.value(0).map(Some)
    }
}

/// The unread rest, with what the message has used up of its budget. Shared with the AMF3 decoder.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
    elements: usize,
    copied_bytes: usize,
    pub(super) limits: AmfLimits,
}

impl<'a> Cursor<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, AmfError> {
        self.charge(depth)?;
        let kind = self.u8("type marker")?;
        Ok(match kind {
            marker::NUMBER => Value::Number(self.f64("number")?),
            marker::BOOLEAN => Value::Boolean(self.u8("boolean")? != 0),
            marker::STRING => Value::String(self.short_string()?),
            marker::LONG_STRING => Value::String(self.long_string()?),
            marker::XML_DOCUMENT => Value::XmlDocument(self.long_string()?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::UNSUPPORTED => Value::Unsupported,
            marker::DATE => self.date()?,
            marker::OBJECT => Value::Object(self.properties(depth, EndMarker::Required)?),
            marker::ECMA_ARRAY => {
                // "The count … is an approximation" in practice: encoders write 0 or a stale
                // number.
                self.u32("array count")?;
                Value::EcmaArray(self.properties(depth, EndMarker::MayBeMissing)?)
            }
            marker::TYPED_OBJECT => {
                let class = self.short_string()?;
                let properties = self.properties(depth, EndMarker::Required)?;
                Value::TypedObject { class, properties }
            }
            marker::STRICT_ARRAY => self.strict_array(depth)?,
            marker::AVMPLUS_OBJECT => Amf3::new(self).value(depth)?,
            other => return Err(self.fault_before(1, AmfFault::Marker(other))),
        })
    }

    fn date(&mut self) -> Result<Value, AmfError> {
        let unix_ms = self.f64("date")?;
        let time_zone = i16::from_be_bytes(self.array("time zone")?);
        Ok(Value::Date { unix_ms, time_zone })
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let count = self.u32("array count")?;
        let mut items = Vec::new();
        // A lying count ends at the first missing value or at the element budget.
        for _ in 0..count {
            items.push(self.value(depth.saturating_add(1))?);
        }
        Ok(Value::StrictArray(items))
    }

    fn properties(&mut self, depth: usize, end: EndMarker) -> Result<Object, AmfError> {
        let mut object = Object::new();
        loop {
            if self.rest.is_empty() && end == EndMarker::MayBeMissing {
                return Ok(object);
            }
            let name = self.short_string()?;
            if name.is_empty() && self.rest.first() == Some(&marker::OBJECT_END) {
                self.u8("object end")?;
                return Ok(object);
            }
            let value = self.value(depth.saturating_add(1))?;
            object.push(name, value);
        }
    }

    /// Counts one value against the budgets.
    pub(super) fn charge(&mut self, depth: usize) -> Result<(), AmfError> {
        let AmfLimits { depth: max_depth, elements: max_elements, .. } = self.limits;
        if depth > max_depth {
            return Err(self.fault(AmfFault::TooDeep(max_depth)));
        }
        if self.elements >= max_elements {
            return Err(self.fault(AmfFault::TooManyElements(max_elements)));
        }
        self.elements = self.elements.saturating_add(1);
        Ok(())
    }

    /// Counts text that is repeated by reference: two bytes on the wire must not clone a long
    /// string without end.
    pub(super) fn charge_copy(&mut self, bytes: usize) -> Result<(), AmfError> {
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > self.limits.string_bytes {
            return Err(self.fault(AmfFault::StringTooLong(self.limits.string_bytes)));
        }
        Ok(())
    }

    fn short_string(&mut self) -> Result<String, AmfError> {
        let len = u16::from_be_bytes(self.array("string length")?);
        self.text(usize::from(len))
    }

    fn long_string(&mut self) -> Result<String, AmfError> {
        let len = self.u32("string length")?;
        self.text(usize::try_from(len).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&mut self, len: usize) -> Result<String, AmfError> {
        let bytes = self.bytes(len)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// `len` bytes of a string or byte array, within the string limit.
    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], AmfError> {
        if len > self.limits.string_bytes {
            return Err(self.fault(AmfFault::StringTooLong(self.limits.string_bytes)));
        }
        self.take(len, "string")
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, AmfError> {
        let [byte] = self.array(what)?;
        Ok(byte)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, AmfError> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }

    pub(super) fn f64(&mut self, what: &'static str) -> Result<f64, AmfError> {
        Ok(f64::from_be_bytes(self.array(what)?))
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], AmfError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.fault(AmfFault::Truncated(what)));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N);
        Ok(*head)
    }

    fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], AmfError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.fault(AmfFault::Truncated(what)));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(len);
        Ok(head)
    }

    pub(super) fn fault(&self, fault: AmfFault) -> AmfError {
        AmfError { offset: self.offset, fault }
    }

    pub(super) fn fault_before(&self, bytes: usize, fault: AmfFault) -> AmfError {
        AmfError { offset: self.offset.saturating_sub(bytes), fault }
    }
}

/// Whether an object may simply stop at the end of the message, as associative arrays of some
/// encoders do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EndMarker {
    Required,
    MayBeMissing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<&[Value], (usize, AmfFault)>) {
        let got = decode_all(bytes, AmfLimits::default());
        match expect {
            Ok(values) => assert_eq!(got.as_deref(), Ok(values), "{bytes:02X?}"),
            Err((offset, fault)) => {
                assert_eq!(got, Err(AmfError { offset, fault }), "{bytes:02X?}");
            }
        }
    }

    #[test]
    fn scalars() {
        check(b"\0\x3F\xF0\0\0\0\0\0\0", Ok(&[Value::Number(1.0)]));
        check(&[1, 1, 1, 0, 1, 7], Ok(&[true.into(), false.into(), true.into()]));
        check(b"\x02\0\x03abc", Ok(&["abc".into()]));
        check(b"\x0C\0\0\0\x03abc", Ok(&["abc".into()]));
        check(b"\x0F\0\0\0\x04<a/>", Ok(&[Value::XmlDocument("<a/>".into())]));
        check(&[5, 6, 0x0D], Ok(&[Value::Null, Value::Undefined, Value::Unsupported]));
        let date = Value::Date { unix_ms: 1.0, time_zone: -60 };
        check(b"\x0B\x3F\xF0\0\0\0\0\0\0\xFF\xC4", Ok(&[date]));
    }

    #[test]
    fn text_that_is_not_utf8_is_replaced() {
        check(b"\x02\0\x02a\xFF", Ok(&["a\u{FFFD}".into()]));
    }

    #[test]
    fn objects_and_arrays() {
        let object = Object::new().with("a", Value::Null);
        check(b"\x03\0\x01a\x05\0\0\x09", Ok(&[object.clone().into()]));
        // The count of an associative array is not to be believed.
        check(b"\x08\0\0\0\x63\0\x01a\x05\0\0\x09", Ok(&[Value::EcmaArray(object.clone())]));
        check(
            b"\x0A\0\0\0\x02\x05\x06",
            Ok(&[Value::StrictArray(vec![Value::Null, Value::Undefined])]),
        );
        let typed = Value::TypedObject { class: "C".into(), properties: object };
        check(b"\x10\0\x01C\0\x01a\x05\0\0\x09", Ok(&[typed]));
        // An empty name is a property unless the end marker follows.
        check(b"\x03\0\0\x05\0\0\x09", Ok(&[Object::new().with("", Value::Null).into()]));
    }

    #[test]
    fn only_an_associative_array_may_lack_its_end() {
        let array = Value::EcmaArray(Object::new().with("a", Value::Null));
        check(b"\x08\0\0\0\x01\0\x01a\x05", Ok(&[array]));
        check(b"\x03\0\x01a\x05", Err((5, AmfFault::Truncated("string length"))));
    }

    #[test]
    fn truncation_names_what_was_expected() {
        check(&[0, 1, 2], Err((1, AmfFault::Truncated("number"))));
        check(&[2, 0, 5, b'a'], Err((3, AmfFault::Truncated("string"))));
        check(b"\x0A\xFF\xFF\xFF\xFF\x05", Err((6, AmfFault::Truncated("type marker"))));
    }

    #[test]
    fn references_and_reserved_markers_are_refused() {
        for kind in [0x04, 0x07, 0x0E, 0x12, 0xFF] {
            check(&[5, kind, 0, 0], Err((1, AmfFault::Marker(kind))));
        }
    }

    #[test]
    fn nesting_and_element_count_are_bounded() {
        let deep = b"\x0A\0\0\0\x01".repeat(20_000);
        check(&deep, Err((5 * 33, AmfFault::TooDeep(32))));
        let many = [5; 1001];
        check(&many, Err((1000, AmfFault::TooManyElements(1000))));
        let limit = AmfLimits { string_bytes: 2, ..AmfLimits::default() };
        let long = decode_all(b"\x02\0\x03abc", limit);
        assert_eq!(long.unwrap_err().fault, AmfFault::StringTooLong(2));
    }
}
