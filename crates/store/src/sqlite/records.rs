//! Hook deliveries as SQL.

use rusqlite::{Connection, params};

use super::documents::{get, list, write};
use super::queries::check_limit;
use crate::error::StoreError;
use crate::hook::{HookDelivery, HookQueue};
use crate::id::HookDeliveryId;
use crate::limits::HOOK_DELIVERIES_MAX;

const HOOK_DELIVERY: &str = "SELECT doc FROM hook_deliveries WHERE id = ?1";
const HOOK_DELIVERIES: &str =
    "SELECT doc FROM hook_deliveries WHERE dead = ?1 ORDER BY seq LIMIT ?2";

pub(super) fn put_hook_delivery(
    db: &Connection,
    delivery: &HookDelivery,
) -> Result<(), StoreError> {
    delivery.check()?;
    let id = delivery.id.as_str();
    if get::<HookDelivery>(db, "hook delivery", HOOK_DELIVERY, [id])?.is_none() {
        let sql = "SELECT count(*) FROM hook_deliveries";
        let count = db.query_row(sql, [], |row| row.get(0))?;
        check_limit("hook deliveries", count, HOOK_DELIVERIES_MAX)?;
    }
    let sql = "INSERT INTO hook_deliveries (id, dead, doc) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET dead = ?2, doc = ?3";
    db.prepare_cached(sql)?.execute(params![
        id,
        delivery.dead,
        write("hook delivery", delivery)?
    ])?;
    Ok(())
}

pub(super) fn hook_deliveries(
    db: &Connection,
    queue: HookQueue,
    limit: u32,
) -> Result<Vec<HookDelivery>, StoreError> {
    let dead = queue == HookQueue::Dead;
    list(db, "hook delivery", HOOK_DELIVERIES, params![dead, limit.min(HOOK_DELIVERIES_MAX)])
}

pub(super) fn delete_hook_delivery(
    db: &Connection,
    id: &HookDeliveryId,
) -> Result<Option<HookDelivery>, StoreError> {
    let found = get(db, "hook delivery", HOOK_DELIVERY, [id.as_str()])?;
    db.execute("DELETE FROM hook_deliveries WHERE id = ?1", [id.as_str()])?;
    Ok(found)
}
