//! Whether a plan is of the run that is looked at, or of another.

/// What a plan is to the executions of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// One of them ran by it, or it was asked for with the values of one.
    Own,
    /// It is that of another run, and these had the same shape.
    SameShape,
    /// It is that of another run; which these had is not known.
    OtherRun,
}
