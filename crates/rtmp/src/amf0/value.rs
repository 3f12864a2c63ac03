//! The value model shared by AMF0 and the part of AMF3 that is accepted.

/// One AMF value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// IEEE 754 double.
    Number(f64),
    /// Boolean.
    Boolean(bool),
    /// Text; the short and the long form are one. Bytes that are not UTF-8 were replaced.
    String(String),
    /// Anonymous object.
    Object(Object),
    /// Nothing.
    Null,
    /// Not even nothing.
    Undefined,
    /// Associative array.
    EcmaArray(Object),
    /// Dense array.
    StrictArray(Vec<Self>),
    /// A point in time.
    Date {
        /// Milliseconds since 1970-01-01 UTC.
        unix_ms: f64,
        /// "Reserved, should be set to 0x0000" (AMF0 §2.13).
        time_zone: i16,
    },
    /// Marker of a value that the sender could not express.
    Unsupported,
    /// XML text.
    XmlDocument(String),
    /// Object with a class name.
    TypedObject {
        /// Class name.
        class: String,
        /// Properties.
        properties: Object,
    },
    /// Raw bytes; exists in AMF3 only and cannot be written as AMF0 (it becomes `Unsupported`).
    ByteArray(Vec<u8>),
}

impl Value {
    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The value of a number that is an integer of 32 bits, as ids, masks and counts are.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and what does not survive it is not an integer of 32 bits"
    )]
    pub fn as_u32(&self) -> Option<u32> {
        let number = self.as_number()?;
        let integer = number as u32;
        (f64::from(integer) == number).then_some(integer)
    }

    /// The properties of an object, a typed object or an associative array.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object)
            | Self::EcmaArray(object)
            | Self::TypedObject { properties: object, .. } => Some(object),
            _ => None,
        }
    }

    /// The items of a dense array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::StrictArray(items) => Some(items),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// Properties in the order in which they were sent. Lookups are linear: objects are small and
/// bounded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// An object without properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This object with one more property at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.push(name.to_owned(), value.into());
        self
    }

    /// Appends a property; an earlier one of the same name stays in front of it.
    pub fn push(&mut self, name: String, value: Value) {
        self.0.push((name, value));
    }

    /// The first property of exactly this name, else the first that differs only in ASCII case.
    ///
    /// Some encoders send `tcurl` for `tcUrl`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let exact = self.0.iter().find(|(key, _)| key == name);
        exact
            .or_else(|| self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    /// The text of the property, if it is a string.
    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The number of the property, if it is one.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_number()
    }

    /// The properties in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of properties.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no property.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(properties: I) -> Self {
        Self(properties.into_iter().collect())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_of_32_bits_are_integers() {
        let check = |number: f64, expect: Option<u32>| {
            assert_eq!(Value::Number(number).as_u32(), expect, "{number}");
        };
        check(0.0, Some(0));
        check(4_294_967_295.0, Some(u32::MAX));
        check(4_294_967_296.0, None);
        check(1.5, None);
        check(-1.0, None);
        check(f64::NAN, None);
        check(f64::INFINITY, None);
    }

    #[test]
    fn lookup_prefers_the_exact_name_and_forgives_case() {
        let object = Object::new().with("TCURL", "a").with("tcUrl", "b").with("app", 1.0);
        assert_eq!(object.str("tcUrl"), Some("b"));
        assert_eq!(object.str("tcurl"), Some("a"));
        assert_eq!(object.str("app"), None);
        assert_eq!(object.number("APP"), Some(1.0));
        assert_eq!(object.get("missing"), None);
    }
}
