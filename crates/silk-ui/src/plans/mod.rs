//! Plans: found in the store, asked for, judged, and advised on. Pages and the API show the results;
//! nothing here draws.

pub(crate) mod advise;
pub(crate) mod explain;
pub(crate) mod fresh;
pub(crate) mod indexes;
pub(crate) mod judge;
pub(crate) mod kept;
pub(crate) mod of_query;
pub(crate) mod of_request;
pub(crate) mod pasted;
pub(crate) mod prove;
pub(crate) mod subject;
pub(crate) mod tables;
pub(crate) mod time;
pub(crate) mod whose;
