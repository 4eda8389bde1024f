//! The token that forms carry, so that only our own pages can send them.

use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::error::Failure;

/// A secret of this process.
#[derive(Clone)]
pub(crate) struct Csrf(String);

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Csrf(…)")
    }
}

impl Csrf {
    /// A new random one (244 bits of the system's randomness).
    pub(crate) fn random() -> Self {
        Self(format!(
            "{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        ))
    }

    /// What a form carries in its hidden field `csrf`.
    pub(crate) fn token(&self) -> &str {
        &self.0
    }

    /// Looks at what a form sent.
    ///
    /// # Errors
    /// 403 where it is not ours.
    pub(crate) fn check(&self, sent: &str) -> Result<(), Failure> {
        if bool::from(sent.as_bytes().ct_eq(self.0.as_bytes())) {
            Ok(())
        } else {
            Err(Failure::forbidden(
                "anti_forgery",
                "This form was not sent from a page of this dashboard, or the program has been \
                 started again since. Reload the page and try once more.",
            ))
        }
    }
}
