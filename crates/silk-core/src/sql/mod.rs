//! SQL read by a real tokenizer: normalised text, fingerprint, command and tables.
