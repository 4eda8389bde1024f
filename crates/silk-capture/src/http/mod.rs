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
//! hides what the inner router matched) requests are summed by the shape of their path, `/users/{id}`.
//! A layer on the inner router as well tells the outer one the template, and records nothing twice:
//!
//! ```ignore
//! app.nest_service("/api", api.layer(silk.layer())).layer(silk.layer())
//! ```
//!
//! Every ending is recorded once: the body's end, an exact content length, an error, a body or a
//! future dropped half-way, and a panic (which goes on to whoever would have got it). Bodies pass
//! through untouched; the first bytes of text are copied on the way.

mod body;
mod future;
mod layer;
mod panics;
mod request_body;
mod route;
mod rpc;
mod service;
mod tee;
mod watch;

pub use body::ResponseBody;
pub use future::ResponseFuture;
pub use layer::SilkLayer;
pub use service::SilkService;

pub(crate) use panics::install as install_panic_hook;
pub(crate) use watch::Watch;
