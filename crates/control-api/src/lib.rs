//! Control plane: REST API, authentication, OpenAPI, metrics.
//!
//! [`router`] makes an [`axum::Router`] that the binary serves behind its own accept loop. It keeps events and
//! cameras in a [`genlock_store::Store`] and reaches the running system through [`Live`] only.
//!
//! | module | owns |
//! |---|---|
//! | [`live`] | what is needed of the running system |
//! | [`thumbnails`] | small pictures of cameras and programmes |
//! | [`preview`] | live pictures over a WebSocket |
//! | `updates` | live updates, over WebSockets and server-sent events |
//! | `socket` | WebSockets: who may open one, how it is kept alive, how it ends |
//! | [`slates`] | the picture for when no camera is left |
//! | `events`, `policy`, `cameras` | the calls, with their bodies and answers |
//! | `takes`, `lock`, `scheduled`, `switch_log` | the same, about what is on air |
//! | `recordings` | what was recorded |
//! | [`hooks`], [`hook_targets`] | deliveries to other systems that were given up; who they go to |
//! | `compatibility` | what cuts between any two cameras would be |
//! | `compatible` | the same under the paths of the NGINX-RTMP plan |
//! | `life` | start, pause, resume, end; kick |
//! | `playback`, `watch` | signed paths for viewers; what their pages ask |
//! | `tokens` | what owners hand to others |
//! | `system`, `rejected` | `/healthz`, `/readyz`, `/metrics`, `/stat`, the state of the store; what a shared one refused |
//! | [`telemetry`], `metrics`, `stat` | what is measured; as Prometheus and nginx-rtmp write it |
//! | [`configuration`] | the configuration is read again |
//! | `openapi`, `docs` | the description of it all, generated from the code, and a page to read it |
//! | `problem` | errors: RFC 9457, with stable codes |
//! | `extract`, `paths`, `query` | reading bodies, ids in paths, pages of lists |
//! | `etag`, `idempotency` | changes of what is known only; takes that are repeated |
//! | `auth`, `addresses` | who may call; the URLs in answers |
//! | `request_id` | the one name of a request, in its answer and in the log |
//!
//! Everything below `/api` needs a token, except its description and the page for it; `auth` says which may do what.
//! `/watch` is for whoever may watch. There is
//! no CORS: other origins have no business here. Does not serve media.

mod access;
mod addresses;
mod auth;
mod cameras;
mod compatibility;
mod compatible;
pub mod configuration;
mod docs;
mod etag;
mod events;
mod extract;
pub mod hook_targets;
pub mod hooks;
mod idempotency;
mod life;
pub mod limits;
pub mod live;
mod lock;
mod metrics;
mod openapi;
mod paths;
mod playback;
mod policy;
pub mod preview;
mod problem;
mod query;
mod recordings;
mod rejected;
mod request_id;
mod scheduled;
mod service;
pub mod slates;
mod socket;
mod stat;
mod state;
mod switch_log;
mod system;
mod takes;
pub mod telemetry;
pub mod thumbnails;
mod time;
mod tokens;
mod updates;
mod watch;

pub use access::{Access, AccessRules};
pub use addresses::{Addresses, RtmpPort};
pub use auth::jwks::KeyFetch;
pub use auth::jwt::{InvalidKey, JwtRules, JwtVerifier};
pub use auth::quota::CreatorLimits;
pub use configuration::Configuration;
pub use hooks::Hooks;
pub use live::{Change, Live};
pub use openapi::document;
pub use preview::Previews;
pub use problem::ProblemCode;
pub use service::router;
pub use slates::Slates;
pub use state::{ApiState, Changes, Turn};
pub use telemetry::{Observers, Telemetry};
pub use thumbnails::Thumbnails;
