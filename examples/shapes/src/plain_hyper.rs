//! hyper and tower, without axum: any service of `http` requests can be wrapped. No template of a
//! route is known then; requests are summed by the shape of their path, `/things/{id}`.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};
use tower_silk::{Silk, SqlitePool};

async fn answer(pool: SqlitePool, path: String) -> sqlx::Result<String> {
    let id: i64 = path
        .rsplit('/')
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    sqlx::query_scalar("SELECT 'thing ' || ?")
        .bind(id)
        .fetch_one(&pool)
        .await // answer
}

/// Serves the app until the listener fails.
///
/// # Errors
/// Whatever the listener says.
pub async fn serve(
    silk: &Silk,
    pool: sqlx::SqlitePool,
    listener: TcpListener,
) -> std::io::Result<()> {
    let pool = silk.pool(pool);
    let app = service_fn(move |request: Request<Incoming>| {
        let pool = pool.clone();
        async move {
            let response = match answer(pool, request.uri().path().to_owned()).await {
                Ok(text) => Response::new(Full::new(Bytes::from(text))),
                Err(error) => {
                    let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
                    *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
                    response
                }
            };
            Ok::<_, Infallible>(response)
        }
    });
    let app = silk.layer().layer(app);
    loop {
        let (stream, _) = listener.accept().await?;
        let app = TowerToHyperService::new(app.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), app));
    }
}
