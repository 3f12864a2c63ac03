//! Who may call: the holder of the administrator's token (RFC 6750, `Authorization: Bearer`).
//!
//! Only the token's hash is known here. It is compared in constant time, and what was presented is never
//! logged. The token is not accepted in a query or a cookie: queries end up in logs, and a cookie would be
//! sent by any page the administrator visits.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use genlock_store::SecretHash;

use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// Lets a request pass if it carries the administrator's token.
pub(crate) async fn require_admin(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let token =
        bearer(request.headers()).ok_or_else(|| refused("the request carries no bearer token"));
    match token.and_then(|token| check(&shared, token)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whether `token` is the administrator's.
pub(crate) fn check(shared: &Shared, token: &str) -> Result<(), Problem> {
    if SecretHash::of(token) == shared.admin_token {
        return Ok(());
    }
    Err(refused("the token is not valid"))
}

fn refused(why: &'static str) -> Problem {
    tracing::debug!(why, "request refused");
    Problem::new(ProblemCode::Unauthorized, why)
}

/// The token of `Authorization: Bearer {token}`; the scheme's name in any case (RFC 9110 §11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
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
        check("abc", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
