//! SeaORM keeps sqlx's own pool, so that the tracing layer records its queries: text, rows, time,
//! and on PostgreSQL the line (in debug builds; `layer_call_sites(true)` elsewhere). Bound values
//! are not known.
//!
//! SeaORM logs statements at INFO unless told otherwise, which is what the layer lives on:
//! `sqlx_logging(false)` hides every query, and the Health page then says that no query was ever
//! seen and what to switch. To have less in the log, leave logging on and filter there.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use sea_orm::{
    ColumnTrait as _, ConnectOptions, Database, DatabaseConnection, DbErr, EntityTrait as _,
    QueryFilter as _,
};
use tower_silk::Silk;

use crate::AppError;

/// A table as SeaORM has it.
pub mod thing {
    use sea_orm::entity::prelude::*;

    /// A row.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shapes_orm_thing")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key)]
        pub id: i64,
        /// Its name.
        pub name: String,
    }

    /// Nothing is related to it.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Connects; one connection, so that SQLite in memory is one database.
///
/// # Errors
/// Whatever SeaORM says.
pub async fn connect(url: &str, has_logging: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(has_logging);
    Database::connect(options).await
}

async fn name(
    State(db): State<DatabaseConnection>,
    Path(id): Path<i64>,
) -> Result<String, AppError> {
    let found = thing::Entity::find_by_id(id).one(&db).await?; // by id
    Ok(found.map_or_else(|| "none".to_owned(), |thing| thing.name))
}

async fn names(State(db): State<DatabaseConnection>) -> Result<String, AppError> {
    let things = thing::Entity::find()
        .filter(thing::Column::Id.gt(0))
        .all(&db)
        .await?; // all
    Ok(things
        .into_iter()
        .map(|thing| thing.name)
        .collect::<Vec<_>>()
        .join(" "))
}

/// The app.
pub fn app(silk: &Silk, db: DatabaseConnection) -> Router {
    Router::new()
        .route("/things", get(names))
        .route("/things/{id}", get(name))
        .with_state(db)
        .layer(silk.layer())
}
