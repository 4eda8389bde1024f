//! Plans of the store: found, asked for, judged and advised on. Pages and API draw what is known
//! here; nothing here knows how.

pub(crate) mod advise;
pub(crate) mod explain;
pub(crate) mod fresh;
pub(crate) mod indexes;
pub(crate) mod judge;
pub(crate) mod kept;
pub(crate) mod of_query;
pub(crate) mod of_request;
pub(crate) mod pasted;
pub(crate) mod subject;
pub(crate) mod tables;
