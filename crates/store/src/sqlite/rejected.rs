//! Writes of the outbox that the shared database refused for what they are: kept until a human decides.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::SqliteStore;
use super::documents::read;
use super::outbox::Noting;
use crate::error::StoreError;
use crate::id::EventId;
use crate::limits::REJECTED_MAX;
use crate::status::RejectedWrite;
use crate::write::Write;

impl SqliteStore {
    /// Puts aside a write that the shared database will never take, and forgets the oldest such beyond
    /// [`REJECTED_MAX`].
    pub(crate) async fn put_aside(&self, seq: i64, why: String) -> Result<(), StoreError> {
        self.unnoted(move |db| {
            let sql = "UPDATE outbox SET rejected = ?2 WHERE seq = ?1 AND rejected IS NULL";
            db.execute(sql, params![seq, why])?;
            let sql = "DELETE FROM outbox WHERE rejected IS NOT NULL AND seq <= (SELECT seq
                FROM outbox WHERE rejected IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?1)";
            db.execute(sql, [REJECTED_MAX])?;
            Ok(())
        })
        .await?;
        self.count_again().await
    }

    pub(super) async fn list_rejected(&self) -> Result<Vec<RejectedWrite>, StoreError> {
        self.writer.call(|db| rejected(db)).await
    }

    /// Lets them wait again, in their old places.
    pub(super) async fn wait_again(&self) -> Result<u64, StoreError> {
        let sql = "UPDATE outbox SET rejected = NULL WHERE rejected IS NOT NULL";
        let waiting = self.change_rejected(sql).await?;
        if let Some(outbox) = self.outbox() {
            outbox.wake();
        }
        Ok(waiting)
    }

    pub(super) async fn forget_rejected(&self) -> Result<u64, StoreError> {
        self.change_rejected("DELETE FROM outbox WHERE rejected IS NOT NULL").await
    }

    async fn change_rejected(&self, sql: &'static str) -> Result<u64, StoreError> {
        let changed = self.unnoted(move |db: &Noting<'_>| Ok(db.execute(sql, [])?)).await?;
        self.count_again().await?;
        Ok(changed as u64)
    }

    async fn count_again(&self) -> Result<(), StoreError> {
        let outbox = self.outbox.clone();
        self.writer.call(move |db| outbox.map_or(Ok(()), |outbox| outbox.count(db))).await
    }
}

fn rejected(db: &Connection) -> Result<Vec<RejectedWrite>, StoreError> {
    let sql = "SELECT seq, doc, rejected FROM outbox WHERE rejected IS NOT NULL ORDER BY seq";
    let mut rows = db.prepare_cached(sql)?;
    let rows = rows.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut all = Vec::new();
    for row in rows {
        let (seq, doc, why) = row?;
        let write: Write = read("write", &doc)?;
        let (kind, event) = (write.kind(), write.event().cloned());
        all.push(RejectedWrite { place: seq.unsigned_abs(), kind, event, why });
    }
    Ok(all)
}

/// The events of which a write was refused.
pub(super) fn rejected_events(db: &Connection) -> Result<HashSet<EventId>, StoreError> {
    Ok(rejected(db)?.into_iter().filter_map(|rejected| rejected.event).collect())
}
