//! The connection, the collections, and the indexes that are made at the first contact.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, ClientOptions, IndexOptions, WriteConcern};
use mongodb::{Client, Collection, IndexModel};

use super::MongoOptions;
use super::error::{code, is_duplicate};
use crate::error::StoreError;

/// Database, unless the configuration or the URI names one.
const DATABASE_DEFAULT: &str = "genlock";

/// How long the driver looks for a server that answers, unless the URI says. Below the time of a call, so that the
/// answer says why.
const SELECTION_TIME: Duration = Duration::from_secs(3);

/// How long a connection may take, unless the URI says.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// An index with these keys exists with other options, or one of this name with other keys: the back end's
/// own, which serves as well.
const INDEX_EXISTS: [i32; 2] = [85, 86];

/// The collections.
#[derive(Debug)]
pub(super) struct Collections {
    pub(super) events: Collection<Document>,
    pub(super) switches: Collection<Document>,
    pub(super) scheduled: Collection<Document>,
    pub(super) hooks: Collection<Document>,
    pub(super) tokens: Collection<Document>,
    pub(super) meta: Collection<Document>,
}

impl Collections {
    /// Connects and makes the indexes that are missing.
    pub(super) async fn open(options: &MongoOptions) -> Result<Self, StoreError> {
        let mut client = ClientOptions::parse(&options.uri).await?;
        client.app_name.get_or_insert_with(|| "genlock".to_owned());
        client.server_selection_timeout.get_or_insert(SELECTION_TIME);
        client.connect_timeout.get_or_insert(CONNECT_TIME);
        client.write_concern.get_or_insert_with(durable);
        let named = options.database.clone().or_else(|| client.default_database.clone());
        let client = Client::with_options(client)?;
        let database = client.database(named.as_deref().unwrap_or(DATABASE_DEFAULT));
        let own = |name: &str| database.collection(&format!("{}{name}", options.own_prefix));
        let collections = Self {
            events: database.collection(&options.collection),
            switches: own("switches"),
            scheduled: own("scheduled_takes"),
            hooks: own("hook_deliveries"),
            tokens: own("tokens"),
            meta: own("meta"),
        };
        collections.make_indexes().await?;
        Ok(collections)
    }

    async fn make_indexes(&self) -> Result<(), StoreError> {
        let text = |field: &str| doc! { field: { "$type": "string" } };
        let unique = |field: &str| (doc! { field: 1 }, Some(text(field)));
        let plain = |keys: Document| (keys, None);
        let wanted = [
            (&self.events, unique("id")),
            (&self.events, unique("genlock.cameras.key_hash")),
            (&self.events, plain(doc! { "multi_cameras.camera_id": 1 })),
            (&self.events, plain(doc! { "multi_cameras.stream_key": 1 })),
            (&self.switches, plain(doc! { "event": 1, "seq": -1 })),
            (&self.scheduled, plain(doc! { "event": 1, "at": 1, "place": 1 })),
            (&self.hooks, plain(doc! { "dead": 1, "place": 1 })),
            (&self.tokens, unique("hash")),
            (&self.tokens, plain(doc! { "event": 1, "created_at": 1 })),
        ];
        for (collection, (keys, unique_where)) in wanted {
            make_index(collection, keys, unique_where).await?;
        }
        Ok(())
    }
}

/// An answered write is on the disks of most servers, unless the URI asks for less. A single server would by itself answer
/// up to 100 ms before its journal is written, and forget the write when it is killed in that time.
fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// Makes an index, unique among the documents that `unique_where` describes.
///
/// A collection that another program filled may break the rule already. Then it stays unenforced: Genlock checks
/// before it writes, and works.
async fn make_index(
    collection: &Collection<Document>,
    keys: Document,
    unique_where: Option<Document>,
) -> Result<(), StoreError> {
    let options = unique_where.map(|filter| {
        IndexOptions::builder().unique(true).partial_filter_expression(filter).build()
    });
    let index = IndexModel::builder().keys(keys.clone()).options(options).build();
    match collection.create_index(index).await {
        Ok(_) => Ok(()),
        Err(error) if code(&error).is_some_and(|code| INDEX_EXISTS.contains(&code)) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            tracing::warn!(
                collection = collection.name(),
                index = %keys,
                "documents with equal values: the index cannot be unique"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
