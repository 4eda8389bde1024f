//! Middleware that records each request from its arrival to the end of its response's body.
//!
//! It works around any tower service of `http` requests. On an axum `Router` add it with
//! `Router::layer`, so that the matched route is known:
//!
//! ```ignore
//! Router::new().route("/threads", get(threads)).layer(silk.layer())
//! ```
//!
//! Where no template is known (outside of a router, without axum, and within `nest_service`, which
//! hides what the inner router matched) requests are summed by the shape of their path,
//! `/users/{id}`. A layer on the inner router as well tells the outer one the template, and records
//! nothing twice:
//!
//! ```ignore
//! app.nest_service("/api", api.layer(silk.layer())).layer(silk.layer())
//! ```
//!
//! Every ending is recorded once: the body's end, an exact content length, an error, a body or a
//! future dropped half-way, and a panic (which goes on to where it would have gone without us).
//! Bodies pass through untouched; the first bytes of text are copied on the way.

mod copied_body;
mod layer;
mod matched_route;
mod panic_hook;
mod request_body;
mod response_body;
mod response_future;
mod rpc;
mod service;
mod watched_request;

pub use layer::SilkLayer;
pub use response_body::ResponseBody;
pub use response_future::ResponseFuture;
pub use service::SilkService;

pub(crate) use panic_hook::install as install_panic_hook;
pub(crate) use watched_request::Watch;
