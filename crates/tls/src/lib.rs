//! TLS towards cameras and viewers: certificates from files, changed while the server runs.
//!
//! ```text
//!  PEM files ─▶ Pem ─▶ Pair ─▶ Certificates ─▶ https(), rtmps() ─▶ whoever accepts connections
//!               bytes  checked  the one shown     acceptors, made once
//! ```
//!
//! An acceptor is made once and asks for the pair at each handshake, so a new pair needs no new listener and
//! touches no connection that is open. Crypto is ring, as everywhere in the server.
//!
//! Opens no sockets, reads no clock (who asks tells the time) and gets no certificates from an authority: that is
//! the work of certbot, Caddy or cert-manager, whose files are read here.

mod certificates;
pub mod limits;
mod pair;
mod self_signed;
mod validity;

pub use certificates::{Certificates, Look, Refusal};
pub use pair::{Pair, PairError, PairFiles, Pem};
pub use self_signed::{SelfSignedError, self_signed};
/// What handshakes are made with.
pub use tokio_rustls::TlsAcceptor;
/// Why an acceptor cannot be made.
pub use tokio_rustls::rustls::Error as TlsError;
pub use validity::Validity;
