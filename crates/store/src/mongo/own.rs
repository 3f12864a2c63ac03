//! Genlock's own collections: records as documents, found by their ids.

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, deserialize_from_document, doc, serialize_to_document};
use mongodb::options::ReturnDocument;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::Collections;
use super::error::{corrupt, is_duplicate};
use crate::error::StoreError;

/// Fields of a document that are no fields of its record.
const BESIDE_RECORD: [&str; 3] = ["_id", "place", "seq"];

/// A record as a document with this `_id`.
pub(super) fn document<T: Serialize>(
    what: &'static str,
    id: &str,
    record: &T,
) -> Result<Document, StoreError> {
    let mut document = serialize_to_document(record).map_err(corrupt(what))?;
    document.insert("_id", id);
    Ok(document)
}

/// A document as the record that it should be.
pub(super) fn record<T: DeserializeOwned>(
    what: &'static str,
    mut document: Document,
) -> Result<T, StoreError> {
    for beside in BESIDE_RECORD {
        document.remove(beside);
    }
    deserialize_from_document(document).map_err(corrupt(what))
}

/// The record that the filter finds.
pub(super) async fn find<T: DeserializeOwned>(
    collection: &Collection<Document>,
    what: &'static str,
    filter: Document,
) -> Result<Option<T>, StoreError> {
    collection.find_one(filter).await?.map(|found| record(what, found)).transpose()
}

/// All records that the filter finds.
pub(super) async fn list<T: DeserializeOwned>(
    collection: &Collection<Document>,
    what: &'static str,
    filter: Document,
    sort: Document,
    limit: u32,
) -> Result<Vec<T>, StoreError> {
    let found = collection.find(filter).sort(sort).limit(limit.into()).await?;
    let documents: Vec<Document> = found.try_collect().await?;
    documents.into_iter().map(|document| record(what, document)).collect()
}

/// Adds a document; a unique index that has it already is [`StoreError::AlreadyExists`].
pub(super) async fn insert(
    collection: &Collection<Document>,
    what: &'static str,
    document: Document,
) -> Result<(), StoreError> {
    match collection.insert_one(document).await {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => Err(StoreError::AlreadyExists { what }),
        Err(error) => Err(error.into()),
    }
}

/// Removes the record that the filter finds, and returns it.
pub(super) async fn take<T: DeserializeOwned>(
    collection: &Collection<Document>,
    what: &'static str,
    filter: Document,
) -> Result<Option<T>, StoreError> {
    collection.find_one_and_delete(filter).await?.map(|found| record(what, found)).transpose()
}

/// Refuses one more where there are `limit`.
pub(super) async fn check_limit(
    collection: &Collection<Document>,
    what: &'static str,
    filter: Document,
    limit: u32,
) -> Result<(), StoreError> {
    let count = collection.count_documents(filter).limit(limit.into()).await?;
    if count < u64::from(limit) { Ok(()) } else { Err(StoreError::LimitExceeded { what, limit }) }
}

impl Collections {
    /// The next number of a series: at least `at_least`, and above all that were given.
    pub(super) async fn next_number(&self, series: &str, at_least: i64) -> Result<i64, StoreError> {
        let one_more = doc! { "$add": [{ "$ifNull": ["$value", 0_i64] }, 1_i64] };
        let update = doc! { "$set": { "value": { "$max": [one_more, at_least] } } };
        let numbered = self
            .meta
            .find_one_and_update(doc! { "_id": series }, vec![update])
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await?;
        match numbered.as_ref().and_then(|series| series.get("value")) {
            Some(Bson::Int64(number)) => Ok(*number),
            other => {
                let found = std::io::Error::other(format!("{other:?} in place of a number"));
                Err(corrupt("series of numbers")(found))
            }
        }
    }

    /// Tells a series that a number was given elsewhere.
    pub(super) async fn number_given(&self, series: &str, number: i64) -> Result<(), StoreError> {
        let update = doc! { "$max": { "value": number } };
        self.meta.update_one(doc! { "_id": series }, update).upsert(true).await?;
        Ok(())
    }
}
