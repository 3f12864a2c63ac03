//! Reading JSON bodies, with problems that name what is wrong.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::limits::{BODY_BYTES_MAX, BODY_TIME_MAX};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// 2^53: up to here all integers are floats.
const FLOAT_INTEGERS_MAX: f64 = 9_007_199_254_740_992.0;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let bytes = read_json(request, shared, BODY_BYTES_MAX).await?;
        parse_object(&bytes).map(Self)
    }
}

/// A JSON body that may be missing, or `null`: then the default, whatever type is declared.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<Shared>> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let declared_json = is_json(request.headers());
        let bytes = read(request, shared, BODY_BYTES_MAX).await?;
        match (bytes.is_empty(), declared_json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => {
                let given: Option<Object<T>> = parse(&bytes)?;
                Ok(Self(given.map_or_else(T::default, |Object(value)| value)))
            }
            (false, false) => Err(unsupported_media_type()),
        }
    }
}

/// Reads a field of a patch: it may be missing, but `null` is a wrong type and not "unchanged".
pub(crate) fn present<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

/// Reads an integer, which JSON's senders may also write as `60.0`: to JSON Schema it is the same (Core §4.2.1, Validation
/// §6.1.1 of 2020-12).
pub(crate) fn integer<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    Whole::deserialize(from).map(|Whole(value)| value)
}

/// Reads a field of a patch that holds an integer: it may be missing, but not `null`.
pub(crate) fn present_integer<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    integer(from).map(Some)
}

/// Reads a field of a patch that holds an integer, and for which `null` is a value: "none".
pub(crate) fn nullable_integer<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let given: Option<Whole<T>> = Option::deserialize(from)?;
    Ok(Some(given.map(|Whole(value)| value)))
}

/// Reads a field of a patch that holds an object, and for which `null` is a value: "none".
pub(crate) fn nullable_object<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let given: Option<Object<T>> = Option::deserialize(from)?;
    Ok(Some(given.map(|Object(value)| value)))
}

/// Reads a field of a patch that holds an object: it may be missing, but not `null`.
pub(crate) fn present_object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(from).map(|Object(value)| Some(value))
}

/// A JSON object. serde's derive would take an array of a struct's fields in their order too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A number without a fraction.
struct Whole<T>(T);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(WholeVisitor(PhantomData))
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Visitor<'_> for WholeVisitor<T> {
    type Value = Whole<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Whole<T>, E> {
        let legal = T::try_from(value).map(Whole);
        legal.map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Whole<T>, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Whole<T>, E> {
        // Beyond it not every integer is a float, and none of our fields is as large.
        if value.fract() != 0.0 || value.abs() > FLOAT_INTEGERS_MAX {
            return Err(E::invalid_type(Unexpected::Float(value), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is a whole number below 2^53")]
        self.visit_i64(value as i64)
    }
}

/// The bytes of a body that is declared as JSON. `limit` is what the route allows, for the problem of a larger one.
pub(crate) async fn read_json(
    request: Request,
    shared: &Arc<Shared>,
    limit: usize,
) -> Result<Bytes, Problem> {
    let declared_json = is_json(request.headers());
    let bytes = read(request, shared, limit).await?;
    if declared_json { Ok(bytes) } else { Err(unsupported_media_type()) }
}

/// Reads a JSON object.
pub(crate) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    parse(bytes).map(|Object(value)| value)
}

async fn read(request: Request, shared: &Arc<Shared>, limit: usize) -> Result<Bytes, Problem> {
    let body = tokio::time::timeout(BODY_TIME_MAX, Bytes::from_request(request, shared)).await;
    match body {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) => Err(unreadable(&rejection, limit)),
        Err(_) => Err(Problem::new(ProblemCode::RequestTimeout, "the body did not arrive in time")),
    }
}

fn unreadable(rejection: &BytesRejection, limit: usize) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("a body has at most {limit} bytes");
        return Problem::new(ProblemCode::BodyTooLarge, detail);
    }
    Problem::new(ProblemCode::BadJson, "the body could not be read to its end")
}

fn unsupported_media_type() -> Problem {
    let detail = "the body must be JSON, declared by `content-type: application/json`";
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}

/// Whether the body is declared as `application/json` or `application/{anything}+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.unwrap_or("").split(';').next().unwrap_or("");
    let essence = essence.trim().to_ascii_lowercase();
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, &error.into_inner(), is_whole_json(bytes))
    })?;
    from.end().map_err(|error| explain("", &error, false))?;
    Ok(value)
}

fn is_whole_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

