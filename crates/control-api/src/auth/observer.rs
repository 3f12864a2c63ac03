//! Whoever reads `/metrics` and `/stat`.
//!
//! Monitoring has a token of its own, so that no scraper's configuration holds the administrator's. It may come as the
//! password of Basic authentication (RFC 7617): programs for nginx-rtmp's `/stat` know an address and nothing else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genlock_store::SecretHash;
use tokio::time::Instant;

use super::principal::Principal;
use super::{bearer, identify};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observer {
    /// Nobody in particular.
    Anonymous,
    /// The holder of the metrics token, or the administrator.
    Known,
}

/// Who reads, by the token that the request carries. A token that opens nothing here is a problem; it does not make its
/// holder anonymous.
pub(crate) async fn observer(
    shared: &Arc<Shared>,
    peer: IpAddr,
    headers: &HeaderMap,
) -> Result<Observer, Problem> {
    let Some(token) = presented(headers) else { return Ok(Observer::Anonymous) };
    let (hash, at) = (SecretHash::of(&token), Instant::now());
    shared.throttle().check(at, peer, &hash).map_err(Problem::too_many_attempts)?;
    if shared.access.rules().observers.token == Some(hash) {
        shared.throttle().succeeded(at, &hash);
        return Ok(Observer::Known);
    }
    match identify(shared, peer, &token).await? {
        Principal::Admin => Ok(Observer::Known),
        _ => Err(Problem::new(ProblemCode::Forbidden, "the token does not open metrics")),
    }
}

/// The bearer token, or the password of Basic authentication.
fn presented(headers: &HeaderMap) -> Option<String> {
    bearer(headers).map(str::to_owned).or_else(|| password(headers))
}

fn password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim_matches(' ')).ok()?).ok()?;
    let (_user, password) = decoded.split_once(':')?;
    (!password.is_empty()).then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: Option<&str>) {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(presented(&headers).as_deref(), expect, "{value}");
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_password() {
        check("Bearer abc", Some("abc"));
        // stat:abc
        check("Basic c3RhdDphYmM=", Some("abc"));
        // stat:a:b, RFC 7617 §2: the first colon ends the user's name.
        check("basic c3RhdDphOmI=", Some("a:b"));
        // stat:
        check("Basic c3RhdDo=", None);
        check("Basic stat:abc", None);
        check("Digest abc", None);
        assert_eq!(presented(&HeaderMap::new()), None);
    }
}
