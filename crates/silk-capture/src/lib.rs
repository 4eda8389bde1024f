//! Part of tower-silk.