/// Says which field is wrong and how.
///
/// serde tells the kinds of data errors apart only by their text, which its derive has kept since 1.0; the
/// tests below hold it to that.
///
/// A number or `null` where the name of a variant should be is a syntax error to serde_json, even if the body
/// is whole JSON (`is_json`): to the client it is a wrong type.
fn explain(path: &str, error: &serde_json::Error, is_json: bool) -> Problem {
    let text = error.to_string();
    if !error.is_data() && !is_json {
        return Problem::new(ProblemCode::BadJson, format!("the body is not JSON: {text}"));
    }
    let code = [
        ("unknown field", ProblemCode::UnknownField),
        ("missing field", ProblemCode::MissingField),
        ("duplicate field", ProblemCode::DuplicateField),
        ("unknown variant", ProblemCode::InvalidValue),
        ("invalid value", ProblemCode::InvalidValue),
    ]
    .into_iter()
    .find_map(|(prefix, code)| text.starts_with(prefix).then_some(code))
    .unwrap_or(ProblemCode::WrongType);
    let quoted = text.split('`').nth(1).unwrap_or_default();
    match code {
        // The path of these two leads to the object that holds the field.
        ProblemCode::MissingField | ProblemCode::DuplicateField => {
            Problem::of_field(code, quoted, text.clone())
        }
        _ if path == "." => Problem::new(code, text),
        _ => Problem::of_field(code, path, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Outer {
        name: String,
        #[serde(default, deserialize_with = "present_object")]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        #[serde(deserialize_with = "integer")]
        count: u16,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Known,
    }

    fn check(body: &str, expect: &str) {
        let problem = parse::<Object<Outer>>(body.as_bytes()).err().unwrap();
        assert_eq!(format!("{problem:?}"), expect, "{body}");
    }

    fn bad(code: &str, field: &str, detail: &str) -> String {
        let field = if field.is_empty() { "None".to_owned() } else { format!("Some({field:?})") };
        let told = format!("code: {code}, detail: {detail:?}, field: {field}");
        format!("Problem {{ status: 400, {told}, retry_after: None }}")
    }

    #[test]
    fn text_that_is_not_json_is_told_by_position() {
        let detail = "the body is not JSON: expected value at line 1 column 10";
        check("{\"name\": }", &bad("BadJson", "", detail));
        let detail = "the body is not JSON: EOF while parsing a value at line 1 column 0";
        check("", &bad("BadJson", "", detail));
        let detail = "the body is not JSON: trailing characters at line 2 column 1";
        check("{\"name\":\"a\"}\nx", &bad("BadJson", "", detail));
    }

    #[test]
    fn a_field_is_named_by_its_path() {
        let detail = "unknown field `nam`, expected `name` or `inner` at line 1 column 6";
        check("{\"nam\":1}", &bad("UnknownField", "nam", detail));
        let detail = "unknown field `x`, expected `count` or `kind` at line 1 column 24";
        check("{\"name\":\"a\",\"inner\":{\"x\":1}}", &bad("UnknownField", "inner.x", detail));
        let detail = "invalid type: integer `1`, expected a string at line 1 column 9";
        check("{\"name\":1}", &bad("WrongType", "name", detail));
        let detail = "missing field `name` at line 1 column 2";
        check("{}", &bad("MissingField", "name", detail));
        let detail = "duplicate field `name` at line 1 column 18";
        check("{\"name\":\"a\",\"name\":\"b\"}", &bad("DuplicateField", "name", detail));
        let detail = "invalid value: integer `70000`, expected u16 at line 1 column 34";
        check(
            "{\"name\":\"a\",\"inner\":{\"count\":70000}}",
            &bad("InvalidValue", "inner.count", detail),
        );
        let detail = "unknown variant `x`, expected `known` at line 1 column 41";
        check(
            "{\"name\":\"a\",\"inner\":{\"count\":1,\"kind\":\"x\"}}",
            &bad("InvalidValue", "inner.kind", detail),
        );
    }

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        let body = |count: &str| format!("{{\"name\":\"a\",\"inner\":{{\"count\":{count}}}}}");
        for count in ["7", "7.0", "70e-1"] {
            let Object(outer) = parse::<Object<Outer>>(body(count).as_bytes()).unwrap();
            assert_eq!(outer.inner.unwrap().count, 7, "{count}");
        }
        for count in ["7.5", "-1", "-1.0", "70000.0", "1e300", "18446744073709551615", "\"7\""] {
            assert!(parse::<Object<Outer>>(body(count).as_bytes()).is_err(), "{count}");
        }
    }

    #[test]
    fn what_is_no_name_of_a_variant_is_of_a_wrong_type() {
        let detail = "expected value at line 1 column 39";
        let field = "inner.kind";
        check(
            "{\"name\":\"a\",\"inner\":{\"count\":1,\"kind\":3}}",
            &bad("WrongType", field, detail),
        );
        let detail = "the body is not JSON: expected value at line 1 column 39";
        check("{\"name\":\"a\",\"inner\":{\"count\":1,\"kind\":3", &bad("BadJson", "", detail));
    }

    #[test]
    fn only_an_object_is_an_object() {
        let detail = "invalid type: integer `3`, expected an object at line 1 column 1";
        check("3", &bad("WrongType", "", detail));
        let detail = "invalid type: sequence, expected an object at line 1 column 0";
        check("[\"a\", null]", &bad("WrongType", "", detail));
        let detail = "invalid type: sequence, expected an object at line 1 column 20";
        check("{\"name\":\"a\",\"inner\":[1]}", &bad("WrongType", "inner", detail));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_stack_overflow() {
        let body = format!("{{\"name\":{}", "[".repeat(10_000));
        assert!(parse::<Object<Outer>>(body.as_bytes()).is_err());
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        let json = |value: &str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]))
        };
        assert!(json("application/json"));
        assert!(json("Application/JSON; charset=utf-8"));
        assert!(json("application/merge-patch+json"));
        assert!(!json("text/json"));
        assert!(!json("application/x-www-form-urlencoded"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
