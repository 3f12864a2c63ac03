//! Who may do what: a pure function of the caller, the action and the event.
//!
//! | action | viewer | operator | owner | administrator |
//! |---|---|---|---|---|
//! | list events (one's own) | yes | yes | yes | all |
//! | make events | | | for themselves | for anybody |
//! | look, watch | yes | yes | yes | yes |
//! | look at a camera | yes, also with a token for that camera | yes | yes | yes |
//! | take | | yes; with a token for a camera only that one | yes | yes |
//! | operate (lock, undo, schedule) | | yes, for the whole event | yes | yes |
//! | own (change, cameras, keys, tokens, life) | | | yes | yes |
//! | administer | | | | yes |
//!
//! **403 or 404.** Event ids are no secret: they stand in the addresses that viewers get, and `/hls/` tells anybody
//! which exist. So a creator who asks for another's event hears 403. Whoever holds an access token was let into
//! one event and has no business with what else the server holds: every other event is 404, whether there is one
//! or not, and with a token for one camera so is every other camera.

use genlock_store::{AccessRole, CameraId, CreatorId, EventId};

use super::principal::{Guest, Principal};

/// What a call does, as far as it matters for who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// See which events there are, of those one may see.
    ListEvents,
    /// Make an event.
    CreateEvent,
    /// See an event and everything in it.
    Look,
    /// See one camera.
    LookAtCamera,
    /// Get a path by which an event can be watched.
    Watch,
    /// Put a camera on air.
    Take,
    /// Steer the programme in other ways.
    Operate,
    /// Change the event itself.
    Own,
    /// Change the server.
    Administer,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    /// Not to this caller, for a reason that they may know.
    Forbidden(&'static str),
    /// Not to this caller, and whether the event exists is not theirs to know.
    NoSuchEvent,
    /// The same of the camera.
    NoSuchCamera,
}

/// What the decision needs to know of the event that a call names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventFacts<'a> {
    pub(crate) id: &'a EventId,
    /// Whom it belongs to. Asked for only of creators.
    pub(crate) creator: Option<&'a CreatorId>,
}

/// Whether `principal` may do `action`, to `event` and `camera` where the call names them.
pub(crate) fn may(
    principal: &Principal,
    action: Action,
    event: Option<EventFacts<'_>>,
    camera: Option<&CameraId>,
) -> Decision {
    match principal {
        Principal::Admin => Decision::Allow,
        Principal::Creator(creator) => match (action, event) {
            (Action::Administer, _) => ADMIN_ONLY,
            (_, Some(event)) if event.creator != Some(&creator.id) => {
                Decision::Forbidden("the event belongs to somebody else")
            }
            _ => Decision::Allow,
        },
        Principal::Guest(guest) => guest_may(guest, action, event, camera),
    }
}

const ADMIN_ONLY: Decision = Decision::Forbidden("only the administrator may do this");
const OWNER_ONLY: Decision = Decision::Forbidden("only the event's owner may do this");

fn guest_may(
    guest: &Guest,
    action: Action,
    event: Option<EventFacts<'_>>,
    camera: Option<&CameraId>,
) -> Decision {
    if event.is_some_and(|event| *event.id != guest.event) {
        return Decision::NoSuchEvent;
    }
    let own_camera = guest.camera.as_ref();
    if own_camera.is_some() && camera.is_some() && camera != own_camera {
        return Decision::NoSuchCamera;
    }
    let for_one_camera = own_camera.is_some();
    match action {
        Action::ListEvents | Action::LookAtCamera => Decision::Allow,
        Action::Look | Action::Watch | Action::Operate if for_one_camera => {
            Decision::Forbidden("the token is for one camera only")
        }
        Action::Look | Action::Watch => Decision::Allow,
        Action::Take | Action::Operate => match guest.role {
            AccessRole::Operator => Decision::Allow,
            AccessRole::Viewer => Decision::Forbidden("the token is for looking only"),
        },
        Action::CreateEvent | Action::Own => OWNER_ONLY,
        Action::Administer => ADMIN_ONLY,
    }
}

#[cfg(test)]
mod tests {
    use genlock_store::{SecretHash, Timestamp};

    use super::*;
    use crate::auth::Creator;

    const ALL: [Action; 9] = [
        Action::ListEvents,
        Action::CreateEvent,
        Action::Look,
        Action::LookAtCamera,
        Action::Watch,
        Action::Take,
        Action::Operate,
        Action::Own,
        Action::Administer,
    ];

    fn event(id: &str) -> EventId {
        EventId::parse(id).unwrap()
    }

    fn camera(id: &str) -> CameraId {
        CameraId::parse(id).unwrap()
    }

    fn creator(id: &str) -> Principal {
        let id = CreatorId::parse(id).unwrap();
        let expires_at = Timestamp::from_millis(0);
        Principal::Creator(Creator { id, premium: false, expires_at })
    }

    fn guest(role: AccessRole, own: Option<&str>) -> Principal {
        Principal::Guest(Guest {
            event: event("here"),
            camera: own.map(camera),
            role,
            expires_at: Timestamp::from_millis(0),
            hash: SecretHash::of("token"),
        })
    }

    /// One letter for each of [`ALL`]: allowed, forbidden, no such event, no such camera.
    fn check(principal: &Principal, at: &str, cam: &str, expect: &str) {
        let (id, cam, ann) = (event(at), camera(cam), CreatorId::parse("ann").unwrap());
        let letters: String = ALL
            .into_iter()
            .map(|action| {
                let names_event = !matches!(
                    action,
                    Action::ListEvents | Action::CreateEvent | Action::Administer
                );
                let names_camera = matches!(action, Action::LookAtCamera | Action::Take);
                let facts = EventFacts { id: &id, creator: Some(&ann) };
                let cam = names_camera.then_some(&cam);
                match may(principal, action, names_event.then_some(facts), cam) {
                    Decision::Allow => 'a',
                    Decision::Forbidden(_) => 'f',
                    Decision::NoSuchEvent => 'e',
                    Decision::NoSuchCamera => 'c',
                }
            })
            .collect();
        assert_eq!(letters, expect, "{principal:?} {at} {cam:?}");
    }

    #[test]
    fn every_principal_and_every_action() {
        let (viewer, operator) = (AccessRole::Viewer, AccessRole::Operator);
        check(&Principal::Admin, "here", "x", "aaaaaaaaa");
        check(&creator("ann"), "here", "x", "aaaaaaaaf");
        check(&creator("bob"), "here", "x", "aafffffff");
        check(&guest(operator, None), "here", "x", "afaaaaaff");
        check(&guest(viewer, None), "here", "x", "afaaaffff");
        check(&guest(operator, Some("x")), "here", "x", "affafafff");
        check(&guest(viewer, Some("x")), "here", "x", "affafffff");
    }

    #[test]
    fn to_a_guest_other_events_do_not_exist() {
        for own in [None, Some("x")] {
            check(&guest(AccessRole::Operator, own), "there", "x", "afeeeeeef");
        }
    }

    #[test]
    fn to_the_guest_of_a_camera_other_cameras_do_not_exist() {
        check(&guest(AccessRole::Operator, Some("x")), "here", "y", "affcfcfff");
    }

    #[test]
    fn an_event_without_a_creator_is_the_administrators() {
        let id = event("here");
        let facts = EventFacts { id: &id, creator: None };
        let decided = may(&creator("ann"), Action::Look, Some(facts), None);
        assert!(matches!(decided, Decision::Forbidden(_)), "{decided:?}");
    }
}
