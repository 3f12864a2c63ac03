//! Signed playback: the store's keys and settings, as the origin needs them.

use std::net::IpAddr;
use std::time::SystemTime;

use genlock_control_api::live::{Opened, PlaybackGrant};
use genlock_delivery::{Grant, Origin, Scope, SigningKey};
use genlock_store::{
    Event, EventId, MetaKey, Playback, PlaybackKeys, Store, StoreError, Timestamp,
};

use super::unix_micros;

/// Lets the origin use the keys that the store has, or new ones at the first start.
pub(super) async fn restore_keys(store: &dyn Store, origin: &Origin) -> Result<(), StoreError> {
    let kept = store.meta(MetaKey::PlaybackKeys).await?;
    let keys = match kept.as_deref().and_then(PlaybackKeys::from_text) {
        Some(keys) => keys,
        None => {
            let now = unix_micros(SystemTime::now()) / 1000;
            let keys = PlaybackKeys::random(Timestamp::from_millis(now));
            let keys = keys.map_err(|error| StoreError::Backend(Box::new(error)))?;
            store.set_meta(MetaKey::PlaybackKeys, keys.to_text()).await?;
            keys
        }
    };
    use_keys(origin, &keys);
    Ok(())
}

/// Lets the origin use `keys` and no others.
pub(super) fn use_keys(origin: &Origin, keys: &PlaybackKeys) {
    let keys = keys.keys().iter().map(|key| SigningKey {
        id: key.id.clone(),
        secret: key.secret,
        retires_at: key.retires_at.map(seconds),
    });
    origin.set_playback_keys(keys.collect());
}

/// Lets the origin admit whom the event admits.
pub(super) fn set_access(origin: &Origin, event: &Event) {
    origin.set_signed(event.id.as_str(), event.playback == Playback::Signed);
}

/// A token for `grant`.
pub(super) fn sign(origin: &Origin, grant: &PlaybackGrant) -> Option<String> {
    origin.sign_playback(&Grant {
        event: grant.event.as_str(),
        scope: match grant.opens {
            Opened::Program => Scope::Program,
            Opened::Event => Scope::Event,
            Opened::Archive => Scope::Archive,
        },
        expires_at: seconds(grant.expires_at),
        address: grant.address,
    })
}

/// What a token opens now to a viewer at `peer`.
pub(super) fn opened_by(
    origin: &Origin,
    event: &EventId,
    token: &str,
    peer: IpAddr,
) -> Option<Opened> {
    origin.opened_by(token, event.as_str(), peer).map(|scope| match scope {
        Scope::Program => Opened::Program,
        Scope::Event => Opened::Event,
        Scope::Archive => Opened::Archive,
    })
}

/// Seconds since 1970, the fraction lost: a token ends up to a second early, never late.
fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis() / 1000).unwrap_or(0)
}
