//! Who calls, and whether they may.
//!
//! ```text
//!  request ─▶ bearer ─▶ throttle ─▶ admin token │ access token │ JWT ─▶ Principal
//!                          429          (hash)       (store)   (keys)       │
//!  path, method ─▶ rule ─▶ Action ───────────────────────────────────▶ may()? ─▶ handler
//!                                                                  403, 404
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`rules`] | which action each call is |
//! | [`policy`] | who may do which action: a pure function |
//! | [`principal`] | who calls |
//! | [`mod@admission`] | how long a connection that stays open may do so |
//! | [`jwt`], [`jwks`] | tokens of creators, and the keys of whoever signs them |
//! | [`mod@observer`] | who reads `/metrics` and `/stat` |
//! | [`throttle`] | what wrong tokens cost |
//! | [`quota`] | how much one creator may have |
//!
//! Only hashes of tokens are known here. They are compared in constant time, and what was presented is never logged.
//! A token is not accepted in a query or a cookie: queries end up in logs, and a cookie would be
//! sent by any page that its owner visits.

mod admission;
pub(crate) mod jwks;
pub(crate) mod jwt;
mod observer;
mod policy;
mod principal;
pub(crate) mod quota;
mod rules;
mod throttle;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use genlock_store::{AccessSecret, CameraId, EventId, SecretHash};
use tokio::time::Instant;

pub(crate) use self::admission::Admission;
pub(crate) use self::observer::{Observer, observer};
pub(crate) use self::policy::Action;
use self::policy::{Decision, EventFacts, may};
pub(crate) use self::principal::{Caller, Creator, Principal};
pub(crate) use self::throttle::Throttle;
use crate::paths::{camera_id, event_id, path_params};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::now;

/// Lets a request pass if whoever sent it may do what it asks for.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&shared, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => {
            tracing::debug!(?problem, "request refused");
            problem.into_response()
        }
    }
}

/// The request with its [`Principal`], or why it may not pass.
async fn admit(shared: &Arc<Shared>, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let token = bearer(&parts.headers)
        .ok_or_else(|| unauthorised("the request carries no bearer token"))?;
    let principal = identify(shared, peer(&parts.extensions), token).await?;
    if !matches!(principal, Principal::Admin) {
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let action = rules::action_of(&parts.method, path.unwrap_or_default());
        // A call without a rule is nobody's but the administrator's, whom nothing is forbidden.
        let action = action.unwrap_or(Action::Administer);
        let params = path_params(&mut parts, shared).await?;
        let named = |names: [&str; 2]| params.iter().any(|(name, _)| names.contains(&name));
        let event = named(["event", "wedding_id"]).then(|| event_id(&params)).transpose()?;
        let camera = named(["camera", "camera_id"]).then(|| camera_id(&params)).transpose()?;
        match (event, camera) {
            (None, Some(camera)) => authorise_alone(shared, &principal, action, &camera).await?,
            (event, camera) => {
                authorise(shared, &principal, action, event.as_ref(), camera.as_ref()).await?;
            }
        }
    }
    parts.extensions.insert(principal);
    Ok(Request::from_parts(parts, body))
}

/// For how long the holder of `token` may follow `event`: for connections that say who they are after they are
/// made.
pub(crate) async fn may_follow(
    shared: &Arc<Shared>,
    peer: IpAddr,
    token: &str,
    event: &EventId,
) -> Result<Admission, Problem> {
    let principal = identify(shared, peer, token).await?;
    authorise(shared, &principal, Action::Look, Some(event), None).await?;
    Ok(Admission::new(shared, &principal))
}

/// For how long a caller whom [`guard`] let pass may go on.
pub(crate) fn admission(shared: &Arc<Shared>, caller: &Principal) -> Admission {
    Admission::new(shared, caller)
}

/// The same for a camera whose event the call does not name. Where the event is not theirs to know of, neither is
/// the camera.
async fn authorise_alone(
    shared: &Shared,
    principal: &Principal,
    action: Action,
    camera: &CameraId,
) -> Result<(), Problem> {
    let event = shared.live.event_of(camera).ok_or_else(Problem::camera_not_found)?;
    let decided = authorise(shared, principal, action, Some(&event), Some(camera)).await;
    decided.map_err(|problem| match problem.code() {
        ProblemCode::EventNotFound => Problem::camera_not_found(),
        _ => problem,
    })
}

