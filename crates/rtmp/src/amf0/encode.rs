//! Encoding AMF0 (AMF0 §2).

use bytes::{BufMut, BytesMut};

use super::decode::marker;
use super::value::{Object, Value};

/// Encodes several values in a row, as a message body has them.
#[must_use]
pub fn encode_all(values: &[Value]) -> BytesMut {
    let mut out = BytesMut::new();
    for value in values {
        encode(value, &mut out);
    }
    out
}

/// Appends one value to `out`.
///
/// Strings beyond 65,535 bytes use the long form; property and class names are cut there, which no
/// caller reaches.
pub fn encode(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Number(number) => {
            out.put_u8(marker::NUMBER);
            out.put_f64(*number);
        }
        Value::Boolean(boolean) => out.put_slice(&[marker::BOOLEAN, u8::from(*boolean)]),
        Value::String(text) => put_string(out, text),
        Value::Object(object) => {
            out.put_u8(marker::OBJECT);
            put_properties(out, object);
        }
        Value::Null => out.put_u8(marker::NULL),
        Value::Undefined => out.put_u8(marker::UNDEFINED),
        Value::EcmaArray(object) => {
            out.put_u8(marker::ECMA_ARRAY);
            put_u32_len(out, object.len());
            put_properties(out, object);
        }
        Value::StrictArray(items) => {
            out.put_u8(marker::STRICT_ARRAY);
            put_u32_len(out, items.len());
            for item in items {
                encode(item, out);
            }
        }
        Value::Date { unix_ms, time_zone } => {
            out.put_u8(marker::DATE);
            out.put_f64(*unix_ms);
            out.put_i16(*time_zone);
        }
        Value::Unsupported | Value::ByteArray(_) => out.put_u8(marker::UNSUPPORTED),
        Value::XmlDocument(text) => {
            out.put_u8(marker::XML_DOCUMENT);
            put_u32_len(out, text.len());
            out.put_slice(text.as_bytes());
        }
        Value::TypedObject { class, properties } => {
            out.put_u8(marker::TYPED_OBJECT);
            put_name(out, class);
            put_properties(out, properties);
        }
    }
}

fn put_string(out: &mut BytesMut, text: &str) {
    if text.len() <= usize::from(u16::MAX) {
        out.put_u8(marker::STRING);
        put_name(out, text);
    } else {
        out.put_u8(marker::LONG_STRING);
        put_u32_len(out, text.len());
        out.put_slice(text.as_bytes());
    }
}

fn put_properties(out: &mut BytesMut, object: &Object) {
    for (name, value) in object.iter() {
        put_name(out, name);
        encode(value, out);
    }
    out.put_u16(0);
    out.put_u8(marker::OBJECT_END);
}

fn put_name(out: &mut BytesMut, name: &str) {
    let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.put_u16(len);
    out.put_slice(name.as_bytes().get(..usize::from(len)).unwrap_or_default());
}

fn put_u32_len(out: &mut BytesMut, len: usize) {
    out.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::amf0::decode_all;
    use crate::limits::AmfLimits;

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<f64>()
                .prop_filter("NaN is unlike itself", |n| !n.is_nan())
                .prop_map(Value::Number),
            any::<bool>().prop_map(Value::Boolean),
            ".{0,20}".prop_map(Value::String),
            Just(Value::Null),
            Just(Value::Undefined),
            Just(Value::Unsupported),
            (-1e15..1e15, any::<i16>())
                .prop_map(|(unix_ms, time_zone)| Value::Date { unix_ms, time_zone }),
            ".{0,20}".prop_map(Value::XmlDocument),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(5, 60, 6, |inner| {
            let object = proptest::collection::vec((".{0,8}", inner.clone()), 0..6)
                .prop_map(Object::from_iter);
            prop_oneof![
                object.clone().prop_map(Value::Object),
                object.clone().prop_map(Value::EcmaArray),
                ("[A-Z]{1,5}", object)
                    .prop_map(|(class, properties)| Value::TypedObject { class, properties }),
                proptest::collection::vec(inner, 0..6).prop_map(Value::StrictArray),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_encoded_value_decodes_to_itself(values in proptest::collection::vec(value(), 0..4)) {
            let bytes = encode_all(&values);
            prop_assert_eq!(decode_all(&bytes, AmfLimits::default()), Ok(values));
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_all(&bytes, AmfLimits::default());
            let amf3 = [&[0x11], bytes.as_slice()].concat();
            let _ = decode_all(&amf3, AmfLimits::default());
        }
    }

    #[test]
    fn a_string_beyond_the_short_form_is_long() {
        let text = Value::String("x".repeat(65_536));
        let bytes = encode_all(std::slice::from_ref(&text));
        assert_eq!(bytes[0], marker::LONG_STRING);
        assert_eq!(decode_all(&bytes, AmfLimits::default()), Ok(vec![text]));
    }
}
