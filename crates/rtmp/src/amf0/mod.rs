//! Action Message Format 0, as commands and data messages carry it (AMF0 specification, 2007), with
//! the `avmplus-object-marker` that switches one value to AMF3.
//!
//! Decoding is bounded in depth, values and string length ([`AmfLimits`](crate::AmfLimits)) and
//! allocates only for bytes that are there. References, `MovieClip` and `RecordSet` are refused:
//! nothing on an ingest connection has a use for them, and references make cycles possible.

mod amf3;
mod decode;
mod encode;
mod error;
mod value;

pub use decode::{Decoder, decode_all};
pub use encode::{encode, encode_all};
pub use error::{AmfError, AmfFault};
pub use value::{Object, Value};
