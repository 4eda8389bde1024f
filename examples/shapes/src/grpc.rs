//! A gRPC service with tonic. Silk's layer goes to the server's builder; a call is named by its
//! path, `/grpc.health.v1.Health/Check`. What became of it stands in `grpc-status`: the page shows
//! it as the error of the call (HTTP's own status is 200 either way), and a fault of the server
//! counts as a failed request.

use std::pin::Pin;

use tonic::{Request, Response, Status, codegen::tokio_stream, transport::server::Router};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
};
use tower_silk::{Silk, SilkLayer, SqlitePool};

/// A service that looks into the database.
#[derive(Debug)]
pub struct Checks(SqlitePool);

#[tonic::async_trait]
impl Health for Checks {
    type WatchStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        let is_known: bool = sqlx::query_scalar("SELECT ? IN ('orders', '')")
            .bind(&service)
            .fetch_one(&self.0)
            .await // check
            .map_err(|error| Status::internal(error.to_string()))?;
        match service.as_str() {
            "broken" => Err(Status::internal("the service is broken")),
            _ if is_known => Ok(Response::new(HealthCheckResponse {
                status: ServingStatus::Serving as i32,
            })),
            _ => Err(Status::not_found("no such service")),
        }
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        // The stream asks the database for each of its messages, long after the head was sent.
        let pool = self.0.clone();
        let stream = tokio_stream::StreamExt::then(tokio_stream::iter([1, 3]), move |status| {
            let pool = pool.clone();
            async move {
                let status = sqlx::query_scalar("SELECT ?")
                    .bind(status)
                    .fetch_one(&pool)
                    .await // watch
                    .map_err(|error| Status::internal(error.to_string()))?;
                Ok(HealthCheckResponse { status })
            }
        });
        Ok(Response::new(Box::pin(stream)))
    }
}

/// The app.
#[must_use]
pub fn app(
    silk: &Silk,
    pool: sqlx::SqlitePool,
) -> Router<tower::layer::util::Stack<SilkLayer, tower::layer::util::Identity>> {
    tonic::transport::Server::builder()
        .layer(silk.layer())
        .add_service(HealthServer::new(Checks(silk.pool(pool))))
}
