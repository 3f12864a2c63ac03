//! One try to deliver.

use bytes::Bytes;
use genlock_store::HookDelivery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::client::{Answer, Call, CallError, Client};
use crate::hook_target::HookTarget;
use crate::limits::DELIVERY_TIME_MAX;
use crate::queue::Outcome;

/// Time and signature.
const SIGNATURE: HeaderName = HeaderName::from_static("genlock-signature");
/// Number of the try, from 1.
const ATTEMPT: HeaderName = HeaderName::from_static("genlock-attempt");

/// Calls the target; `at` is the time that is signed, in seconds since 1970.
pub(crate) async fn deliver(
    client: &Client,
    target: &HookTarget,
    delivery: &HookDelivery,
    at: i64,
) -> Outcome {
    let signature = target.secret.sign(at, delivery.body.as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ATTEMPT, HeaderValue::from(delivery.attempts.saturating_add(1)));
    if let Ok(signature) = HeaderValue::try_from(signature) {
        headers.insert(SIGNATURE, signature);
    }
    let call = Call {
        method: Method::POST,
        path: target.target.path_and_query().to_owned(),
        headers,
        body: Bytes::from(delivery.body.clone()),
    };
    outcome(client.call(&target.target, call, DELIVERY_TIME_MAX).await)
}

/// 2xx: taken. 410: the target says itself that it is gone. Everything else, a wrong configuration too, can
/// be mended before the tries end.
fn outcome(answer: Result<Answer, CallError>) -> Outcome {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Outcome::Taken,
        Ok(answer) => {
            let error = format!("it answered {}", answer.status);
            match answer.status {
                410 => Outcome::Hopeless { error },
                _ => Outcome::Failed { error, retry_after: answer.retry_after },
            }
        }
        Err(error) => Outcome::Failed { error: error.to_string(), retry_after: None },
    }
}
