//! The file of known debts: what assertions let pass for now.

mod file;
mod lock;

pub(super) use file::{Debt, DebtFile};

/// Whether debts are written: `SILK_UPDATE` is set, and not to `0`.
pub(super) fn is_updating() -> bool {
    std::env::var_os("SILK_UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}
