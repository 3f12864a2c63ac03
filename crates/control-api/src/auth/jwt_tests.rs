//! Tokens as issuers sign them, and as attackers would like to.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const RSA: &[u8] = include_bytes!("testdata/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("testdata/rsa.pub.pem");
const EC: &[u8] = include_bytes!("testdata/ec.pem");
const EC_PUBLIC: &[u8] = include_bytes!("testdata/ec.pub.pem");

/// The tests' now, in seconds.
const NOW: i64 = 1_800_000_000;

fn rules() -> JwtRules {
    JwtRules { leeway: Duration::from_secs(30), ..JwtRules::default() }
}

fn hs256(rules: JwtRules) -> JwtVerifier {
    JwtVerifier::with_secret(SECRET, rules).unwrap()
}

fn claims(more: Value) -> Value {
    let mut claims = json!({ "sub": "auth0|ann", "exp": NOW + 60 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

fn with_secret(claims: &Value) -> String {
    signed(Algorithm::HS256, &EncodingKey::from_secret(SECRET.as_bytes()), claims)
}

async fn verify(verifier: &JwtVerifier, token: &str) -> Result<Creator, JwtError> {
    verifier.verify(Timestamp::from_millis(NOW * 1000), token).await
}

async fn refused(verifier: &JwtVerifier, token: &str) -> JwtError {
    verify(verifier, token).await.unwrap_err()
}

#[tokio::test]
async fn the_subject_of_a_signed_token_is_the_creator() {
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    let ec = EncodingKey::from_ec_pem(EC).unwrap();
    let claims = claims(json!({}));
    for (verifier, token) in [
        (hs256(rules()), with_secret(&claims)),
        (
            JwtVerifier::with_pem(RSA_PUBLIC, rules()).unwrap(),
            signed(Algorithm::RS256, &rsa, &claims),
        ),
        (
            JwtVerifier::with_pem(EC_PUBLIC, rules()).unwrap(),
            signed(Algorithm::ES256, &ec, &claims),
        ),
    ] {
        let creator = verify(&verifier, &token).await.unwrap();
        assert_eq!(creator.id.as_str(), "auth0|ann");
        assert!(!creator.premium);
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    // {"alg":"none"} and the claims of a good token, with and without the last dot.
    let good = with_secret(&claims(json!({})));
    let body = good.split('.').nth(1).unwrap();
    for token in [
        format!("eyJhbGciOiJub25lIn0.{body}."),
        format!("eyJhbGciOiJub25lIn0.{body}"),
        format!("eyJhbGciOiJOb05lIn0.{body}."),
        format!("{}.{body}.", good.split('.').next().unwrap()),
    ] {
        let error = refused(&hs256(rules()), &token).await;
        assert_eq!(error.outdated(), None, "{token}: {error}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_hmac_secret() {
    let forged =
        signed(Algorithm::HS256, &EncodingKey::from_secret(RSA_PUBLIC), &claims(json!({})));
    let verifier = JwtVerifier::with_pem(RSA_PUBLIC, rules()).unwrap();
    assert_eq!(refused(&verifier, &forged).await, JwtError::Algorithm);
}

#[tokio::test]
async fn another_algorithm_of_the_same_family_is_refused() {
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let token = signed(Algorithm::HS384, &secret, &claims(json!({})));
    assert_eq!(refused(&hs256(rules()), &token).await, JwtError::Algorithm);
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    let token = signed(Algorithm::PS256, &rsa, &claims(json!({})));
    let verifier = JwtVerifier::with_pem(RSA_PUBLIC, rules()).unwrap();
    assert_eq!(refused(&verifier, &token).await, JwtError::Algorithm);
}

#[tokio::test]
async fn a_changed_token_or_another_key_is_a_wrong_signature() {
    let token = with_secret(&claims(json!({})));
    let other = EncodingKey::from_secret(b"another secret of thirty-two bytes");
    let foreign = signed(Algorithm::HS256, &other, &claims(json!({})));
    assert_eq!(refused(&hs256(rules()), &foreign).await, JwtError::Signature);
    let parts: Vec<_> = token.split('.').collect();
    let promoted = with_secret(&claims(json!({ "sub": "bob" })));
    let mixed = format!("{}.{}.{}", parts[0], promoted.split('.').nth(1).unwrap(), parts[2]);
    assert_eq!(refused(&hs256(rules()), &mixed).await, JwtError::Signature);
}

#[tokio::test]
async fn times_are_checked_with_leeway() {
    let verifier = hs256(rules());
    let at = async |more: Value| verify(&verifier, &with_secret(&claims(more))).await.err();
    assert_eq!(at(json!({ "exp": NOW - 29 })).await, None);
    assert_eq!(at(json!({ "exp": NOW - 30 })).await, Some(JwtError::Expired));
    assert_eq!(at(json!({ "exp": NOW as f64 + 0.5 })).await, None);
    assert_eq!(at(json!({ "nbf": NOW + 30 })).await, None);
    assert_eq!(at(json!({ "nbf": NOW + 31 })).await, Some(JwtError::NotYet));
    assert_eq!(at(json!({ "exp": "soon" })).await, Some(JwtError::Claims));
    assert_eq!(at(json!({ "exp": 1e300 })).await, Some(JwtError::Claims));
}

#[tokio::test]
async fn subject_and_expiry_must_be_there() {
    let verifier = hs256(rules());
    for claims in [
        json!({ "sub": "ann" }),
        json!({ "exp": NOW + 60 }),
        json!({ "sub": "", "exp": NOW + 60 }),
        json!({ "sub": 7, "exp": NOW + 60 }),
    ] {
        assert_eq!(refused(&verifier, &with_secret(&claims)).await, JwtError::Claims, "{claims}");
    }
}

#[tokio::test]
async fn audience_and_issuer_are_checked_where_configured() {
    let strict = JwtRules {
        audience: Some("genlock".to_owned()),
        issuer: Some("https://id.example".to_owned()),
        ..rules()
    };
    let verifier = hs256(strict);
    let at = async |more: Value| verify(&verifier, &with_secret(&claims(more))).await.err();
    let issuer = "https://id.example";
    assert_eq!(at(json!({ "aud": "genlock", "iss": issuer })).await, None);
    assert_eq!(at(json!({ "aud": ["a", "genlock"], "iss": issuer })).await, None);
    assert_eq!(at(json!({ "aud": "other", "iss": issuer })).await, Some(JwtError::Audience));
    assert_eq!(at(json!({ "aud": "genlock", "iss": "x" })).await, Some(JwtError::Issuer));
    assert_eq!(at(json!({ "iss": issuer })).await, Some(JwtError::Claims));
    assert_eq!(at(json!({ "aud": "genlock" })).await, Some(JwtError::Claims));
    let token = with_secret(&claims(json!({ "aud": "other", "iss": "x" })));
    assert!(verify(&hs256(rules()), &token).await.is_ok(), "not configured, not looked at");
}

#[tokio::test]
async fn the_claim_for_more_cameras_is_true_or_it_is_not_there() {
    let verifier = hs256(JwtRules { cameras_claim: Some("premium".to_owned()), ..rules() });
    for (value, expect) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("no"), false),
        (json!(1), false),
        (json!(null), false),
    ] {
        let token = with_secret(&claims(json!({ "premium": value })));
        assert_eq!(verify(&verifier, &token).await.unwrap().premium, expect, "{value}");
    }
}

#[tokio::test]
async fn what_is_no_jwt_is_refused() {
    for token in ["", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", &"x".repeat(JWT_BYTES_MAX + 1)]
    {
        assert_eq!(refused(&hs256(rules()), token).await.outdated(), None, "{token}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_and_not_quoted() {
    let short = JwtVerifier::with_secret("too-short", rules()).unwrap_err();
    assert_eq!(short, InvalidKey::ShortSecret);
    assert!(!short.to_string().contains("too-short"));
    assert_eq!(JwtVerifier::with_pem(b"no key", rules()).unwrap_err(), InvalidKey::NotPem);
    assert!(!format!("{:?}", hs256(rules())).contains(SECRET));
}
