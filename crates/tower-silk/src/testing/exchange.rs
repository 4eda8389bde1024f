//! One exchange with a service, to the end of the response's body.

use std::{fmt::Display, future::poll_fn};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt as _;
use tower_service::Service;

/// Sends the request and reads the whole response. A body that fails is cut there: the recording
/// has the error.
pub(super) async fn whole<S, B, R>(
    mut service: S,
    request: Request<B>,
) -> Result<Response<Bytes>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
    R::Error: Display,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    let (head, body) = service.call(request).await?.into_parts();
    let mut body = Box::pin(body);
    let mut bytes = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(mut data) = frame.into_data() {
            while bytes::Buf::has_remaining(&data) {
                let chunk = bytes::Buf::chunk(&data);
                let length = chunk.len();
                bytes.extend_from_slice(chunk);
                bytes::Buf::advance(&mut data, length);
            }
        }
    }
    // Let go of before it is counted: dropping it may run something.
    drop(body);
    drop(service);
    Ok(Response::from_parts(head, bytes.freeze()))
}
