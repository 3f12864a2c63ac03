//! Fields of a stored document that this build does not know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a document has besides the fields of its record, kept as it is whenever the document is written
/// again: a later build, or another program that shares the store, put it there for its own use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownFields(Map<String, Value>);
