//! Tests of the crate's public face: sessions against each other, against bytes that real encoders
//! send, against another implementation's client, and against garbage. No network, no sleeps,
//! virtual time.

mod encoders;
mod foreign;
mod hostile;
mod session;
mod split;
mod testkit;
