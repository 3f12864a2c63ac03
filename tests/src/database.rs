//! What another program sees in MongoDB, through the driver.

use std::future::IntoFuture;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use genlock_mongod::Mongod;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use tokio::runtime::{Builder, Runtime};

/// Name of the database that the tests use.
const DATABASE: &str = "live";

/// A connection of another program.
#[derive(Debug)]
pub struct Database {
    runtime: Runtime,
    client: Client,
    uri: String,
}

impl Database {
    /// Connects to a server.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn connect(server: &Mongod) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let uri = server.uri();
        let client = runtime.block_on(Client::with_uri_str(&uri))?;
        Ok(Self { runtime, client, uri })
    }

    /// What `--mongodb-uri` must be.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{}/{DATABASE}", self.uri)
    }

    /// The document of an event.
    ///
    /// # Errors
    /// When there is none.
    pub fn wedding(&self, id: &str) -> Result<Document> {
        let weddings = self.collection("weddings");
        let found = self.runtime.block_on(weddings.find_one(doc! { "id": id }).into_future())?;
        found.with_context(|| format!("no document {id}"))
    }

    /// Inserts a document beside Genlock's.
    ///
    /// # Errors
    /// When it is refused.
    pub fn insert_wedding(&self, document: Document) -> Result<()> {
        let weddings = self.collection("weddings");
        self.runtime.block_on(weddings.insert_one(document).into_future())?;
        Ok(())
    }

    /// The switch log of an event, oldest first.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn switches(&self, event: &str) -> Result<Vec<Document>> {
        let switches = self.collection("genlock_switches");
        self.runtime.block_on(async {
            let sorted = switches.find(doc! { "event": event }).sort(doc! { "seq": 1 });
            Ok(sorted.await?.try_collect().await?)
        })
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.client.database(DATABASE).collection(name)
    }
}