async fn authorise(
    shared: &Shared,
    principal: &Principal,
    action: Action,
    event: Option<&EventId>,
    camera: Option<&CameraId>,
) -> Result<(), Problem> {
    let creator = match (event, principal) {
        (Some(id), Principal::Creator(_)) => {
            let event = shared.store.event(id).await?.ok_or_else(Problem::event_not_found)?;
            event.creator_id
        }
        _ => None,
    };
    let facts = event.map(|id| EventFacts { id, creator: creator.as_ref() });
    match may(principal, action, facts, camera) {
        Decision::Allow => Ok(()),
        Decision::Forbidden(why) => Err(Problem::new(ProblemCode::Forbidden, why)),
        Decision::NoSuchEvent => Err(Problem::event_not_found()),
        Decision::NoSuchCamera => Err(Problem::camera_not_found()),
    }
}

/// Whose token it is.
async fn identify(shared: &Shared, peer: IpAddr, token: &str) -> Result<Principal, Problem> {
    let (hash, at) = (SecretHash::of(token), Instant::now());
    shared.throttle().check(at, peer, &hash).map_err(Problem::too_many_attempts)?;
    match principal_of(shared, token, &hash).await {
        Ok(principal) => {
            shared.throttle().succeeded(at, &hash);
            Ok(principal)
        }
        Err(NotAdmitted::Outdated(why)) => Err(unauthorised(why)),
        Err(NotAdmitted::Wrong) => {
            shared.throttle().failed(at, peer);
            Err(unauthorised("the token is not valid"))
        }
        Err(NotAdmitted::Unknown(problem)) => Err(problem),
    }
}

/// Why a token admits nobody.
enum NotAdmitted {
    /// It is genuine, but not for now or not for us.
    Outdated(&'static str),
    /// It may be a guess. Why exactly is told to nobody.
    Wrong,
    /// It cannot be told at present.
    Unknown(Problem),
}

async fn principal_of(
    shared: &Shared,
    token: &str,
    hash: &SecretHash,
) -> Result<Principal, NotAdmitted> {
    if *hash == shared.admin_token {
        return Ok(Principal::Admin);
    }
    if AccessSecret::resembles(token) {
        let kept = shared.store.token_by_hash(hash).await;
        let kept = kept.map_err(|error| NotAdmitted::Unknown(error.into()))?;
        return match kept {
            Some(token) if token.expires_at > now() => Ok(Principal::Guest(token.into())),
            Some(_) => Err(NotAdmitted::Outdated("the token has expired")),
            None => Err(NotAdmitted::Wrong),
        };
    }
    let rules = shared.access.rules();
    let Some(verifier) = &rules.creators else { return Err(NotAdmitted::Wrong) };
    match verifier.verify(now(), token).await {
        Ok(creator) => Ok(Principal::Creator(creator)),
        Err(error) => {
            tracing::debug!(%error, "a creator's token was refused");
            Err(error.outdated().map_or(NotAdmitted::Wrong, NotAdmitted::Outdated))
        }
    }
}

fn unauthorised(why: &'static str) -> Problem {
    Problem::new(ProblemCode::Unauthorized, why)
}

/// The token of `Authorization: Bearer {token}`; the scheme's name in any case (RFC 9110 §11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The far end of the connection, as the server behind which this runs tells it. Without one (calls inside
/// the process) all callers count as one.
fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<SocketAddr>().map(SocketAddr::ip);
    peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// The address of whoever calls.
pub(crate) struct Peer(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(peer(&parts.extensions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: Option<&str>) {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&headers), expect);
    }

    #[test]
    fn only_the_bearer_scheme_carries_a_token() {
        check("Bearer abc", Some("abc"));
        check("bearer   abc ", Some("abc"));
        check("Basic abc", None);
        check("Bearer", None);
        check("Bearer  ", None);
        check("abc", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
